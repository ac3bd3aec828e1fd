#include "tests/support/case_runner.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <regex>
#include <set>

namespace myelin::test {
namespace {

const std::set<std::string, std::less<>> kMethods{"GET",   "POST",    "PUT",     "DELETE", "HEAD",
                                                  "PATCH", "OPTIONS", "PROPFIND", "CONNECT"};

void replace_all(std::string& text, const std::string& what, const std::string& with) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size())
    text.replace(at, what.size(), with);
}

/// `{repeat 9000 x}` becomes 9000 times x.
void expand_repeats(std::string& text) {
  static const std::regex kRepeat(R"(\{repeat (\d+) ([^}]+)\})");
  std::smatch found;
  while (std::regex_search(text, found, kRepeat)) {
    std::string expanded;
    const std::string piece = found[2];
    for (int left = std::atoi(found[1].str().c_str()); left > 0; --left) expanded += piece;
    text = found.prefix().str() + expanded + found.suffix().str();
  }
}

std::string shortened(const std::string& text) {
  return text.size() <= 2000 ? text : text.substr(0, 2000) + " ...";
}

int repetitions(const std::vector<Word>& line) {
  for (const Word& word : line)
    if (!word.quoted && word.text.size() > 1 && word.text[0] == 'x' &&
        word.text.find_first_not_of("0123456789", 1) == std::string::npos)
      return std::atoi(word.text.c_str() + 1);
  return 1;
}

bool has_flag(const std::vector<Word>& line, std::string_view flag) {
  return std::any_of(line.begin(), line.end(), [&](const Word& word) { return word.is(flag); });
}

std::string after(const std::vector<Word>& line, std::string_view keyword) {
  for (std::size_t i = 0; i + 1 < line.size(); ++i)
    if (line[i].is(keyword)) return line[i + 1].text;
  return {};
}

using Kind = Behaviour::Kind;
struct NamedBehaviour {
  Kind kind;
  bool has_status;
};
const std::map<std::string, NamedBehaviour, std::less<>> kBehaviours{
    {"replies", {Kind::reply, true}},        {"chunked", {Kind::chunked, true}},
    {"until-close", {Kind::until_close, true}}, {"dribbles", {Kind::dribble, true}},
    {"early", {Kind::early, true}},          {"holds", {Kind::hold, true}},
    {"session", {Kind::session, true}},      {"demands", {Kind::demand, false}},      {"tunnels", {Kind::tunnel, false}},
    {"socks", {Kind::socks, true}},          {"socks-tls", {Kind::socks, true}},
    {"echoes", {Kind::echo, false}},
    {"tells", {Kind::tell, false}},          {"raw", {Kind::raw, false}},
    {"cuts", {Kind::cut, false}},            {"cuts-reset", {Kind::cut_reset, false}},
    {"closes", {Kind::close, false}},        {"resets", {Kind::reset, false}},
    {"hangs", {Kind::hang, false}},          {"stalls", {Kind::stall, false}},
    {"refuses", {Kind::refuse, false}}};

/// The behaviour told by `line` from the word at `at`; nullopt when it is unknown.
std::optional<Behaviour> behaviour(const std::vector<Word>& line, std::size_t at,
                                   const std::vector<std::string>& block) {
  if (at >= line.size()) return std::nullopt;
  const auto known = kBehaviours.find(line[at].text);
  if (known == kBehaviours.end()) return std::nullopt;
  Behaviour made = Behaviour::of(known->second.kind);
  ++at;
  if (made.kind == Kind::session && at < line.size()) made.cookie = line[at++].text;
  if (line[at - 1].is("socks-tls")) made.cookie = "tls";
  if ((made.kind == Kind::demand || made.kind == Kind::socks) && at < line.size()) made.prefix = line[at++].text;
  if (known->second.has_status && at < line.size()) made.status = std::atoi(line[at++].text.c_str());
  for (; at < line.size(); ++at) made.pieces.push_back(line[at].text);
  if (!made.pieces.empty()) made.body = made.pieces.front();
  MessageBlock rest = message_block(block);
  made.headers = std::move(rest.headers);
  if (!rest.body.empty()) made.body = rest.body;
  if (made.pieces.empty() && !made.body.empty()) made.pieces.push_back(made.body);
  return made;
}

}  // namespace

CaseRunner::CaseRunner(CaseFile file) : file_(std::move(file)), server_(std::make_unique<Myelin>()) {}

