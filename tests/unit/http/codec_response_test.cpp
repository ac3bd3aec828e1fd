// Heads of backends' answers: the same strictness (REL-071), and how their bodies are framed.

#include "transports/http/codec.hpp"

#include <gtest/gtest.h>

#include "tests/unit/http/codec_feed.hpp"

namespace myelin::http::test {
namespace {

using namespace std::string_literals;

std::string ok(const std::string& fields) { return "HTTP/1.1 200 OK\r\n" + fields + "\r\n"; }
std::string status(const std::string& code, const std::string& fields = "") {
  return "HTTP/1.1 " + code + " X\r\n" + fields + "\r\n";
}

class Response : public testing::TestWithParam<Case> {};

TEST_P(Response, EndsAsTheRuleSays) {
  const Case& given = GetParam();
  const Outcome outcome = response(given.bytes);
  EXPECT_EQ(outcome.status, given.status);
  EXPECT_EQ(outcome.reason, given.reason);
  EXPECT_EQ(outcome.state, given.status == 0 ? Parse::done : Parse::bad);
}

INSTANTIATE_TEST_SUITE_P(Table, Response, testing::ValuesIn(std::vector<Case>{
    {"REL-071", "Reason", ok(""), 0, ""},
    {"REL-071", "EmptyReason", "HTTP/1.1 200 \r\n\r\n", 0, ""},
    {"REL-071", "NoReason", "HTTP/1.1 200\r\n\r\n", 0, ""},
    {"REL-071", "ReasonOfWords", "HTTP/1.1 404 No such\tthing \xc3\xa4\r\n\r\n", 0, ""},
    {"REL-071", "Http10", "HTTP/1.0 200 OK\r\n\r\n", 0, ""},
    {"REL-071", "Http20", "HTTP/2.0 200 OK\r\n\r\n", 502, "version_not_supported"},
    {"REL-071", "Http12", "HTTP/1.2 200 OK\r\n\r\n", 502, "version_not_supported"},
    {"REL-071", "NoVersion", "200 OK\r\n\r\n", 502, "bad_status_line"},
    {"REL-071", "OtherProtocol", "ICY 200 OK\r\n\r\n", 502, "bad_status_line"},
    {"REL-071", "SmallLetters", "http/1.1 200 OK\r\n\r\n", 502, "bad_status_line"},
    {"REL-071", "Html", "<html>", 502, "bad_status_line"},
    {"REL-071", "LeadingEmptyLine", "\r\nHTTP/1.1 200 OK\r\n\r\n", 502, "bad_status_line"},
    {"REL-071", "LeadingSpace", " HTTP/1.1 200 OK\r\n\r\n", 502, "bad_status_line"},
    {"REL-071", "TwoDigits", "HTTP/1.1 20 OK\r\n\r\n", 502, "bad_status_line"},
    {"REL-071", "FourDigits", "HTTP/1.1 2000 OK\r\n\r\n", 502, "bad_status_line"},
    {"REL-071", "NoStatus", "HTTP/1.1 \r\n\r\n", 502, "bad_status_line"},
    {"REL-071", "VersionAlone", "HTTP/1.1\r\n\r\n", 502, "bad_status_line"},
    {"REL-071", "StatusBelow100", "HTTP/1.1 099 X\r\n\r\n", 502, "bad_status_line"},
    {"REL-071", "SignedStatus", "HTTP/1.1 +20 X\r\n\r\n", 502, "bad_status_line"},
    {"REL-071", "TwoSpaces", "HTTP/1.1  200 OK\r\n\r\n", 502, "bad_status_line"},
    {"REL-071", "TabForSpace", "HTTP/1.1\t200 OK\r\n\r\n", 502, "bad_status_line"},
    {"REL-071", "ControlInReason", "HTTP/1.1 200 O\x01K\r\n\r\n", 502, "bad_status_line"},
    {"REL-071", "NulInReason", "HTTP/1.1 200 O\0K\r\n\r\n"s, 502, "bad_status_line"},
    {"REL-071", "CarriageReturnInReason", "HTTP/1.1 200 O\rK\r\n\r\n", 502, "bad_status_line"},
    {"REL-019", "StatusLineTooLong", "HTTP/1.1 200 " + std::string(17000, 'a'), 502, "status_line_too_long"},
    {"REL-019", "FieldTooLarge", ok("A: " + std::string(16384, 'a') + "\r\n"), 502, "field_too_large"},
    {"REL-019", "HeadTooLarge", ok("A: " + std::string(16000, 'a') + "\r\nB: " + std::string(16300, 'a') +
     "\r\nC: " + std::string(1000, 'c') + "\r\n"), 502, "head_too_large"},
    {"REL-050", "LengthAndCoding", ok("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), 502,
     "length_and_transfer_encoding"},
    {"REL-068", "ConnectionTooLarge", ok("Connection: " + std::string(1025, ',') + "\r\n"), 502, "connection_too_large"},
    {"REL-051", "UnknownCoding", ok("Transfer-Encoding: gzip, chunked\r\n"), 502, "unknown_transfer_coding"},
    {"REL-051", "ChunkedTwice", ok("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 502,
     "chunked_not_last"},
    {"REL-051", "EmptyCoding", ok("Transfer-Encoding:\r\n"), 502, "bad_transfer_encoding"},
    {"REL-052", "CodingInHttp10", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 502,
     "transfer_encoding_in_http10"},
    {"REL-053", "TwoLengths", ok("Content-Length: 5\r\nContent-Length: 5\r\n"), 502, "repeated_content_length"},
    {"REL-054", "SignedLength", ok("Content-Length: +5\r\n"), 502, "bad_content_length"},
    {"REL-054", "LengthList", ok("Content-Length: 5, 5\r\n"), 502, "bad_content_length"},
    {"REL-016", "LengthPastInt64", ok("Content-Length: 9223372036854775808\r\n"), 502, "bad_content_length"},
    {"REL-055", "SpaceBeforeColon", ok("Content-Length : 5\r\n"), 502, "bad_field_name"},
    {"REL-055", "EmptyName", ok(": 5\r\n"), 502, "bad_field_name"},
    {"REL-055", "NoColon", ok("nonsense\r\n"), 502, "bad_field_name"},
    {"REL-056", "Folded", ok("A: b\r\n c\r\n"), 502, "obs_fold"},
    {"REL-057", "LineFeedAlone", "HTTP/1.1 200 OK\nContent-Length: 0\n\n", 502, "bare_lf"},
    {"REL-057", "CarriageReturnInValue", ok("A: b\rc\r\n"), 502, "bad_field_value"},
    {"REL-058", "NulInValue", ok("A: b\0c\r\n"s), 502, "bad_field_value"},
    {"REL-071", "UnderscoreNamesAreOrdinary", ok("Content_Length: x\r\ntransfer_encoding: y\r\n"), 0, ""},
    {"REL-071", "ConnectionMayNameAnything", ok("Connection: Content-Length, Host\r\n"), 0, ""},
}), case_name);

// REL-013 by REL-019
TEST(ResponseHead, RefusesTooManyFields) {
  std::string lines;
  for (int i = 0; i < 101; ++i) lines += "A: b\r\n";
  EXPECT_EQ(response(ok(lines)).reason, "too_many_fields");
}

TEST(ResponseHead, TellsWhatWasAnswered) {
  const std::string bytes = "HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\nServer: x\r\n\r\nabc";
  const ResponseHead head = accepted_response(bytes);
  EXPECT_EQ(head.status, 404);
  EXPECT_EQ(head.reason, "Not Found");
  EXPECT_FALSE(head.http10);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_EQ(head.framing, Framing::length);
  EXPECT_EQ(head.length, 3u);
  EXPECT_EQ(describe(head.fields), "Content-Length=3|Server=x|");
  EXPECT_EQ(response(bytes).consumed, bytes.size() - 3);
}

TEST(ResponseHead, FramesTheBody) {
  EXPECT_EQ(accepted_response(ok("Transfer-Encoding: chunked\r\n")).framing, Framing::chunked);
  EXPECT_EQ(accepted_response(ok("Content-Length: 0\r\n")).framing, Framing::length);
  const std::string bytes = ok("Connection: keep-alive\r\n");
  const ResponseHead until_close = accepted_response(bytes);
  EXPECT_EQ(until_close.framing, Framing::until_close);
  EXPECT_FALSE(until_close.keep_alive);
}

// REL-070
TEST(ResponseHead, HasNoBodyWhereHttpForbidsOne) {
  for (const std::string code : {"100", "101", "103", "199", "204", "304"})
    for (const std::string fields :
         {"", "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n", "Transfer-Encoding: gzip\r\n",
          "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"}) {
      const std::string bytes = status(code, fields);
      const ResponseHead head = accepted_response(bytes);
      EXPECT_EQ(head.framing, Framing::none) << bytes;
      // A body that is announced may come: nothing that follows is an answer (REL-074).
      const bool announced = fields != "" && (code != "304" || fields != "Content-Length: 5\r\n");
      EXPECT_EQ(head.keep_alive, !announced) << bytes;
    }
  EXPECT_TRUE(accepted_response(status("204", "Content-Length: 0\r\n")).keep_alive);
}

// REL-070
TEST(ResponseHead, HasNoBodyAfterHead) {
  const std::string bytes = ok("Content-Length: 500\r\n");
  const ResponseHead head = accepted_response(bytes, "HEAD");
  EXPECT_EQ(head.framing, Framing::none);
  EXPECT_TRUE(head.has_length);
  EXPECT_EQ(head.length, 500u);
  const std::string untold = ok("");
  EXPECT_EQ(accepted_response(untold, "HEAD").framing, Framing::none);
  EXPECT_FALSE(accepted_response(untold, "HEAD").has_length);
  EXPECT_TRUE(accepted_response(bytes, "HEAD").keep_alive);
  EXPECT_TRUE(accepted_response(ok("Transfer-Encoding: chunked\r\n"), "HEAD").keep_alive);
  EXPECT_FALSE(accepted_response(ok("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), "HEAD").keep_alive);
  EXPECT_EQ(accepted_response(untold, "head").framing, Framing::until_close);
}

TEST(ResponseHead, RefusesABadLengthEvenWithoutBody) {
  EXPECT_EQ(response(ok("Content-Length: 5\r\nContent-Length: 6\r\n"), "HEAD").status, 502);  // REL-053
  EXPECT_EQ(response(status("304", "Content-Length: -1\r\n")).status, 502);                   // REL-054
}

// REL-074
TEST(ResponseHead, KeepsTheConnectionAsVersionAndTokensSay) {
  EXPECT_TRUE(accepted_response(ok("Content-Length: 0\r\n")).keep_alive);
  EXPECT_FALSE(accepted_response(ok("Content-Length: 0\r\nConnection: Close\r\n")).keep_alive);
  EXPECT_FALSE(accepted_response("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n").keep_alive);
  EXPECT_TRUE(accepted_response("HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n").keep_alive);
}

TEST(ResponseHead, TellsHowLongTheBackendKeepsTheConnection) {
  const auto timeout = [](const std::string& fields) { return accepted_response(ok(fields)).keep_alive_timeout; };
  EXPECT_EQ(timeout(""), -1);
  EXPECT_EQ(timeout("Keep-Alive: timeout=5\r\n"), 5);
  EXPECT_EQ(timeout("Keep-Alive: max=100, Timeout = 15\r\n"), 15);
  EXPECT_EQ(timeout("Keep-Alive: timeout=0\r\n"), 0);
  EXPECT_EQ(timeout("Keep-Alive: timeout=\r\n"), -1);
  EXPECT_EQ(timeout("Keep-Alive: timeout=-5\r\n"), -1);
  EXPECT_EQ(timeout("Keep-Alive: timeout=99999999999999999999\r\n"), -1);
  EXPECT_EQ(timeout("Keep-Alive: 5\r\n"), -1);
}

TEST(ResponseHead, ComesAfterInterimHeads) {
  const std::string interim = status("100");
  const std::string bytes = interim + ok("Content-Length: 0\r\n");
  HeadParser parser{Limits{}};
  ResponseHead head;
  std::size_t consumed = 0;
  ASSERT_EQ(parser.response(bytes, "POST", head, consumed), Parse::done);
  EXPECT_EQ(head.status, 100);
  EXPECT_EQ(consumed, interim.size());
  ASSERT_EQ(parser.response(std::string_view(bytes).substr(consumed), "POST", head, consumed), Parse::done);
  EXPECT_EQ(head.status, 200);
}

TEST(ResponseHead, WaitsForTheEndOfTheHead) {
  const std::string bytes = ok("Content-Length: 0\r\n");
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_EQ(response(std::string_view(bytes).substr(0, size)).state, Parse::more) << size;
}

TEST(Rebase, MovesTheViewsOfAnAnswer) {
  std::string bytes = "HTTP/1.1 404 Not Found\r\nA: b\r\nEmpty:\r\n\r\n";
  ResponseHead head = accepted_response(bytes);
  const std::string before = describe(head);
  const std::string copy = bytes;
  rebase(head, bytes, copy.data());
  std::fill(bytes.begin(), bytes.end(), '#');
  EXPECT_EQ(describe(head), before);
}

}  // namespace
}  // namespace myelin::http::test
