// The back end of bench/floods: drops every body it gets, however long, and answers with as many bytes as the last
// part of the path says (GET /bytes/4000000000), else with 1 KB. It holds nothing, so that what a proxy in front of it
// holds shows. It trusts whom it serves; not a server for anything else.
//
// usage: sink PORT

#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "backend.hpp"

namespace {

constexpr std::uint64_t kUsual = 1024;

struct Connection {
  std::string head;         ///< of the request, and of the answer until it is sent
  std::uint64_t incoming = 0, outgoing = 0;
  enum class State { reads_head, reads_body, sends_head, sends_body } state = State::reads_head;
};

std::uint64_t number_behind(std::string_view text, std::string_view mark, std::uint64_t otherwise) {
  const auto at = text.find(mark);
  return at == std::string_view::npos ? otherwise : std::strtoull(text.data() + at + mark.size(), nullptr, 10);
}

class Sink final : public bench::Backend {
 public:
  explicit Sink(int port) : Backend("sink", port, EPOLLIN | EPOLLOUT | EPOLLET) { buffer_.fill('x'); }

 private:
  using State = Connection::State;

  void begun(int descriptor) override {
    const auto index = static_cast<std::size_t>(descriptor);
    if (connections_.size() <= index) connections_.resize(index + 1);
    connections_[index] = std::make_unique<Connection>();
  }
  void ended(int descriptor) override { connections_[static_cast<std::size_t>(descriptor)].reset(); }

  /// Goes as far as it can; false: the connection is over.
  bool serve(int descriptor) override {
    Connection& connection = *connections_[static_cast<std::size_t>(descriptor)];
    for (;;) {
      const bool reads = connection.state == State::reads_head || connection.state == State::reads_body;
      const ssize_t moved = reads ? receive(descriptor, connection) : put(descriptor, connection);
      if (moved < 0) return errno == EAGAIN;
      if (moved == 0) return false;
    }
  }
  ssize_t receive(int descriptor, Connection& connection) {
    const ssize_t got = recv(descriptor, received_.data(), received_.size(), 0);
    if (got <= 0) return got;
    std::uint64_t body = static_cast<std::uint64_t>(got);
    if (connection.state == State::reads_head) {
      connection.head.append(received_.data(), static_cast<std::size_t>(got));
      const auto end = connection.head.find("\r\n\r\n");
      if (end == std::string::npos) return got;
      connection.incoming = number_behind(connection.head, "Content-Length: ", 0);
      connection.outgoing = number_behind(connection.head, " /bytes/", kUsual);
      body = connection.head.size() - end - 4;
      connection.state = State::reads_body;
    }
    connection.incoming -= std::min(connection.incoming, body);
    if (connection.incoming == 0) answer(connection);
    return got;
  }
  static void answer(Connection& connection) {
    connection.head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " + std::to_string(connection.outgoing) + "\r\n\r\n";
    connection.state = State::sends_head;
  }
  ssize_t put(int descriptor, Connection& connection) {
    if (connection.state == State::sends_head) {
      const ssize_t sent = send(descriptor, connection.head.data(), connection.head.size(), MSG_NOSIGNAL | MSG_MORE);
      if (sent > 0) connection.head.erase(0, static_cast<std::size_t>(sent));
      if (sent > 0 && connection.head.empty()) connection.state = State::sends_body;
      return sent;
    }
    const std::size_t size = std::min<std::uint64_t>(connection.outgoing, buffer_.size());
    const ssize_t sent = send(descriptor, buffer_.data(), size, MSG_NOSIGNAL);
    if (sent > 0 && (connection.outgoing -= static_cast<std::uint64_t>(sent)) == 0) connection.state = State::reads_head;
    return sent;
  }

  std::array<char, 256 * 1024> buffer_{}, received_{};
  std::vector<std::unique_ptr<Connection>> connections_;
};

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::fprintf(stderr, "usage: sink PORT\n");
    return 2;
  }
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  std::make_unique<Sink>(std::atoi(arguments[1]))->run();
}