CaseRunner::~CaseRunner() = default;

void CaseRunner::run() {
  for (const Statement& statement : file_.statements) run(statement);
  finish();
}

// A case ends with nothing in flight, so the server must end at once and cleanly.
void CaseRunner::finish() {
  begun_.clear();
  clients_.clear();
  once_.reset();
  for (auto& [name, backend] : backends_) backend->behave(Behaviour::of(Kind::refuse));
  if (!server_->started() || ended_ || server_->port() == 0) return;
  const int code = server_->stop();
  if (code != 0)
    ADD_FAILURE_AT(file_.path.c_str(), 1) << "the server ended with " << code << " instead of 0";
}

void CaseRunner::fail(const Statement& at, const char* format, ...) const {
  char text[8192];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  ADD_FAILURE_AT(file_.path.c_str(), at.line) << at.text << "\n" << text;
}

void CaseRunner::run(const Statement& original) {
  static const std::map<std::string, Handler, std::less<>> handlers{
      {"backend", &CaseRunner::do_backend},   {"main", &CaseRunner::do_main},
      {"definitions", &CaseRunner::do_definitions}, {"file", &CaseRunner::do_file},
      {"folder", &CaseRunner::do_folder},     {"map", &CaseRunner::do_map},
      {"settings", &CaseRunner::do_settings}, {"threads", &CaseRunner::do_threads},
      {"tls", &CaseRunner::do_tls},           {"raw", &CaseRunner::do_raw},
      {"begin", &CaseRunner::do_begin},       {"finish", &CaseRunner::do_finish},
      {"advance", &CaseRunner::do_advance},   {"deploy", &CaseRunner::do_deploy},
      {"admin", &CaseRunner::do_admin},       {"remove", &CaseRunner::do_remove},
      {"myelin", &CaseRunner::do_command},    {"start", &CaseRunner::do_start},
      {"stop", &CaseRunner::do_stop},         {"await", &CaseRunner::do_await},
      {"release", &CaseRunner::do_release},   {"drop", &CaseRunner::do_drop},
      {"->", &CaseRunner::do_expect},         {"log", &CaseRunner::do_log},
      {"written", &CaseRunner::do_written}};

  std::string text = original.text;
  std::optional<Statement> expectation;
  if (const auto arrow = text.find(" -> "); arrow != std::string::npos && !text.starts_with("->")) {
    expectation = Statement{original.line, text.substr(arrow + 1), {}};
    text.resize(arrow);
  }
  const Statement statement = substitute(Statement{original.line, text, original.block});
  const Words line = words(statement.text);
  if (line.empty()) return;
  const std::string& verb = line[0].text;
  if (const auto handler = handlers.find(verb); handler != handlers.end()) {
    (this->*handler->second)(statement, line);
  } else if (kMethods.contains(verb)) {
    do_request(statement, line);
  } else if (const auto backend = backends_.find(verb); backend != backends_.end()) {
    expect_backend(statement, line, *backend->second);
  } else {
    fail(statement, "is not a statement of a case");
  }
  if (expectation) run(*expectation);
}

std::string CaseRunner::substitute(std::string text) const {
  if (text.find('{') == std::string::npos) return text;
  for (const auto& [name, backend] : backends_) {
    replace_all(text, "{" + name + "}", backend->address());
    replace_all(text, "{" + name + ".port}", std::to_string(backend->port()));
    replace_all(text, "{" + name + ".host}", backend->address().substr(backend->address().find("//") + 2));
  }
  replace_all(text, "{server}", "localhost:" + std::to_string(server_->port()));
  replace_all(text, "{conf}", server_->conf().string());
  replace_all(text, "{certificates}", certificates_.path().string());
  replace_all(text, "{plugins}", MYELIN_PLUGINS);
  expand_repeats(text);
  return text;
}

Statement CaseRunner::substitute(Statement statement) const {
  statement.text = substitute(std::move(statement.text));
  for (std::string& line : statement.block) line = substitute(std::move(line));
  return statement;
}

// --- setting up -------------------------------------------------------------------------------------

