// The back end of bench/scenarios: answers every HTTP/1.1 request with its own body and Content-Type, as cheaply
// as one epoll thread can. It trusts whom it serves; not a server for anything else.
//
// usage: echo PORT

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "backend.hpp"

namespace {

struct Connection {
  std::string in, out;
  std::size_t sent = 0;
  bool waits_to_write = false;
};

/// The value of a header field, names in any letter case; empty when absent.
std::string_view field(std::string_view head, std::string_view name) {
  for (std::size_t at = head.find("\r\n"); at != std::string_view::npos; at = head.find("\r\n", at + 2)) {
    const std::string_view line = head.substr(at + 2, head.find("\r\n", at + 2) - at - 2);
    if (line.size() > name.size() && line[name.size()] == ':' && strncasecmp(line.data(), name.data(), name.size()) == 0) {
      const auto begin = line.find_first_not_of(' ', name.size() + 1);
      return begin == std::string_view::npos ? std::string_view() : line.substr(begin);
    }
  }
  return {};
}

/// Appends the content of a chunked body; the bytes it took, or 0 when it is not complete.
std::size_t unchunk(std::string_view from, std::string& to) {
  for (std::size_t at = 0;;) {
    const auto line = from.find("\r\n", at);
    if (line == std::string_view::npos) return 0;
    const std::size_t size = std::strtoul(from.data() + at, nullptr, 16);
    if (from.size() < line + 2 + size + 2) return 0;
    to.append(from, line + 2, size);
    at = line + 2 + size + 2;
    if (size == 0) return at;
  }
}

/// Answers the first request in the buffer; false when it is not complete.
bool answer(Connection& connection) {
  const std::string_view in = connection.in;
  const auto end = in.find("\r\n\r\n");
  if (end == std::string_view::npos) return false;
  const std::string_view head = in.substr(0, end + 2);
  std::size_t taken = end + 4;
  std::string body;
  if (!field(head, "transfer-encoding").empty()) {
    const std::size_t size = unchunk(in.substr(taken), body);
    if (size == 0) return false;
    taken += size;
  } else {
    const std::string length(field(head, "content-length"));
    const std::size_t size = length.empty() ? 0 : std::strtoul(length.c_str(), nullptr, 10);
    if (in.size() - taken < size) return false;
    body = in.substr(taken, size);
    taken += size;
  }
  const std::string_view type = field(head, "content-type");
  connection.out += "HTTP/1.1 200 OK\r\nContent-Type: ";
  connection.out += type.empty() ? "text/plain" : type;
  connection.out += "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  connection.out += body;
  connection.in.erase(0, taken);
  return true;
}

class Server final : public bench::Backend {
 public:
  explicit Server(int port) : Backend("echo", port, EPOLLIN) {}

 private:
  void begun(int descriptor) override { connections_[descriptor] = std::make_unique<Connection>(); }
  void ended(int descriptor) override { connections_.erase(descriptor); }
  bool serve(int descriptor) override {
    Connection& connection = *connections_[descriptor];
    if (!receive(descriptor, connection)) return false;
    while (answer(connection)) {
    }
    return send_out(descriptor, connection);
  }
  bool receive(int descriptor, Connection& connection) {
    for (;;) {
      const ssize_t got = read(descriptor, buffer_.data(), buffer_.size());
      if (got == 0) return false;
      if (got < 0) return errno == EAGAIN;
      connection.in.append(buffer_.data(), static_cast<std::size_t>(got));
      if (static_cast<std::size_t>(got) < buffer_.size()) return true;
    }
  }
  bool send_out(int descriptor, Connection& connection) {
    while (connection.sent < connection.out.size()) {
      const ssize_t put = send(descriptor, connection.out.data() + connection.sent, connection.out.size() - connection.sent, MSG_NOSIGNAL);
      if (put < 0 && errno != EAGAIN) return false;
      if (put < 0) {
        if (!std::exchange(connection.waits_to_write, true)) watch(descriptor, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
        return true;
      }
      connection.sent += static_cast<std::size_t>(put);
    }
    connection.out.clear();
    connection.sent = 0;
    if (std::exchange(connection.waits_to_write, false)) watch(descriptor, EPOLLIN, EPOLL_CTL_MOD);
    return true;
  }

  std::array<char, 256 * 1024> buffer_{};
  std::unordered_map<int, std::unique_ptr<Connection>> connections_;
};

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::fprintf(stderr, "usage: echo PORT\n");
    return 2;
  }
  const auto server = std::make_unique<Server>(std::atoi(arguments[1]));
  server->run();
}
