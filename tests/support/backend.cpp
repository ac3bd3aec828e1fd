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

/// The handshake of SOCKS5, recorded as CONNECT host:port. False: it was refused.
bool Backend::serve_socks(Stream& stream, const Behaviour& behaviour) {
  std::string got;
  const auto take = [&](std::size_t size) {
    while (got.size() < size)
      if (stream.read(got) != Stream::End::data) return std::string(size, '\xff');
    const std::string taken = got.substr(0, size);
    got.erase(0, size);
    return taken;
  };
  const auto take_text = [&] { return take(static_cast<unsigned char>(take(1)[0])); };
  if (take(1) != "\5") return false;
  const bool login = !behaviour.prefix.empty();
  const std::string methods = take_text();
  if (methods.find(login ? '\2' : '\0') == std::string::npos) return stream.write("\5\xff") && false;
  stream.write(std::string("\5") + (login ? '\2' : '\0'));
  if (login) {
    take(1);
    const std::string user = take_text(), password = take_text();
    const bool right = user + ':' + password == behaviour.prefix;
    stream.write(std::string("\1") + (right ? '\0' : '\1'));
    if (!right) return false;
  }
  const std::string head = take(4);
  std::string host;
  if (head[3] == 3) host = take_text();
  else
    for (const unsigned char byte : take(head[3] == 1 ? 4 : 16)) host += (host.empty() ? "" : ".") + std::to_string(byte);
  const std::string port = take(2);
  HttpMessage request;
  request.start = "CONNECT " + host + ':' + std::to_string(static_cast<unsigned char>(port[0]) * 256 + static_cast<unsigned char>(port[1])) + " SOCKS5";
  request.complete = true;
  record(request);
  stream.write(std::string("\5") + static_cast<char>(behaviour.status) + std::string("\0\3\4name\0\0", 9));
  return behaviour.status == 0 && (behaviour.cookie != "tls" || stream.start_tls_server(tls_server_context()));
}

void Backend::serve(Stream& stream) {
  if (tls_ && !stream.start_tls_server(tls_)) return;
  {
    std::unique_lock lock(mutex_);
    const Behaviour behaviour = behaviour_;
    lock.unlock();
    if (behaviour.kind == Behaviour::Kind::socks && !serve_socks(stream, behaviour)) return stream.shut();
  }
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
    case Kind::socks: return stream.write(with_length(Behaviour::replying(behaviour.body), request.method()));
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
