// Variables, get-property() and the small functions.
#include "engine/expr/synapse_host.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <rapidjson/document.h>

#include "engine/base/shared_values.hpp"
#include "engine/base/text.hpp"
#include "engine/expr/date_format.hpp"
#include "engine/flow/artifacts.hpp"
#include "engine/message/tree_encoding.hpp"

namespace myelin::expr {

namespace {

using Arguments = std::vector<xpath::Object>;

Value or_null(const Value* found) { return found ? *found : Value(); }

Value text_or_empty(std::string_view text) { return Value(text); }

constexpr std::array<std::string_view, 9> kScopes{"default", "axis2",  "transport", "registry", "func",
                                                  "system",  "operation", "env",       "file"};
bool is_scope(std::string_view name) noexcept { return std::find(kScopes.begin(), kScopes.end(), name) != kScopes.end(); }

constexpr std::array<std::pair<std::string_view, std::string Addressing::*>, 7> kAddressing{{
    {"To", &Addressing::to},
    {"From", &Addressing::from},
    {"Action", &Addressing::action},
    {"FaultTo", &Addressing::fault_to},
    {"ReplyTo", &Addressing::reply_to},
    {"RelatesTo", &Addressing::relates_to},
    {"MessageID", &Addressing::message_id},
}};
std::string Addressing::*addressing_value(std::string_view name) noexcept {
  for (const auto& [key, member] : kAddressing)
    if (key == name) return member;
  return nullptr;
}

}  // namespace

// --- variables ----------------------------------------------------------------------------------------

Result<Value> SynapseHost::variable(std::string_view prefix, std::string_view name) {
  if (prefix.empty()) return envelope_part(name);
  if (prefix == "ctx") return message_.property(name);
  if (prefix == "var") return or_null(message_.variables.find(name));
  if (prefix == "axis2") return message_.axis2_property(name);
  if (prefix == "trp") return scoped_property("transport", name);
  if (prefix == "func") return template_parameter(name);
  if (prefix == "url") return url_parameter(name);
  if (prefix == "operation") return or_null(message_.operation.find(name));
  if (prefix == "sys") {
    Value found = system_property(name);
    return found.text().empty() ? Value() : found;
  }
  return map_entry(prefix, name);
}

Result<Value> SynapseHost::envelope_part(std::string_view name) {
  if (name != "body" && name != "header" && name != "env") return Fault(fmt::format("unknown variable '${}'", name));
  auto envelope = message_.payload.envelope();
  if (!envelope) return std::move(envelope).fault();
  const tree::Document& document = **envelope;
  const tree::NodeId id = name == "body"     ? Payload::body(document)
                          : name == "header" ? Payload::header(document)
                                             : document.root();
  if (id == tree::kNone) return Value();
  Nodes nodes;
  nodes.items.push_back(tree::NodeRef{&document, id});
  return Value(std::move(nodes));
}

Value SynapseHost::url_parameter(std::string_view name) {
  const std::string& to = message_.addressing().to;
  const std::size_t query = to.find('?');
  if (query == std::string::npos) return "";
  for (const std::string_view pair : text::split(std::string_view(to).substr(query + 1), "&")) {
    const std::size_t equals = pair.find('=');
    if (equals != std::string_view::npos && text::iequals(pair.substr(0, equals), name))
      return text::percent_decode(pair.substr(equals + 1));
  }
  return "";
}

Result<Value> SynapseHost::template_parameter(std::string_view name) {
  if (message_.functions.empty()) return Fault(fmt::format("'$func:{}' outside of a template", name));
  return or_null(message_.functions.back().parameters.find(name));
}

Result<Value> SynapseHost::map_entry(std::string_view prefix, std::string_view name) {
  const Value map = message_.property(prefix);
  const Json* json = map.as<Json>();
  rapidjson::Document document;
  if (!json || document.Parse<rapidjson::kParseIterativeFlag>(json->text.data(), json->text.size()).HasParseError() ||
      !document.IsObject())
    return Fault(fmt::format("unknown variable '${}:{}'", prefix, name));
  const auto found = document.FindMember(rapidjson::Value(name.data(), static_cast<rapidjson::SizeType>(name.size())));
  if (found == document.MemberEnd() || found->value.IsNull()) return Value();
  if (found->value.IsString()) return Value(std::string_view(found->value.GetString(), found->value.GetStringLength()));
  if (found->value.IsBool()) return Value(found->value.GetBool() ? "true" : "false");
  if (found->value.IsNumber()) return Value(text::number(found->value.GetDouble()));
  return Value();
}

// --- get-property -------------------------------------------------------------------------------------

namespace {

Result<Value> system_date(std::string_view pattern) {
  static constexpr std::string_view kShort = "M/d/yy h:mm a";
  auto text = format_date(std::chrono::system_clock::now(), pattern.empty() ? kShort : pattern);
  if (!text) return Fault(fmt::format("'{}' is no date format", pattern));
  return Value(*std::move(text));
}

Value system_time() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return Value(std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(now).count()));
}

}  // namespace

