// Where addresses out of messages may not lead, once names are resolved (REL-084).
#include "transports/http/guard.hpp"

#include <gtest/gtest.h>

namespace myelin::http {
namespace {

bool guarded(const char* address, std::uint16_t port, std::uint16_t admin = 9191) {
  return is_guarded({boost::asio::ip::make_address(address), port}, admin);
}

TEST(Guard, LinkLocalHostsAtAnyPort) {
  for (const char* address : {"169.254.169.254", "169.254.0.1", "fe80::1", "febf::1", "::ffff:169.254.1.1"})
    EXPECT_TRUE(guarded(address, 80)) << address;
  for (const char* address : {"169.253.0.1", "169.255.0.1", "10.0.0.1", "fec0::1", "2001:db8::1", "::ffff:10.0.0.1"})
    EXPECT_FALSE(guarded(address, 80)) << address;
}

TEST(Guard, TheAdminPortOfThisMachine) {
  for (const char* address : {"127.0.0.1", "127.8.8.8", "0.0.0.0", "::1", "::", "::ffff:127.0.0.1"}) {
    EXPECT_TRUE(guarded(address, 9191)) << address;
    EXPECT_FALSE(guarded(address, 9192)) << address;
    EXPECT_FALSE(guarded(address, 9191, 0)) << address;
  }
  EXPECT_FALSE(guarded("192.0.2.1", 9191)) << "another machine's";
}

}  // namespace
}  // namespace myelin::http