void CaseRunner::do_backend(const Statement& at, const Words& line) {
  const bool other = line.size() > 2 && line[2].is("tls-for-another");
  const bool mutual = line.size() > 2 && line[2].is("tls-mutual");
  const bool tls = other || mutual || (line.size() > 2 && line[2].is("tls"));
  auto wanted = behaviour(line, tls ? 3 : 2, at.block);
  if (!wanted) return fail(at, "unknown behaviour of a backend");
  auto& backend = backends_[line[1].text];
  if (!backend) {
    const auto whom = other ? CertificateFor::other_host : CertificateFor::localhost;
    const TlsContext context = tls ? tls_server_context(whom) : nullptr;
    if (mutual) demand_client_certificate(context);
    backend = std::make_unique<Backend>(line[1].text, context);
  }
  backend->behave(std::move(*wanted));
}

void CaseRunner::write_configuration(const std::string& name, std::string text) {
  for (const auto& [port, backend] : mapped_) {
    const std::string real = std::to_string(backends_.at(backend)->port());
    for (const std::string host : {"localhost:", "127.0.0.1:"}) replace_all(text, host + port, "127.0.0.1:" + real);
    replace_all(text, "Port=\"" + port + "\"", "Port=\"" + real + "\"");
  }
  server_->write(name, text);
}

void CaseRunner::do_main(const Statement& at, const Words&) {
  write_configuration("synapse.xml", main_sequence("\n" + joined(at.block, "\n")));
}

void CaseRunner::do_definitions(const Statement& at, const Words&) {
  write_configuration("synapse.xml", definitions("\n" + joined(at.block, "\n")));
}

void CaseRunner::do_file(const Statement& at, const Words& line) {
  write_configuration(line.at(1).text, joined(at.block, "\n") + "\n");
}

void CaseRunner::do_folder(const Statement& at, const Words& line) {
  const auto from = file_.path.parent_path() / line.at(1).text;
  int copied = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(from)) {
    constexpr std::string_view kCopied[] = {".xml", ".properties", ".wsdl", ".xsl"};
    if (!entry.is_regular_file() || std::find(std::begin(kCopied), std::end(kCopied), entry.path().extension()) == std::end(kCopied))
      continue;
    write_configuration(entry.path().lexically_relative(from).string(), read_file(entry.path()));
    ++copied;
  }
  if (copied == 0) fail(at, "nothing to copy in %s", from.c_str());
}

void CaseRunner::do_map(const Statement& at, const Words& line) {
  if (line.size() != 3 || !backends_.contains(line[2].text)) return fail(at, "map PORT BACKEND");
  mapped_.emplace_back(line[1].text, line[2].text);
}

void CaseRunner::do_settings(const Statement& at, const Words&) {
  for (const std::string& setting : at.block) server_->set(setting);
}

void CaseRunner::do_threads(const Statement&, const Words& line) {
  server_->threads = std::atoi(line.at(1).text.c_str());
}

void CaseRunner::do_tls(const Statement&, const Words&) {
  const CertificateFiles files = write_certificates(certificates_.path());
  server_->https = true;
  server_->set("https.certificate=" + files.certificate.string());
  server_->set("https.key=" + files.key.string());
  server_->set("backend.ca=" + files.authority.string());
}

void CaseRunner::ensure_started() {
  if (!server_->started()) server_->start();
}

// --- actions ------------------------------------------------------------------------------------------

HttpClient& CaseRunner::client(const Statement& at, const Words& line, bool remembering) {
  const bool https = has_flag(line, "https");
  const std::uint16_t port = https ? server_->https_port() : server_->port();
  const std::string name = after(line, "as");
  auto& slot = name.empty() ? once_ : clients_[name];
  const auto ended = [&] { return slot->reader().read_end(Millis(0)) != Stream::End::timed_out; };
  if (name.empty() || !slot || !slot->connected() || (remembering && ended())) {
    auto fresh = std::make_unique<HttpClient>(port, https);
    if (remembering && !name.empty()) fresh->remember_cookies();
    if (slot && !name.empty()) fresh->take_cookies_of(*slot);
    slot = std::move(fresh);
  }
  if (!slot->connected()) fail(at, "the server does not accept");
  return *slot;
}

void CaseRunner::do_request(const Statement& at, const Words& line) {
  ensure_started();
  if (line.size() < 2) return fail(at, "METHOD TARGET");
  const MessageBlock message = message_block(at.block);
  raw_ = false;
  answers_.clear();
  method_ = line[0].text;
  for (int left = repetitions(line); left > 0; --left) {
    current_ = &client(at, line, true);
    answers_.push_back(current_->request(method_, line[1].text, message.headers, message.body));
  }
}