Result<Value> SynapseHost::get_property(const Arguments& arguments) {
  if (arguments.empty() || arguments.size() > 3)
    return Fault(fmt::format("get-property() does not take {} arguments", arguments.size()));
  std::string scope = "default", name, format;
  const std::string first = xpath::to_string(arguments[0]);
  // Of two arguments the first is a scope or, failing that, the name before a date format.
  const bool scoped = arguments.size() == 3 || (arguments.size() == 2 && is_scope(first));
  if (scoped) {
    scope = first;
    name = xpath::to_string(arguments[1]);
    if (arguments.size() == 3) format = xpath::to_string(arguments[2]);
  } else {
    name = first;
    if (arguments.size() == 2) format = xpath::to_string(arguments[1]);
  }
  if (name.empty()) return Value("");
  if (name == "SYSTEM_DATE") return system_date(format);
  if (name == "SYSTEM_TIME") return system_time();
  return scoped_property(scope, name);
}

Result<Value> SynapseHost::scoped_property(std::string_view scope, std::string_view name) {
  if (scope == "default") return default_property(name);
  if (scope == "axis2") return message_.axis2_property(name);
  if (scope == "transport") {
    const auto header = message_.headers.get(name);
    return header ? Value(*header) : Value();
  }
  if (scope == "operation") return or_null(message_.operation.find(name));
  if (scope == "func") return template_parameter(name);
  const Artifacts* artifacts = message_.artifacts;
  if (scope == "registry") {
    if (auto written = written_resources().get(name)) return Value(*std::move(written));
    const LocalEntry* resource = artifacts ? artifacts->entry(name) : nullptr;
    return text_or_empty(resource ? std::string_view(resource->value) : std::string_view{});
  }
  if (scope == "env") {
    const char* found = std::getenv(std::string(name).c_str());
    return text_or_empty(found ? found : "");
  }
  if (scope == "system") return system_property(name);
  if (scope == "file") return text_or_empty(artifacts ? artifacts->setting(name) : std::string_view{});
  return Fault(fmt::format("get-property() knows no scope '{}'", scope));
}

/// What a message has set wins over the settings.
Value SynapseHost::system_property(std::string_view name) const {
  if (auto set = system_properties().get(name)) return Value(*std::move(set));
  return text_or_empty(message_.artifacts ? message_.artifacts->setting(name) : std::string_view{});
}

Result<Value> SynapseHost::default_property(std::string_view name) {
  if (const auto member = addressing_value(name)) return Value(message_.addressing().*member);
  if (name == "FAULT") return is_fault();
  if (name == "MESSAGE_FORMAT") return Value(message_format());
  // Every service has the one operation that mediates.
  if (name == "OperationName") return Value("mediate");
  if (name == "OperationNamespace") return Value("");
  Value property = message_.property(name);
  if (!property.is_null()) return property;
  const LocalEntry* entry = message_.artifacts ? message_.artifacts->entry(name) : nullptr;
  if (!entry) return Value();
  if (entry->type != LocalEntry::Type::xml) return Value(entry->value);
  auto parsed = tree::Document::parse(entry->value, "UTF-8");
  if (!parsed) return std::move(parsed).fault();
  Nodes nodes;
  nodes.items.push_back(tree::NodeRef{parsed->get(), (*parsed)->root()});
  nodes.owner = *parsed;
  return Value(std::move(nodes));
}

