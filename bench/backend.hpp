#pragma once
// What the back ends of the benchmarks share: a listening socket on loopback and one loop over epoll. They trust whom
// they serve; no servers for anything else.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace bench {

class Backend {
 public:
  /// Ends the program when it cannot listen. `events`: what a connection is watched for.
  Backend(const char* name, int port, std::uint32_t events)
      : events_(events), epoll_(epoll_create1(0)), listener_(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)) {
    const int on = 1;
    setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || listen(listener_, 4096) != 0) {
      std::perror(name);
      std::exit(1);
    }
    watch(listener_, EPOLLIN, EPOLL_CTL_ADD);
  }
  Backend(const Backend&) = delete;
  virtual ~Backend() = default;

  [[noreturn]] void run() {
    std::array<epoll_event, 256> events{};
    for (;;) {
      const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
      for (int i = 0; i < count; ++i) {
        const int descriptor = events[static_cast<std::size_t>(i)].data.fd;
        if (descriptor == listener_) accept_all();
        else if (!serve(descriptor)) end(descriptor);
      }
    }
  }

 protected:
  virtual void begun(int descriptor) = 0;
  /// False: the connection is over.
  virtual bool serve(int descriptor) = 0;
  virtual void ended(int descriptor) = 0;

  void watch(int descriptor, std::uint32_t what, int operation) {
    epoll_event event{};
    event.events = what;
    event.data.fd = descriptor;
    epoll_ctl(epoll_, operation, descriptor, &event);
  }

 private:
  void accept_all() {
    for (;;) {
      const int made = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK);
      if (made < 0) return;
      const int on = 1;
      setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      begun(made);
      watch(made, events_, EPOLL_CTL_ADD);
    }
  }
  void end(int descriptor) {
    ended(descriptor);
    close(descriptor);
  }

  const std::uint32_t events_;
  const int epoll_, listener_;
};

}  // namespace bench
