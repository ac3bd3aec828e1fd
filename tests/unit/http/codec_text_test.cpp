// Chunk sizes, dates, reason phrases, and the names and values that may be written.

#include "transports/http/codec.hpp"

#include <gtest/gtest.h>

#include <ctime>
#include <limits>
#include <string>

namespace myelin::http {
namespace {

using namespace std::string_view_literals;

std::string header_of(std::size_t size) {
  char text[18];
  return std::string(text, chunk_header(size, text));
}

TEST(ChunkHeader, IsHexWithALineEnd) {
  EXPECT_EQ(header_of(0), "0\r\n");
  EXPECT_EQ(header_of(9), "9\r\n");
  EXPECT_EQ(header_of(15), "f\r\n");
  EXPECT_EQ(header_of(16), "10\r\n");
  EXPECT_EQ(header_of(26), "1a\r\n");
  EXPECT_EQ(header_of(65536), "10000\r\n");
  EXPECT_EQ(header_of(std::numeric_limits<std::size_t>::max()), "ffffffffffffffff\r\n");
}

// REL-004: what we write, we read.
TEST(ChunkHeader, IsReadBackByTheDecoder) {
  for (std::size_t size = 1; size < (std::size_t{1} << 40); size = size * 3 + 1) {
    ChunkDecoder decoder{Limits{}};
    const std::string written = header_of(size);
    EXPECT_EQ(decoder.next(written).consumed, written.size());
    EXPECT_EQ(decoder.next(std::string(10, 'x')).body, std::min<std::size_t>(size, 10));
  }
}

// REL-068, REL-069
TEST(HopByHop, NamesNeverPass) {
  for (const auto name : {"Connection", "keep-alive", "PROXY-CONNECTION", "TE", "te", "Trailer", "Transfer-Encoding",
                          "Upgrade", "Content-Length"})
    EXPECT_TRUE(is_hop_by_hop(name)) << name;
}

TEST(HopByHop, OtherNamesPass) {
  for (const auto name : {"", "Host", "T", "Tea", "Trailers", "Content-Type", "Content-Lengt", "Cookie", "Via",
                          "Proxy-Authorization", "Transfer_Encoding", "Keep_Alive"})
    EXPECT_FALSE(is_hop_by_hop(name)) << name;
}

// REL-068
TEST(ListNames, FindsATokenInAnyCase) {
  EXPECT_TRUE(list_names("close", "Close"));
  EXPECT_TRUE(list_names("X-A, keep-alive ,\tX-B", "x-b"));
  EXPECT_TRUE(list_names(",,X-A,,", "X-A"));
  EXPECT_FALSE(list_names("X-AB, AX-A", "X-A"));
  EXPECT_FALSE(list_names("X A", "X"));
  EXPECT_FALSE(list_names("", "X"));
  EXPECT_FALSE(list_names(",", ""));
}

TEST(ReasonPhrase, IsTheStandardOne) {
  EXPECT_EQ(reason_phrase(200), "OK");
  EXPECT_EQ(reason_phrase(202), "Accepted");
  EXPECT_EQ(reason_phrase(404), "Not Found");
  EXPECT_EQ(reason_phrase(431), "Request Header Fields Too Large");
  EXPECT_EQ(reason_phrase(505), "HTTP Version Not Supported");
  EXPECT_EQ(reason_phrase(299), "Unknown");
  EXPECT_EQ(reason_phrase(-1), "Unknown");
}

TEST(HttpDate, IsNowInTheFixedForm) {
  const std::time_t before = std::time(nullptr);
  const std::string date(http_date());
  const std::time_t after = std::time(nullptr);
  ASSERT_EQ(date.size(), 29u);
  std::tm parsed{};
  ASSERT_NE(strptime(date.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parsed), nullptr) << date;
  EXPECT_GE(timegm(&parsed), before);
  EXPECT_LE(timegm(&parsed), after);
  char expected[30];
  std::tm again{};
  const std::time_t told = timegm(&parsed);
  gmtime_r(&told, &again);
  std::strftime(expected, sizeof expected, "%a, %d %b %Y %H:%M:%S GMT", &again);
  EXPECT_EQ(date, expected);
}

// REL-081
TEST(ValidName, IsAToken) {
  EXPECT_TRUE(valid_name("X-Header_1"));
  EXPECT_TRUE(valid_name("!#$%&'*+-.^_`|~"));
  for (const auto name : {""sv, "a b"sv, "a:"sv, "a\r\nb"sv, "a\0"sv, "a\x7f"sv, "\xc3\xa4"sv, "a/b"sv, "a\t"sv})
    EXPECT_FALSE(valid_name(name)) << name;
}

// REL-080
TEST(ValidValue, HasNoLineEndsNulOrControls) {
  for (const auto value : {""sv, "plain"sv, " a\tb "sv, "\xc3\xa4\xff"sv, "a long value of more than eight bytes"sv})
    EXPECT_TRUE(valid_value(value)) << value;
  for (const auto value : {"a\r\nB: c"sv, "a\n"sv, "\r"sv, "a\0b"sv, "\x01"sv, "abcdefgh\x1b"sv, "abcdefg\x7f"sv,
                           "\tabcdefghij\n"sv})
    EXPECT_FALSE(valid_value(value)) << value;
}

// REL-058, REL-080: the fast check by eights agrees with the rule, byte by byte and place by place.
TEST(ValidValue, JudgesEveryByteInEveryPlace) {
  for (int c = 0; c < 256; ++c)
    for (std::size_t size = 1; size <= 20; ++size)
      for (std::size_t at = 0; at < size; ++at) {
        std::string value(size, 'v');
        value[at] = static_cast<char>(c);
        const bool allowed = c == '\t' || (c >= 0x20 && c != 0x7f);
        ASSERT_EQ(valid_value(value), allowed) << c << " at " << at << " of " << size;
      }
}

}  // namespace
}  // namespace myelin::http
