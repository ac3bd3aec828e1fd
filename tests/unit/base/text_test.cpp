#include "engine/base/text.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace myelin::text {
namespace {

TEST(Text, JavaIntegersAreDecimalWithASignAndARange) {
  EXPECT_EQ(parse_int("42"), 42);
  EXPECT_EQ(parse_int("+7"), 7);
  EXPECT_EQ(parse_int("-7"), -7);
  for (const char* bad : {"", " 1", "1 ", "0x1", "1_0", "+-1", "2147483648", "1.0"}) EXPECT_FALSE(parse_int(bad)) << bad;
  EXPECT_EQ(parse_long("9223372036854775807"), 9223372036854775807);
  EXPECT_FALSE(parse_long("9223372036854775808"));
}

TEST(Text, JavaFloatsMayCarryATypeSuffix) {
  EXPECT_EQ(parse_float(" 1.5 "), 1.5f);
  EXPECT_EQ(parse_float("2.0f"), 2.0f);
  EXPECT_FALSE(parse_float("two"));
}

TEST(Text, AnyCaseIsTheSameAtEveryLengthAndPlace) {
  const auto naive = [](std::string_view a, std::string_view b) {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
  };
  for (std::size_t size = 0; size < 26; ++size) {
    const std::string text = std::string("Content-Encoding-XYZ-azAZ09").substr(0, size);
    EXPECT_TRUE(iequals(text, to_upper(text)));
    EXPECT_TRUE(iequals(to_lower(text), text));
    EXPECT_FALSE(iequals(text, text + "x"));
    for (std::size_t at = 0; at < size; ++at)
      for (int byte = 0; byte < 256; ++byte) {
        std::string other = text;
        other[at] = static_cast<char>(byte);
        ASSERT_EQ(iequals(text, other), naive(text, other)) << text << " at " << at << ": " << byte;
      }
  }
}

TEST(Text, TrueIsTrueYesOrOneAndNothingElse) {
  for (const char* yes : {"true", "TRUE", "yes", "Yes", "1"}) EXPECT_TRUE(is_true(yes)) << yes;
  for (const char* no : {"", "on", "2", " true"}) EXPECT_FALSE(is_true(no)) << no;
  for (const char* off : {"false", "NO", "0"}) EXPECT_TRUE(is_false(off)) << off;
  EXPECT_FALSE(is_false("off"));
}

TEST(Text, NumbersPrintAsXPathPrintsThem) {
  EXPECT_EQ(number(3), "3");
  EXPECT_EQ(number(3.5), "3.5");
  EXPECT_EQ(number(-0.0), "0");
  EXPECT_EQ(number(0.0 / 0.0), "NaN");
  EXPECT_EQ(number(1.0 / 0.0), "Infinity");
}

TEST(Text, SuggestsTheNearestNameButNoFarOne) {
  const std::string_view names[] = {"uri", "format", "encoding"};
  EXPECT_EQ(nearest("urii", names), "uri");
  EXPECT_EQ(nearest("Format", names), "format");
  EXPECT_EQ(nearest("completely-different", names), "");
}

TEST(Text, PercentCodesSurviveARoundTrip) {
  EXPECT_EQ(percent_decode("a%20b+c"), "a b+c");
  EXPECT_EQ(percent_decode("a+c", true), "a c");
  EXPECT_EQ(percent_decode("%zz%2"), "%zz%2");
  EXPECT_EQ(percent_encode("a b/c", "/"), "a%20b/c");
  EXPECT_TRUE(percent_valid("%41"));
  EXPECT_FALSE(percent_valid("%4"));
}

TEST(Text, Base64DecodesOnlyWhatIsBase64) {
  EXPECT_EQ(base64_encode("a"), "YQ==");
  EXPECT_EQ(base64_encode("abc"), "YWJj");
  EXPECT_EQ(base64_decode("YW Jj\n"), "abc");
  EXPECT_EQ(base64_decode("YQ=="), "a");
  for (const char* bad : {"YQ", "Y===", "Y$==", "YQ=a"}) EXPECT_FALSE(base64_decode(bad)) << bad;
}

TEST(Text, Utf8RefusesOverlongFormsSurrogatesAndStrayBytes) {
  EXPECT_TRUE(valid_utf8("aé€😀"));
  for (const char* bad : {"\x80", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82"})
    EXPECT_FALSE(valid_utf8(bad));
}

TEST(Text, MessageIdsAreUuidsAndDiffer) {
  const std::string a = new_message_id();
  EXPECT_EQ(a.size(), std::string("urn:uuid:").size() + 36);
  EXPECT_EQ(a.substr(0, 9), "urn:uuid:");
  EXPECT_NE(a, new_message_id());
}

}  // namespace
}  // namespace myelin::text