void CaseRunner::do_raw(const Statement& at, const Words& line) {
  ensure_started();
  raw_ = true;
  answers_.clear();
  current_ = &client(at, line, false);
  std::string bytes;
  for (const std::string& each : at.block) bytes += unescape(each);
  if (has_flag(line, "bytewise")) {
    for (const char byte : bytes)
      if (!current_->send(std::string_view(&byte, 1))) break;
  } else {
    current_->send(bytes);
  }
  if (has_flag(line, "fin")) current_->stream().finish_writing();
}

void CaseRunner::do_begin(const Statement& at, const Words& line) {
  ensure_started();
  if (line.size() < 4) return fail(at, "begin NAME METHOD TARGET");
  const MessageBlock message = message_block(at.block);
  auto& [made, method] = begun_[line[1].text];
  made = std::make_unique<HttpClient>(server_->port());
  method = line[2].text;
  made->send_request(method, line[3].text, message.headers, message.body);
}

void CaseRunner::do_finish(const Statement& at, const Words& line) {
  const auto found = begun_.find(line.at(1).text);
  if (found == begun_.end()) return fail(at, "was not begun");
  raw_ = false;
  once_ = std::move(found->second.first);
  current_ = once_.get();
  method_ = found->second.second;
  answers_ = {current_->receive(method_)};
  begun_.erase(found);
}

void CaseRunner::do_advance(const Statement& at, const Words& line) {
  ensure_started();
  const long by = milliseconds(line.at(1).text);
  if (by < 0) return fail(at, "advance 60s, 250ms or 2m");
  server_->advance(Millis(by));
}

void CaseRunner::do_deploy(const Statement&, const Words&) {
  ensure_started();
  raw_ = false;
  answers_ = {HttpMessage{}};
  answers_[0].body = server_->deploy();
}

void CaseRunner::do_admin(const Statement& at, const Words& line) {
  ensure_started();
  const MessageBlock message = message_block(at.block);
  raw_ = false;
  answers_ = {server_->admin(line.at(1).text, line.at(2).text, message.headers)};
}

void CaseRunner::do_remove(const Statement&, const Words& line) { server_->remove(line.at(1).text); }

void CaseRunner::do_command(const Statement&, const Words& line) {
  std::vector<std::string> arguments{binary()};
  for (std::size_t i = 1; i < line.size(); ++i) arguments.push_back(line[i].text);
  const Outcome outcome = test::run(arguments, server_->conf());
  exit_ = outcome.code;
  output_ = outcome.output + outcome.errors;
}

void CaseRunner::do_start(const Statement& at, const Words& line) {
  if (!has_flag(line, "fails")) return ensure_started();
  exit_ = server_->start_and_fail();
  ended_ = true;
  output_ = server_->log();
  if (*exit_ == -1) fail(at, "it runs");
}

void CaseRunner::do_stop(const Statement&, const Words&) {
  exit_ = server_->stop();
  output_ = server_->log();
  ended_ = true;
}

void CaseRunner::do_await(const Statement& at, const Words& line) {
  const auto count = static_cast<std::size_t>(std::atoi(line.at(2).text.c_str()));
  if (!backends_.at(line.at(1).text)->await(count)) fail(at, "it did not receive them");
}

void CaseRunner::do_release(const Statement&, const Words& line) { backends_.at(line.at(1).text)->release(); }

void CaseRunner::do_drop(const Statement&, const Words& line) { backends_.at(line.at(1).text)->drop_connections(); }

// --- expectations -----------------------------------------------------------------------------------

void CaseRunner::do_expect(const Statement& at, const Words& line) {
  if (line.size() < 2) return fail(at, "expects nothing");
  const Word& first = line[1];
  if (!first.quoted && first.text.size() == 3 && first.text.find_first_not_of("0123456789") == std::string::npos)
    return expect_status(at, line);
  if (first.is("exit") || first.is("output")) return expect_output(at, line);
  if (first.is("closed") || first.is("open") || first.is("aborted")) return expect_end(at, line);
  if (answers_.empty()) return fail(at, "there is no answer");
  if (first.is("body")) return expect_body(at, line);
  if (first.is("header") || first.is("no")) return expect_header(at, line);
  const HttpMessage& answer = answers_.back();
  if (first.is("reason")) {
    if (answer.reason() != line.at(2).text) fail(at, "the reason is \"%s\"", answer.reason().c_str());
  } else if (first.is("chunked")) {
    if (!answer.chunked) fail(at, "it is not\n%s", answer.raw.c_str());
  } else {
    fail(at, "is not an expectation");
  }
}

