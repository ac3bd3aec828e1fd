// gRPC health checks: a second server, which speaks HTTP/2, stands in front of what answers.

#include <gtest/gtest.h>

#include "tests/support/backend.hpp"
#include "tests/support/myelin.hpp"

namespace myelin::test {
namespace {

using namespace std::string_literals;

class GrpcHealth : public testing::Test {
 protected:
  GrpcHealth() {
    answers("\0\0\0\0\2\x08\1"s);
    front.write("synapse.xml", main_sequence("<send><endpoint><address uri=\"" + service.address() + "\"/></endpoint></send>"));
    front.start();
  }
  void answers(std::string body, HeaderList headers = {}) {
    Behaviour behaviour = Behaviour::replying(std::move(body));
    behaviour.headers = std::move(headers);
    behaviour.headers.emplace_back("Content-Type", "application/grpc");
    service.behave(behaviour);
  }
  /// Checks `front`, at first DOWN, once a minute.
  void check(const std::string& attributes) {
    checking.write("synapse.xml", main_sequence("<send><endpoint name=\"e\"><address uri=\"http://127.0.0.1:" + std::to_string(front.port()) +
                                                "/some/path\"><healthCheck type=\"grpc\" " + attributes +
                                                " rise=\"1\" fall=\"1\" interval=\"60000\" jitter=\"0\" timeout=\"600000\"/></address></endpoint></send>"));
    ASSERT_TRUE(checking.start());
  }

  Backend service{"S"};
  Myelin front, checking;
};

TEST_F(GrpcHealth, AsksForTheServiceByHttp2) {
  check("service=\"shop.Stock\" start=\"down\"");
  EXPECT_TRUE(checking.await_log("Endpoint e is UP, was DOWN"));
  const auto asked = service.received().front();
  EXPECT_EQ(asked.start, "POST /grpc.health.v1.Health/Check HTTP/1.1");
  EXPECT_EQ(asked.header("Content-Type"), "application/grpc");
  EXPECT_TRUE(asked.header("Via").starts_with("2.0 ")) << "of the one in front alone: " << asked.header("Via");
  EXPECT_EQ(asked.body, "\0\0\0\0\x0c\x0a\x0ashop.Stock"s);
}

TEST_F(GrpcHealth, WhatIsNotServingIsDown) {
  check("start=\"up\"");
  ASSERT_TRUE(service.await(1));
  EXPECT_EQ(service.received().front().body, "\0\0\0\0\0"s) << "the server as a whole";
  answers("\0\0\0\0\2\x08\2"s);
  checking.advance(Millis(60'000));
  EXPECT_TRUE(checking.await_log("Endpoint e is DOWN, was UP"));
  EXPECT_TRUE(checking.await_log("the service is NOT_SERVING"));
  answers("\0\0\0\0\2\x08\1"s);
  checking.advance(Millis(60'000));
  EXPECT_TRUE(checking.await_log("Endpoint e is UP, was DOWN"));
  answers("", {{"grpc-status", "12"}});
  checking.advance(Millis(60'000));
  EXPECT_TRUE(checking.await_log("grpc-status is 12"));
}

}  // namespace
}  // namespace myelin::test