Result<Value> SynapseHost::is_fault() {
  if (text::iequals(message_.axis2_property("FAULT_MESSAGE").text(), "true")) return Value("TRUE");
  const Payload& payload = message_.payload;
  const bool soap = payload.kind() == MediaKind::soap11 || payload.kind() == MediaKind::soap12;
  if (!payload.built() && (!soap || !payload.loaded())) return Value("");
  auto envelope = message_.payload.envelope();
  if (!envelope) return std::move(envelope).fault();
  return Value(Payload::has_fault(**envelope) ? "TRUE" : "");
}

std::string_view SynapseHost::message_format() const {
  if (message_.rest) return "pox";
  if (!message_.response && message_.incoming.method == "GET") return "get";
  return message_.payload.kind() == MediaKind::soap12 ? "soap12" : "soap11";
}

// --- small functions -----------------------------------------------------------------------------------

namespace {

bool any_null(const Arguments& arguments) noexcept {
  return std::any_of(arguments.begin(), arguments.end(), [](const xpath::Object& argument) { return argument.is_null(); });
}

/// The charset argument, UTF-8 when there is none; nullopt for one we cannot speak.
std::optional<tree::Encoding> charset(const Arguments& arguments) {
  return arguments.size() < 2 ? tree::Encoding::utf8 : tree::encoding_named(xpath::to_string(arguments[1]));
}
Fault unknown_charset(const Arguments& arguments) {
  return Fault(fmt::format("unsupported charset '{}'", xpath::to_string(arguments[1])));
}

/// f(value[, charset]); a wrong count of arguments or a missing value gives "".
template <class Convert>
Result<Value> with_charset(const Arguments& arguments, Convert convert) {
  if (arguments.empty() || arguments.size() > 2 || any_null(arguments)) return Value("");
  const auto encoding = charset(arguments);
  if (!encoding) return unknown_charset(arguments);
  return convert(xpath::to_string(arguments[0]), *encoding);
}

Result<Value> base64_encode(const std::string& text, tree::Encoding encoding) {
  return Value(text::base64_encode(tree::from_utf8(text, encoding)));
}

Result<Value> base64_decode(const std::string& text, tree::Encoding encoding) {
  const auto bytes = text::base64_decode(text);
  if (!bytes) return Fault("base64Decode() of what is not base64");
  auto decoded = tree::to_utf8(*bytes, encoding);
  if (!decoded) return Fault("base64Decode() of bytes that are not text of the charset");
  return Value(*std::move(decoded));
}

/// Path and query stay readable: only what neither may hold is escaped.
Result<Value> url_encode(const std::string& text, tree::Encoding encoding) {
  static constexpr std::string_view kPath = "/:@&=$,;!*'()", kQuery = "/:@&=$,;!*'()?+";
  const std::string bytes = tree::from_utf8(text, encoding);
  const std::size_t query = bytes.find('?');
  std::string out = text::percent_encode(std::string_view(bytes).substr(0, query), kPath);
  if (query != std::string::npos) out += "?" + text::percent_encode(std::string_view(bytes).substr(query + 1), kQuery);
  return Value(std::move(out));
}

const EVP_MD* digest(std::string_view algorithm) noexcept {
  if (algorithm == "HmacSHA1") return EVP_sha1();
  if (algorithm == "HmacSHA224") return EVP_sha224();
  if (algorithm == "HmacSHA256") return EVP_sha256();
  if (algorithm == "HmacSHA384") return EVP_sha384();
  if (algorithm == "HmacSHA512") return EVP_sha512();
  return algorithm == "HmacMD5" ? EVP_md5() : nullptr;
}

Result<Value> hmac_generate(const Arguments& arguments) {
  if (arguments.size() < 2 || arguments.size() > 3 || any_null(arguments)) return Value("");
  const std::string payload = xpath::to_string(arguments[0]), secret = xpath::to_string(arguments[1]);
  const std::string algorithm = arguments.size() == 3 ? xpath::to_string(arguments[2]) : "HmacSHA1";
  const EVP_MD* md = digest(algorithm);
  if (!md) return Fault(fmt::format("hmac-generate() knows no algorithm '{}'", algorithm));
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes;
  unsigned size = 0;
  if (!HMAC(md, secret.data(), static_cast<int>(secret.size()), reinterpret_cast<const unsigned char*>(payload.data()),
            payload.size(), bytes.data(), &size))
    return Fault("hmac-generate() failed");
  std::string hex;
  for (unsigned i = 0; i < size; ++i) hex += fmt::format("{:02x}", bytes[i]);
  return Value(std::move(hex));
}

}  // namespace