void CaseRunner::expect_status(const Statement& at, const Words& line) {
  const int wanted = std::atoi(line[1].text.c_str());
  if (raw_) {
    if (!current_) return fail(at, "nothing was sent");
    answers_.push_back(current_->receive(has_flag(line, "head") ? "HEAD" : "GET", true));
  }
  const std::size_t first = raw_ ? answers_.size() - 1 : 0;
  for (std::size_t i = first; i < answers_.size(); ++i) {
    const HttpMessage& answer = answers_[i];
    if (answer.status() != wanted)
      fail(at, "answer %zu is: %s%s\n%s", i + 1, answer.start.c_str(), answer.trouble.c_str(),
           shortened(answer.body).c_str());
    else if (!answer.complete && !has_flag(line, "aborted"))
      fail(at, "answer %zu is not complete: %s", i + 1, answer.trouble.c_str());
  }
  if (line.size() > 2 && line[2].quoted && answers_.back().body != line[2].text)
    fail(at, "the body is: %s", shortened(answers_.back().body).c_str());
  if (line.size() > 2 && line[2].is("bodies")) {
    std::string wanted_bodies, bodies;
    for (std::size_t i = 3; i < line.size(); ++i) wanted_bodies += line[i].text + " ";
    for (const HttpMessage& answer : answers_) bodies += answer.body + " ";
    if (bodies != wanted_bodies) fail(at, "the bodies are: %s", bodies.c_str());
  }
  if (has_flag(line, "closed") || has_flag(line, "aborted"))
    expect_end(at, words(has_flag(line, "closed") ? "-> closed" : "-> aborted"));
}

void CaseRunner::compare_text(const Statement& at, const Words& line, std::size_t from, std::string_view what,
                              const std::string& actual) const {
  if (line.size() == from) {
    if (const std::string wanted = joined(at.block, "\n"); actual != wanted)
      fail(at, "the %s is:\n%s", std::string(what).c_str(), shortened(actual).c_str());
    return;
  }
  const bool has_verb = !line[from].quoted && line.size() > from + 1;
  const std::string verb = has_verb ? line[from].text : "is";
  const std::string& wanted = line[has_verb ? from + 1 : from].text;
  const bool contains = actual.find(wanted) != std::string::npos;
  bool good = false;
  if (verb == "is") good = actual == wanted;
  else if (verb == "contains") good = contains;
  else if (verb == "lacks") good = !contains;
  else if (verb == "begins") good = actual.starts_with(wanted);
  else if (verb == "matches") good = std::regex_match(actual, std::regex(wanted));
  else if (verb == "size") good = actual.size() == static_cast<std::size_t>(std::atol(wanted.c_str()));
  else return fail(at, "'%s' is none of is, contains, lacks, begins, matches, size", verb.c_str());
  if (!good) fail(at, "the %s is (%zu bytes): %s", std::string(what).c_str(), actual.size(), shortened(actual).c_str());
}

void CaseRunner::expect_body(const Statement& at, const Words& line) {
  const std::size_t first = raw_ ? answers_.size() - 1 : 0;
  for (std::size_t i = first; i < answers_.size(); ++i) compare_text(at, line, 2, "body", answers_[i].body);
}

void CaseRunner::expect_header(const Statement& at, const Words& line) {
  const HttpMessage& answer = answers_.back();
  if (line[1].is("no")) {
    const std::string name = line.at(3).text;
    if (answer.has(name)) fail(at, "it is there: %s", answer.header(name).c_str());
    return;
  }
  std::string name = line.at(2).text;
  const bool exact = name.ends_with(':');
  if (exact) name.pop_back();
  if (!answer.has(name)) return fail(at, "there is none\n%s", answer.raw.c_str());
  if (exact) {
    const auto value = at.text.find(name + ": ") + name.size() + 2;
    if (answer.header(name) != at.text.substr(value)) fail(at, "its value is: %s", answer.header(name).c_str());
  } else if (line.size() > 3) {
    compare_text(at, line, 3, "value", answer.header(name));
  }
}

void CaseRunner::expect_output(const Statement& at, const Words& line) {
  if (!exit_) return fail(at, "nothing has ended");
  if (line[1].is("exit")) {
    if (*exit_ != std::atoi(line.at(2).text.c_str())) fail(at, "it is %d\n%s", *exit_, output_.c_str());
    return;
  }
  std::string output = output_;
  while (output.ends_with('\n')) output.pop_back();
  compare_text(at, line, 2, "output", output);
}

