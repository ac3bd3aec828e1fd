// What a pass-through request costs in system calls: a guard that no busy machine can disturb. The
// calls are counted on the shard's thread by functions that stand before libc's.

#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>

#include "tests/unit/http/system_calls.hpp"
#include "tests/unit/http/wire.hpp"

#ifdef MYELIN_COUNTS_SYSTEM_CALLS

namespace myelin::http::test {
namespace {

void count(std::atomic<int>& which) {
  if (counted) ++which;
}

}  // namespace
}  // namespace myelin::http::test

extern "C" {
ssize_t recvmsg(int fd, msghdr* message, int flags) {
  using namespace myelin::http::test;
  count(calls.receive);
  return ::syscall(SYS_recvmsg, fd, message, flags);
}
ssize_t recv(int fd, void* data, size_t size, int flags) {
  using namespace myelin::http::test;
  count(calls.receive);
  return ::syscall(SYS_recvfrom, fd, data, size, flags, nullptr, nullptr);
}
ssize_t send(int fd, const void* data, size_t size, int flags) {
  using namespace myelin::http::test;
  count(calls.send);
  return ::syscall(SYS_sendto, fd, data, size, flags, nullptr, 0);
}
ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  using namespace myelin::http::test;
  count(calls.send);
  return ::syscall(SYS_sendmsg, fd, message, flags);
}
int epoll_wait(int fd, epoll_event* events, int size, int timeout) {
  using namespace myelin::http::test;
  count(calls.wait);
  return static_cast<int>(::syscall(SYS_epoll_pwait, fd, events, size, timeout, nullptr, 8));
}
int epoll_ctl(int fd, int operation, int descriptor, epoll_event* event) noexcept {
  using namespace myelin::http::test;
  count(calls.control);
  return static_cast<int>(::syscall(SYS_epoll_ctl, fd, operation, descriptor, event));
}
int timerfd_settime(int fd, int flags, const itimerspec* wanted, itimerspec* old) noexcept {
  using namespace myelin::http::test;
  count(calls.timer);
  return static_cast<int>(::syscall(SYS_timerfd_settime, fd, flags, wanted, old));
}
}

namespace myelin::http::test {
namespace {

constexpr int kRequests = 200;

void pass_through(const std::string& request) {
  Backend backend(answering([](const Peer::Whole&) { return ok(std::string(1024, 'x')); }));
  Proxy proxy(backend.port());
  proxy.start();
  Peer client = proxy.connect();
  client.send(request);  // connects to the backend
  EXPECT_EQ(client.read_message().status(), 200);
  proxy.running.run([] { counted = true; });
  proxy.running.settle();
  calls.forget();
  for (int i = 0; i < kRequests; ++i) {
    client.send(request);
    ASSERT_EQ(client.read_message().body.size(), 1024u);
  }
  EXPECT_LE(calls.receive, 2 * kRequests + 2);
  EXPECT_LE(calls.send, 2 * kRequests);
  EXPECT_LE(calls.wait, 4 * kRequests + kRequests / 4);  // two of each turn, Asio's and the poller's, and the wheel's
  EXPECT_LE(calls.control, 2);
  EXPECT_LE(calls.timer, kRequests / 4);  // the wheel's, ten a second
}

TEST(SystemCalls, GetTakesTwoReceivesAndTwoSends) {
  pass_through("GET / HTTP/1.1\r\nHost: h\r\nAccept: */*\r\n\r\n");
}

TEST(SystemCalls, PostTakesTwoReceivesAndTwoSends) {
  pass_through("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1024\r\n\r\n" + std::string(1024, 'p'));
}

}  // namespace
}  // namespace myelin::http::test

#endif