Result<Value> SynapseHost::function(std::string_view ns, std::string_view name, const Arguments& arguments) {
  if (ns.empty()) {
    if (name == "get-property") return get_property(arguments);
    if (name == "base64Encode") return with_charset(arguments, base64_encode);
    if (name == "base64Decode") return with_charset(arguments, base64_decode);
    if (name == "url-encode") return with_charset(arguments, url_encode);
    if (name == "hmac-generate") return hmac_generate(arguments);
  }
  return Fault(ns.empty() ? fmt::format("unknown function '{}'", name) : fmt::format("unknown function '{}' of '{}'", name, ns));
}

// --- need ---------------------------------------------------------------------------------------------

namespace {

bool is_text(const xpath::Expr& expr) noexcept { return expr.op == xpath::Op::string; }

/// Only the default scope's addressing values and FAULT look into the message. A name that is
/// computed may turn out to be one of them.
Need need_of_get_property(const std::vector<xpath::ExprPtr>& arguments) {
  if (arguments.empty()) return Need::nothing;
  const xpath::Expr* name = arguments[0].get();
  if (arguments.size() > 1 && is_text(*name) && (arguments.size() == 3 || is_scope(name->text))) {
    if (name->text != "default") return Need::nothing;
    name = arguments[1].get();
  }
  if (!is_text(*name)) return Need::header;
  return addressing_value(name->text) || name->text == "FAULT" ? Need::header : Need::nothing;
}

/// `inside` a predicate the context is the node it filters, which is there already.
Need need_within(const xpath::Expr& expr, bool inside);

Need need_of_predicates(const std::vector<xpath::Predicate>& predicates) {
  Need need = Need::nothing;
  for (const xpath::Predicate& predicate : predicates) need = need | need_within(*predicate.expr, true);
  return need;
}

Need need_within(const xpath::Expr& expr, bool inside) {
  Need need = Need::nothing;
  if (!inside && xpath::reads_context(expr)) need = Need::body;
  if (expr.op == xpath::Op::variable && expr.prefix.empty()) need = Need::body;
  if (expr.op == xpath::Op::extension && expr.ns.empty() && expr.text == "get-property")
    need = need | need_of_get_property(expr.operands);
  for (const xpath::ExprPtr& operand : expr.operands) need = need | need_within(*operand, inside);
  need = need | need_of_predicates(expr.filters);
  for (const xpath::Step& step : expr.steps) need = need | need_of_predicates(step.predicates);
  return need;
}

}  // namespace

Need need_of(const xpath::Expr& expr) { return need_within(expr, false); }

namespace {

void collect_registry_keys(const xpath::Expr& expr, std::vector<std::string>& keys) {
  const auto into = [&keys](const std::vector<xpath::Predicate>& predicates) {
    for (const xpath::Predicate& predicate : predicates) collect_registry_keys(*predicate.expr, keys);
  };
  const auto& operands = expr.operands;
  if (expr.op == xpath::Op::extension && expr.ns.empty() && expr.text == "get-property" && operands.size() == 2 &&
      is_text(*operands[0]) && operands[0]->text == "registry")
    keys.push_back(is_text(*operands[1]) ? operands[1]->text : std::string());
  for (const xpath::ExprPtr& operand : operands) collect_registry_keys(*operand, keys);
  into(expr.filters);
  for (const xpath::Step& step : expr.steps) into(step.predicates);
}

}  // namespace

std::vector<std::string> registry_keys_of(const xpath::Expr& expr) {
  std::vector<std::string> keys;
  collect_registry_keys(expr, keys);
  return keys;
}

}  // namespace myelin::expr
