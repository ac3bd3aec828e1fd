// What a gRPC health check sends and what it makes of the answer.

#include <gtest/gtest.h>

#include "engine/ports/grpc_health.hpp"

namespace myelin {
namespace {

using namespace std::string_literals;

TEST(GrpcHealth, AsksForAServiceOrTheServerAsAWhole) {
  EXPECT_EQ(grpc_health_question(""), "\0\0\0\0\0"s);
  EXPECT_EQ(grpc_health_question("shop.Stock"), "\0\0\0\0\x0c\x0a\x0ashop.Stock"s);
  const std::string longest(300, 'a');
  EXPECT_EQ(grpc_health_question(longest), "\0\0\0\1\x2f\x0a\xac\x02"s + longest);
}

TEST(GrpcHealth, OnlyServingIsWell) {
  EXPECT_EQ(grpc_health_problem("\0\0\0\0\2\x08\1"s), "");
  EXPECT_EQ(grpc_health_problem("\0\0\0\0\2\x08\2"s), "the service is NOT_SERVING");
  EXPECT_EQ(grpc_health_problem("\0\0\0\0\2\x08\3"s), "the service is SERVICE_UNKNOWN");
  EXPECT_EQ(grpc_health_problem("\0\0\0\0\2\x08\7"s), "the service is 7");
  EXPECT_EQ(grpc_health_problem("\0\0\0\0\0"s), "the service is UNKNOWN");
}

TEST(GrpcHealth, FieldsOfLaterVersionsArePassedOver) {
  const std::string message = "\x12\3abc\x18\xff\1\x21""12345678\x2d""1234\x08\1"s;
  EXPECT_EQ(grpc_health_problem("\0\0\0\0"s + static_cast<char>(message.size()) + message), "");
}

TEST(GrpcHealth, WhatIsNoAnswerIsAProblem) {
  EXPECT_EQ(grpc_health_problem(""), "there is no answer of the health service");
  EXPECT_EQ(grpc_health_problem("\1\0\0\0\2\x08\1"s), "the answer is compressed");
  EXPECT_EQ(grpc_health_problem("\0\0\0\0\3\x08\1"s), "the answer is not one whole message");
  EXPECT_EQ(grpc_health_problem("\0\xff\xff\xff\xff\x08\1"s), "the answer is not one whole message");
  for (const std::string& message : {"\x08"s, "\x08\xff"s, "\x08"s + std::string(11, '\xff'), "\x12\x05""ab"s, "\x12\xff\xff\xff\xff\xff\xff\xff\xff\x7f"s,
                                     "\x21""1234"s, "\x0b"s, "\xff"s})
    EXPECT_EQ(grpc_health_problem("\0\0\0\0"s + static_cast<char>(message.size()) + message), "the answer is no HealthCheckResponse");
}

}  // namespace
}  // namespace myelin
