// The memory one direction of a connection holds.

#include "transports/http/inbound.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

namespace myelin::http::test {
namespace {

class InboundTest : public testing::Test {
 protected:
  /// As much of it as there is room for.
  std::size_t receive(std::string_view bytes) {
    const std::span<char> room = in.room();
    const std::size_t taken = std::min(room.size(), bytes.size());
    std::memcpy(room.data(), bytes.data(), taken);
    in.received(taken);
    return taken;
  }
  /// A head of ten bytes in front of a body of that size; reads all of it but the last byte.
  void read_large(std::size_t size) {
    const std::string head(10, 'h'), body(size, 'b');
    std::size_t at = receive(head + body) - head.size();
    in.eat(head.size());
    in.pin();
    in.begin_body(Framing::length, size);
    while (at < size) {
      in.consume(in.body().size());
      at += receive(std::string_view(body).substr(at));
      in.decode();
    }
    ASSERT_TRUE(in.ended());
    in.consume(in.body().size() - 1);
  }

  BlockPool pool;
  Limits limits;
  Inbound in{pool, limits};
};

// REL-130: who waits for an answer holds no more than who has sent a small request.
TEST_F(InboundTest, TheLastByteOfALargeBodyGivesItsBlockBack) {
  read_large(200'000);
  EXPECT_GT(in.room().size(), BlockPool::kSmall);
  in.consume(1);
  EXPECT_TRUE(in.empty());
  EXPECT_EQ(in.room().size(), BlockPool::kSmall);
}

TEST_F(InboundTest, TheNextRequestBehindALargeBodyStays) {
  read_large(200'000);
  receive("next");
  in.consume(1);
  EXPECT_EQ(in.raw(), "next");
  in.next_message();
  EXPECT_EQ(in.raw(), "next");
}

}  // namespace
}  // namespace myelin::http::test
