#pragma once
// Real sockets on loopback for the tests of the transport: a client that speaks raw bytes, a scripted
// backend, a shard on its own thread, and small pipelines.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "engine/base/log.hpp"
#include "engine/message/message.hpp"
#include "transports/http/shard.hpp"

namespace myelin::http::test {

inline constexpr int kPatience = 10'000;  // ms; a test that waits longer has failed

/// One end of a TCP connection with blocking calls that give up after kPatience.
class Peer {
 public:
  Peer() = default;
  explicit Peer(int descriptor) : fd_(descriptor) { set_up(); }
  Peer(Peer&& other) noexcept : fd_(std::exchange(other.fd_, -1)), received_(std::move(other.received_)) {}
  Peer& operator=(Peer&& other) noexcept {
    close();
    fd_ = std::exchange(other.fd_, -1);
    received_ = std::move(other.received_);
    return *this;
  }
  ~Peer() { close(); }

  static Peer connect(std::uint16_t port, int receive_buffer = 0) {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    if (receive_buffer > 0) ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
    return Peer(fd);
  }

  int fd() const { return fd_; }
  bool send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  void half_close() { ::shutdown(fd_, SHUT_WR); }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  void reset() {
    const linger hard{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close();
  }

  /// More bytes; 0 at the end, -1 after a reset or when patience is over.
  ssize_t receive() {
    char bytes[65536];
    const ssize_t got = ::recv(fd_, bytes, sizeof bytes, 0);
    if (got > 0) received_.append(bytes, static_cast<std::size_t>(got));
    return got;
  }
  /// Takes everything up to and including `end`; empty when the peer ends before.
  std::string read_to(std::string_view end) {
    std::size_t at;
    while ((at = received_.find(end)) == std::string::npos)
      if (receive() <= 0) return {};
    std::string text = received_.substr(0, at + end.size());
    received_.erase(0, text.size());
    return text;
  }
  std::string read_bytes(std::size_t size) {
    while (received_.size() < size)
      if (receive() <= 0) break;
    std::string text = received_.substr(0, size);
    received_.erase(0, text.size());
    return text;
  }
  /// Takes and forgets that many bytes; how many there were.
  std::size_t skip(std::size_t size) {
    std::size_t got = std::min(size, received_.size());
    received_.erase(0, got);
    char bytes[65536];
    while (got < size) {
      const ssize_t more = ::recv(fd_, bytes, std::min(sizeof bytes, size - got), 0);
      if (more <= 0) break;
      got += static_cast<std::size_t>(more);
    }
    return got;
  }
  std::string read_head() { return read_to("\r\n\r\n"); }
  std::string read_chunked() {
    std::string body;
    for (;;) {
      const std::string line = read_to("\r\n");
      if (line.empty()) return body + "<cut>";
      const std::size_t size = std::stoul(line, nullptr, 16);
      const std::string data = read_bytes(size + 2);
      if (size == 0) return body;
      body += data.substr(0, size);
    }
  }
  /// A whole message by its head's framing: head and body.
  struct Whole {
    std::string head, body;
    int status() const { return head.size() > 12 ? std::stoi(head.substr(9, 3)) : 0; }
    bool has(std::string_view text) const { return head.find(text) != std::string::npos; }
    std::string field(const std::string& name) const {
      const std::size_t at = head.find("\r\n" + name + ": ");
      if (at == std::string::npos) return {};
      const std::size_t start = at + name.size() + 4;
      return head.substr(start, head.find("\r\n", start) - start);
    }
  };
  Whole read_message(bool head_only = false) {
    Whole whole;
    whole.head = read_head();
    if (head_only) return whole;
    if (whole.has("Transfer-Encoding: chunked")) whole.body = read_chunked();
    else if (const std::string length = whole.field("Content-Length"); !length.empty())
      whole.body = read_bytes(std::stoul(length));
    return whole;
  }
  /// Reads to the end; true: a proper end, false: a reset (or nothing in time).
  bool ends() {
    for (;;) {
      const ssize_t got = receive();
      if (got <= 0) return got == 0;
    }
  }
  std::string rest() {
    ends();
    return std::exchange(received_, {});
  }
  bool silent_for(int ms) const {
    pollfd poll_one{fd_, POLLIN, 0};
    return received_.empty() && ::poll(&poll_one, 1, ms) == 0;
  }

 private:
  void set_up() {
    const timeval patience{kPatience / 1000, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  int fd_ = -1;
  std::string received_;
};

/// Listens on a free port of loopback; accepts by hand, or runs a script for each connection.
class Backend {
 public:
  using Script = std::function<void(Peer&)>;
  explicit Backend(Script script = {}, int backlog = 64) : script_(std::move(script)) {
    fd_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
    EXPECT_EQ(::listen(fd_, backlog), 0);
    socklen_t size = sizeof at;
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &size);
    port_ = ntohs(at.sin_port);
    if (script_) thread_ = std::thread([this] { serve(); });
  }
  ~Backend() {
    ::shutdown(fd_, SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
    for (std::thread& one : connections_) one.join();
    ::close(fd_);
  }
  std::uint16_t port() const { return port_; }
  int connections() const { return accepted_; }
  Peer accept() {
    pollfd poll_one{fd_, POLLIN, 0};
    if (::poll(&poll_one, 1, kPatience) != 1) return Peer();
    ++accepted_;
    return Peer(::accept(fd_, nullptr, nullptr));
  }

 private:
  void serve() {
    for (;;) {
      const int fd = ::accept(fd_, nullptr, nullptr);
      if (fd < 0) return;
      ++accepted_;
      connections_.emplace_back([this, fd] {
        Peer peer(fd);
        script_(peer);
      });
    }
  }
  Script script_;
  int fd_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> accepted_{0};
  std::thread thread_;
  std::vector<std::thread> connections_;
};

/// Answers every request of a connection with what `answer` makes of it.
inline Backend::Script answering(std::function<std::string(const Peer::Whole&)> answer) {
  return [answer](Peer& peer) {
    for (;;) {
      const Peer::Whole request = peer.read_message();
      if (request.head.empty() || !peer.send(answer(request))) return;
    }
  };
}
inline std::string ok(std::string_view body = "ok", std::string_view fields = {}) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + std::string(fields) + "\r\n" +
         std::string(body);
}

/// A shard on its own thread, listening on a free port.
class Running {
 public:
  Running(Config config, Pipeline& pipeline, std::shared_ptr<const TlsServer> tls = nullptr)
      : shard(std::make_unique<Shard>(std::move(config))) {
    auto opened = shard->listen("127.0.0.1", 0, std::move(tls), pipeline);
    EXPECT_TRUE(opened.ok());
    port = *opened;
  }
  explicit Running(Pipeline& pipeline) : Running(Config(), pipeline) {}
  ~Running() { stop(); }
  Running& start() {
    thread_ = std::thread([this] {
      shard->run();
      ended.set_value();
    });
    return *this;
  }
  /// Waits until the shard has done what it is at.
  void settle() {
    run([] {});
    run([] {});
  }
  /// The shard does nothing until the promise is kept.
  void hold(std::promise<void>& until) {
    shard->post([&] { until.get_future().wait(); });
  }
  void stop() {
    if (!thread_.joinable()) return;
    shard->stop();
    thread_.join();
  }
  void join() { thread_.join(); }
  /// Runs `work` on the shard and waits for it.
  void run(std::function<void()> work) {
    std::promise<void> done;
    shard->post([&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }
  Peer connect() const { return Peer::connect(port); }

  std::unique_ptr<Shard> shard;
  std::uint16_t port = 0;
  std::promise<void> ended;

 private:
  std::thread thread_;
};

/// Answers with what was received: the body, and the request line in X-Line.
class EchoPipeline final : public Pipeline {
 public:
  Task<void> serve(Message& message, Client& client) override {
    ++served;
    if (!message.payload.loaded()) {
      auto loaded = co_await message.payload.load(std::size_t{64} << 20);
      if (!loaded) {
        Reply reply;
        reply.status = loaded.fault().status ? loaded.fault().status : 500;
        reply.close = true;
        co_await client.reply(reply);
        co_return;
      }
    }
    const std::string line = std::string(message.incoming.method) + " " + std::string(message.incoming.target);
    Headers headers;
    headers.add("X-Line", line);
    headers.add("Set-Cookie", "a=1");
    headers.add("Set-Cookie", "b=2");
    headers.add("Transfer-Encoding", "gzip");
    headers.add("Connection", "X-Secret");
    headers.add("X-Secret", "1");
    Reply reply;
    reply.headers = &headers;
    reply.has_body = true;
    reply.bytes = message.payload.bytes();
    reply.content_type = "text/plain";
    co_await client.reply(reply);
  }
  std::atomic<int> served{0};
};

/// Answers at once, whatever the body; or as `work` says.
class PlainPipeline final : public Pipeline {
 public:
  using Work = std::function<Task<void>(Message&, Client&)>;
  PlainPipeline() = default;
  explicit PlainPipeline(Work work) : work_(std::move(work)) {}
  Task<void> serve(Message& message, Client& client) override {
    if (work_) return work_(message, client);
    return answer(client);
  }

 private:
  static Task<void> answer(Client& client) {
    Reply reply;
    reply.has_body = true;
    reply.bytes = "plain";
    co_await client.reply(reply);
  }
  Work work_;
};

/// Passes everything to one backend. A fault becomes a 502 whose fields tell it.
class ProxyPipeline final : public Pipeline {
 public:
  explicit ProxyPipeline(std::uint16_t backend, std::string host = "127.0.0.1", std::string scheme = "http")
      : port_(backend), host_(std::move(host)), scheme_(std::move(scheme)) {}
  void use(Shard& shard) { sender_ = &shard.sender(); }

  Task<void> serve(Message& message, Client& client) override {
    const std::string authority = host_ + ":" + std::to_string(port_);
    OutgoingRequest request;
    request.method = message.incoming.method;
    request.url.scheme = scheme_;
    request.url.host = host_;
    request.url.port = port_;
    request.url.authority = authority;
    request.target = message.incoming.target;
    request.host = authority;
    request.headers = &message.headers;
    request.has_body = !message.payload.empty();
    request.stream = message.payload.source();
    request.idempotent = request.method != "POST";
    request.accepts_trailers = message.incoming.accepts_trailers;
    if (adjust) adjust(request);
    auto sent = co_await sender_->send(request);
    if (!sent) {
      co_await fail(sent.fault(), client);
      co_return;
    }
    BackendResponse& answer = **sent;
    message.payload.release_source();
    Reply reply;
    reply.status = answer.status();
    reply.reason = answer.reason();
    reply.headers = &answer.headers();
    reply.has_body = true;
    reply.stream = &answer;
    if (request.method == "HEAD") {
      reply.has_body = false;
      reply.head_length = static_cast<std::int64_t>(answer.length().value_or(0));
    }
    co_await client.reply(reply);
    if (answer.fault().code != 0) last_fault = answer.fault().code;
    answer.release();
  }

  std::function<void(OutgoingRequest&)> adjust;
  std::atomic<int> last_fault{0};

 private:
  static Task<void> fail(const Fault& fault, Client& client) {
    const std::string code = std::to_string(fault.code);
    const std::string base = std::to_string(fault.base_code);
    Headers headers;
    headers.add("X-Code", code);
    headers.add("X-Base", base);
    headers.add("X-Sent", fault.sent ? "yes" : "no");
    headers.add("X-Message", fault.message);
    headers.add("X-Detail", fault.detail);
    Reply reply;
    reply.status = fault.status ? fault.status : 502;
    reply.headers = &headers;
    co_await client.reply(reply);
  }
  Sender* sender_ = nullptr;
  std::uint16_t port_;
  std::string host_, scheme_;
};

/// A shard that proxies to `port`.
class Proxy {
 public:
  explicit Proxy(std::uint16_t backend, Config config = Config())
      : pipeline(backend), running(std::move(config), pipeline) {
    pipeline.use(*running.shard);
  }
  Proxy& start() {
    running.start();
    return *this;
  }
  Peer connect() const { return running.connect(); }
  ProxyPipeline pipeline;
  Running running;
};

/// Advances Clock in steps until `done` or patience is over; the timers look every 100 ms of real time.
inline bool advance_until(Duration step, const std::function<bool()>& done) {
  for (int i = 0; i < 100; ++i) {
    if (done()) return true;
    Clock::advance(step);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return done();
}

/// Memory of this process.
inline std::size_t resident_kib() {
  std::ifstream status("/proc/self/statm");
  std::size_t total = 0, resident = 0;
  status >> total >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) / 1024;
}

inline bool readable(const Peer& peer, int ms = 0) {
  pollfd poll_one{peer.fd(), POLLIN, 0};
  return ::poll(&poll_one, 1, ms) == 1;
}

}  // namespace myelin::http::test
