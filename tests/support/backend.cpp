#include "tests/support/backend.hpp"

#include <algorithm>
#include <utility>

namespace myelin::test {
namespace {

std::string head_of(const Behaviour& behaviour) {
  std::string head = "HTTP/1.1 " + std::to_string(behaviour.status) + " " +
                     (behaviour.reason.empty() ? "Scripted" : behaviour.reason) + "\r\n";
  for (const auto& [name, value] : behaviour.headers) head += name + ": " + value + "\r\n";
  return head;
}

std::string with_length(const Behaviour& behaviour, std::string_view method) {
  std::string bytes = head_of(behaviour);
  if (behaviour.status != 204 && behaviour.status != 304)
    bytes += "Content-Length: " + std::to_string(behaviour.body.size()) + "\r\n";
  bytes += "\r\n";
  if (method != "HEAD") bytes += behaviour.body;
  return bytes;
}

std::string in_chunks(const Behaviour& behaviour) {
  std::string bytes = head_of(behaviour) + "Transfer-Encoding: chunked\r\n\r\n";
  for (const std::string& piece : behaviour.pieces) {
    char size[24];
    std::snprintf(size, sizeof size, "%zx\r\n", piece.size());
    bytes += size + piece + "\r\n";
  }
  return bytes + "0\r\n\r\n";
}

Behaviour echo_of(const HttpMessage& request) {
  Behaviour answer = Behaviour::replying(request.body);
  if (request.has("Content-Type")) answer.headers.emplace_back("Content-Type", request.header("Content-Type"));
  return answer;
}

Behaviour told(const HttpMessage& request) {
  std::string text = request.method() + " " + request.target() + "\n";
  for (const auto& [name, value] : request.headers) text += name + ": " + value + "\n";
  Behaviour answer = Behaviour::replying(text + "\n" + request.body);
  answer.headers.emplace_back("Content-Type", "text/plain");
  return answer;
}

}  // namespace

Backend::Backend(std::string name, TlsContext tls) : name_(std::move(name)), tls_(std::move(tls)) {}

Backend::~Backend() {
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  stop_listening();
  drop_connections();
  for (Connection& connection : connections_) connection.thread.join();
}

std::string Backend::address() const {
  return (tls_ ? "https://localhost:" : "http://127.0.0.1:") + std::to_string(port());
}

void Backend::behave(Behaviour behaviour) {
  const bool refuses = behaviour.kind == Behaviour::Kind::refuse;
  {
    std::lock_guard lock(mutex_);
    behaviour_ = std::move(behaviour);
  }
  if (refuses) {
    stop_listening();
    drop_connections();
  } else {
    listen();
  }
}

void Backend::listen() {
  if (std::exchange(listening_, true)) return;
  listener_.listen();
  acceptor_ = std::thread([this] { accept_loop(); });
}

void Backend::stop_listening() {
  if (!std::exchange(listening_, false)) return;
  listener_.refuse();
  acceptor_.join();
}

void Backend::drop_connections() {
  std::lock_guard lock(mutex_);
  for (Connection& connection : connections_) connection.stream->shut();
}

void Backend::release() {
  std::lock_guard lock(mutex_);
  ++releases_;
  changed_.notify_all();
}

std::size_t Backend::count() const {
  std::lock_guard lock(mutex_);
  return received_.size();
}

std::size_t Backend::connections() const {
  std::lock_guard lock(mutex_);
  return accepted_;
}

std::vector<HttpMessage> Backend::received() const {
  std::lock_guard lock(mutex_);
  return received_;
}

bool Backend::await(std::size_t count, Millis patience) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, patience, [&] { return received_.size() >= count; });
}

void Backend::accept_loop() {
  while (auto stream = listener_.accept()) {
    std::lock_guard lock(mutex_);
    ++accepted_;
    Connection& connection = connections_.emplace_back();
    connection.stream = std::move(stream);
    connection.thread = std::thread([this, &connection] { serve(*connection.stream); });
  }
}

void Backend::record(HttpMessage request) {
  std::lock_guard lock(mutex_);
  received_.push_back(std::move(request));
  changed_.notify_all();
}

void Backend::serve(Stream& stream) {
  if (tls_ && !stream.start_tls_server(tls_)) return;
  HttpReader reader(stream);
  for (;;) {
    HttpMessage request;
    if (!reader.read_head(request)) break;
    Behaviour behaviour;
    Turn turn;
    {
      std::lock_guard lock(mutex_);
      behaviour = behaviour_;
      turn = {received_.size() + 1, releases_};
    }
    if (behaviour.kind == Behaviour::Kind::stall || behaviour.kind == Behaviour::Kind::early) {
      record(request);
      const bool stalls = behaviour.kind == Behaviour::Kind::stall;
      if (!stalls) stream.write(with_length(behaviour, request.method()));
      if (stalls) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return ending_ || releases_ > 0; });
      }
      reader.read_request_body(request);
      continue;
    }
    reader.read_request_body(request);
    if (!request.complete) break;
    record(request);
    if (!act(stream, request, behaviour, turn)) break;
    if (request.method() == "CONNECT" && !stream.start_tls_server(tls_server_context())) break;
  }
  stream.shut();
}

bool Backend::act(Stream& stream, const HttpMessage& request, const Behaviour& behaviour, const Turn& turn) {
  using Kind = Behaviour::Kind;
  switch (behaviour.kind) {
    case Kind::reply: return stream.write(with_length(behaviour, request.method()));
    case Kind::chunked: return stream.write(in_chunks(behaviour));
    case Kind::until_close:
      stream.write(head_of(behaviour) + "\r\n" + behaviour.body);
      return false;
    case Kind::dribble: {
      for (const char byte : with_length(behaviour, request.method()))
        if (!stream.write(std::string_view(&byte, 1))) return false;
      return true;
    }
    case Kind::echo: return stream.write(with_length(echo_of(request), request.method()));
    case Kind::tell: return stream.write(with_length(told(request), request.method()));
    case Kind::session: {
      Behaviour answer = behaviour;
      if (request.header("Cookie").find(behaviour.cookie + "=") == std::string::npos)
        answer.headers.emplace_back("Set-Cookie",
                                    behaviour.cookie + "=" + name_ + "-" + std::to_string(turn.number) + "; Path=/");
      return stream.write(with_length(answer, request.method()));
    }
    case Kind::demand: {
      if (request.header("Authorization").starts_with(behaviour.prefix))
        return stream.write(with_length(Behaviour::replying(behaviour.body), request.method()));
      Behaviour refusal = Behaviour::replying("refused", 401);
      refusal.headers = behaviour.headers;
      return stream.write(with_length(refusal, request.method()));
    }
    case Kind::tunnel:
      if (request.method() == "CONNECT") return stream.write("HTTP/1.1 200 Connected\r\n\r\n");
      return stream.write(with_length(behaviour, request.method()));
    case Kind::hold: {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return ending_ || releases_ > turn.releases; });
      lock.unlock();
      return stream.write(with_length(behaviour, request.method()));
    }
    case Kind::raw: return stream.write(behaviour.body);
    case Kind::cut: stream.write(behaviour.body); return false;
    case Kind::cut_reset:
      stream.write(behaviour.body);
      stream.reset();
      return false;
    case Kind::close: return false;
    case Kind::reset: stream.reset(); return false;
    case Kind::hang: return true;
    case Kind::stall:
    case Kind::early:
    case Kind::refuse: break;
  }
  return false;
}

}  // namespace myelin::test