void CaseRunner::expect_end(const Statement& at, const Words& line) {
  if (!current_ || !current_->connected()) return fail(at, "there is no connection");
  if (line[1].is("aborted")) {
    if (answers_.empty() || answers_.back().complete) fail(at, "the answer is complete");
    return;
  }
  const bool open = line[1].is("open");
  const Stream::End end = current_->reader().read_end(open ? Millis(100) : kPatience);
  if (end == Stream::End::data)
    return fail(at, "more arrives: %s", shortened(current_->reader().unread()).c_str());
  if (open != (end == Stream::End::timed_out)) fail(at, open ? "it was closed" : "it is still open");
}

void CaseRunner::do_log(const Statement& at, const Words& line) {
  if (line.size() == 3 && line[1].is("contains")) {
    if (!server_->await_log(line[2].text)) fail(at, "it does not");
  } else if (line.size() == 3 && line[1].is("lacks")) {
    if (server_->log().find(line[2].text) != std::string::npos) fail(at, "it holds it");
  } else {
    fail(at, "log contains \"...\" or log lacks \"...\"");
  }
}

void CaseRunner::do_written(const Statement& at, const Words& line) {
  const bool lacks = line.size() == 4 && line[2].is("lacks");
  if (line.size() != 4 || !(lacks || line[2].is("contains"))) return fail(at, "written FILE contains|lacks \"...\"");
  const auto holds = [&] { return read_file(line[1].text).find(line[3].text) != std::string::npos; };
  if (lacks ? holds() : !eventually(holds)) fail(at, "it is:\n%s", shortened(read_file(line[1].text)).c_str());
}

void CaseRunner::expect_backend(const Statement& at, const Words& line, const Backend& backend) {
  if (line.size() < 3) return fail(at, "NAME received ..., or NAME connections N");
  if (line[1].is("connections")) {
    if (backend.connections() != static_cast<std::size_t>(std::atoi(line[2].text.c_str())))
      fail(at, "it had %zu", backend.connections());
    return;
  }
  const std::vector<HttpMessage> received = backend.received();
  const Word& what = line[2];
  if (what.is("nothing") || what.text.find_first_not_of("0123456789") == std::string::npos) {
    const auto wanted = what.is("nothing") ? 0 : static_cast<std::size_t>(std::atoi(what.text.c_str()));
    if (received.size() != wanted) fail(at, "it received %zu", received.size());
    return;
  }
  if (received.empty()) return fail(at, "it received nothing");
  const HttpMessage& last = received.back();
  const Words rest(line.begin() + 1, line.end());
  if (kMethods.contains(what.text)) {
    if (last.method() != what.text || last.target() != line.at(3).text) fail(at, "it was: %s", last.start.c_str());
  } else if (what.is("header") || what.is("no")) {
    const auto answers = std::exchange(answers_, {last});
    expect_header(at, rest);
    answers_ = answers;
  } else if (what.is("body")) {
    compare_text(at, line, 3, "body", last.body);
  } else if (what.is("head")) {
    compare_text(at, line, 3, "head", last.raw);
  } else if (what.is("chunked")) {
    if (!last.chunked) fail(at, "it is not\n%s", last.raw.c_str());
  } else {
    fail(at, "is not an expectation of a backend");
  }
}

// --- registration -----------------------------------------------------------------------------------

namespace {

class CaseTest : public testing::Test {
 public:
  explicit CaseTest(std::filesystem::path path) : path_(std::move(path)) {}
  void TestBody() override { CaseRunner(read_case(path_)).run(); }

 private:
  std::filesystem::path path_;
};

std::string identifier(std::string text) {
  for (char& c : text)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return text;
}

}  // namespace

void register_cases(const std::filesystem::path& folder, const std::string& suite) {
  std::vector<std::filesystem::path> paths;
  if (std::filesystem::exists(folder))
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
      if (entry.path().extension() == ".case") paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  for (const auto& path : paths) {
    const bool generic = path.stem() == "sample";
    const std::string group = generic ? "" : "_" + identifier(path.parent_path().filename().string());
    const std::string name = identifier((generic ? path.parent_path().filename() : path.stem()).string());
    testing::RegisterTest((suite + group).c_str(), name.c_str(), nullptr, nullptr, path.c_str(), 1,
                          [path]() -> testing::Test* { return new CaseTest(path); });
  }
}

}  // namespace myelin::test
