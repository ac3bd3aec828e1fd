// Request heads as raw bytes: what is refused with which status, and what accepted heads say.

#include "transports/http/codec.hpp"

#include <gtest/gtest.h>

#include "tests/unit/http/codec_feed.hpp"

namespace myelin::http::test {
namespace {

using namespace std::string_literals;

/// A request with these field lines after Host.
std::string get(const std::string& fields) { return "GET / HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n"; }
std::string post(const std::string& fields) { return "POST /s HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n"; }
std::string post10(const std::string& fields) { return "POST /s HTTP/1.0\r\nHost: h\r\n" + fields + "\r\n"; }
/// A request with this first line.
std::string start(const std::string& line) { return line + "\r\nHost: h\r\n\r\n"; }
/// A request head of exactly that size.
std::string head_of(std::size_t size) {
  const std::size_t rest = size - get("A: \r\nB: \r\n").size();
  return get("A: " + std::string(rest / 2, 'a') + "\r\nB: " + std::string(rest - rest / 2, 'b') + "\r\n");
}
std::string many_fields(int count) {
  std::string lines;
  for (int i = 0; i < count; ++i) lines += "X-" + std::to_string(i) + ": v\r\n";
  return lines;
}

class Request : public testing::TestWithParam<Case> {};

TEST_P(Request, EndsAsTheRuleSays) {
  const Case& given = GetParam();
  const Outcome outcome = request(given.bytes);
  EXPECT_EQ(outcome.status, given.status);
  EXPECT_EQ(outcome.reason, given.reason);
  EXPECT_EQ(outcome.state, given.status == 0 ? Parse::done : Parse::bad);
}

INSTANTIATE_TEST_SUITE_P(Sizes, Request, testing::ValuesIn(std::vector<Case>{
    {"REL-010", "LongestRequestLine", start("GET /" + std::string(8192 - 14, 'a') + " HTTP/1.1"), 0, ""},
    {"REL-010", "RequestLineTooLong", start("GET /" + std::string(8192 - 13, 'a') + " HTTP/1.1"), 414,
     "request_line_too_long"},
    {"REL-010", "RequestLineWithoutEnd", "GET /" + std::string(9000, 'a'), 414, "request_line_too_long"},
    {"REL-010", "MethodWithoutEnd", std::string(9000, 'A'), 414, "request_line_too_long"},
    {"REL-011", "LargestHead", head_of(32768), 0, ""},
    {"REL-011", "LargestHeadBehindAnEmptyLine", "\r\n" + head_of(32768), 0, ""},
    {"REL-011", "HeadTooLarge", head_of(32769), 431, "head_too_large"},
    {"REL-011", "HeadWithoutEnd", "GET / HTTP/1.1\r\n" + std::string("A: " + std::string(9000, 'a') + "\r\n") +
     "B: " + std::string(9000, 'a') + "\r\nC: " + std::string(15000, 'c'), 431, "head_too_large"},
    {"REL-012", "LongestField", get("A: " + std::string(16384 - 3, 'a') + "\r\n"), 0, ""},
    {"REL-012", "FieldTooLarge", get("A: " + std::string(16384 - 2, 'a') + "\r\n"), 431, "field_too_large"},
    {"REL-012", "FieldWithoutEnd", "GET / HTTP/1.1\r\nA: " + std::string(17000, 'a'), 431, "field_too_large"},
    {"REL-012", "FieldNameTooLarge", get(std::string(17000, 'a') + ": v\r\n"), 431, "field_too_large"},
    {"REL-013", "HundredFields", get(many_fields(99)), 0, ""},
    {"REL-013", "HundredAndOneFields", get(many_fields(100)), 431, "too_many_fields"},
    {"REL-013", "EndlessFields", "GET / HTTP/1.1\r\n" + many_fields(500), 431, "too_many_fields"},
}), case_name);

INSTANTIATE_TEST_SUITE_P(Lengths, Request, testing::ValuesIn(std::vector<Case>{
    {"REL-016", "LargestLength", post("Content-Length: 9223372036854775807\r\n"), 0, ""},
    {"REL-016", "LengthPastInt64", post("Content-Length: 9223372036854775808\r\n"), 400, "bad_content_length"},
    {"REL-016", "NineteenNines", post("Content-Length: 9999999999999999999\r\n"), 400, "bad_content_length"},
    {"REL-016", "TwentyDigits", post("Content-Length: 00000000000000000005\r\n"), 400, "bad_content_length"},
    {"REL-016", "NineteenDigits", post("Content-Length: 0000000000000000005\r\n"), 0, ""},
    {"REL-016", "HundredDigits", post("Content-Length: " + std::string(100, '9') + "\r\n"), 400, "bad_content_length"},
    {"REL-053", "TwoLengths", post("Content-Length: 5\r\nContent-Length: 6\r\n"), 400, "repeated_content_length"},
    {"REL-053", "TwoEqualLengths", post("Content-Length: 5\r\nContent-Length: 5\r\n"), 400,
     "repeated_content_length"},
    {"REL-053", "TwoLengthsApart", post("Content-Length: 5\r\nA: b\r\ncontent-length: 5\r\n"), 400,
     "repeated_content_length"},
    {"REL-053", "ListOfLengths", post("Content-Length: 5,5\r\n"), 400, "bad_content_length"},
    {"REL-053", "ListOfLengthsWithBlank", post("Content-Length: 5, 5\r\n"), 400, "bad_content_length"},
    {"REL-054", "Zero", post("Content-Length: 0\r\n"), 0, ""},
    {"REL-054", "Plus", post("Content-Length: +5\r\n"), 400, "bad_content_length"},
    {"REL-054", "Minus", post("Content-Length: -5\r\n"), 400, "bad_content_length"},
    {"REL-054", "MinusZero", post("Content-Length: -0\r\n"), 400, "bad_content_length"},
    {"REL-054", "Hexadecimal", post("Content-Length: 0x5\r\n"), 400, "bad_content_length"},
    {"REL-054", "HexDigit", post("Content-Length: a\r\n"), 400, "bad_content_length"},
    {"REL-054", "Empty", post("Content-Length:\r\n"), 400, "bad_content_length"},
    {"REL-054", "Blank", post("Content-Length:   \r\n"), 400, "bad_content_length"},
    {"REL-054", "Fraction", post("Content-Length: 5.0\r\n"), 400, "bad_content_length"},
    {"REL-054", "BlankInside", post("Content-Length: 5 5\r\n"), 400, "bad_content_length"},
    {"REL-054", "Underscored", post("Content-Length: 5_0\r\n"), 400, "bad_content_length"},
    {"REL-054", "Quoted", post("Content-Length: \"5\"\r\n"), 400, "bad_content_length"},
    {"REL-054", "Exponent", post("Content-Length: 5e1\r\n"), 400, "bad_content_length"},
    {"REL-054", "FullWidthDigit", post("Content-Length: \xef\xbc\x95\r\n"), 400, "bad_content_length"},
    {"REL-054", "BlanksAround", post("Content-Length: \t 5 \t\r\n"), 0, ""},
}), case_name);

INSTANTIATE_TEST_SUITE_P(Codings, Request, testing::ValuesIn(std::vector<Case>{
    {"REL-050", "LengthThenCoding", post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), 400,
     "length_and_transfer_encoding"},
    {"REL-050", "CodingThenLength", post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), 400,
     "length_and_transfer_encoding"},
    {"REL-050", "CodingAndZeroLength", post("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n"), 400,
     "length_and_transfer_encoding"},
    {"REL-050", "AnyCaseOfLetters", post("TRANSFER-ENCODING: chunked\r\nCONTENT-LENGTH: 5\r\n"), 400,
     "length_and_transfer_encoding"},
    {"REL-050", "LengthAndUnknownCoding", post("Transfer-Encoding: gzip\r\nContent-Length: 5\r\n"), 400,
     "length_and_transfer_encoding"},
    {"REL-050", "LengthAndEmptyCoding", post("Transfer-Encoding:\r\nContent-Length: 5\r\n"), 400,
     "length_and_transfer_encoding"},
    {"REL-051", "Chunked", post("Transfer-Encoding: chunked\r\n"), 0, ""},
    {"REL-051", "ChunkedInCapitals", post("transfer-encoding:CHUNKED\r\n"), 0, ""},
    {"REL-051", "Gzip", post("Transfer-Encoding: gzip\r\n"), 501, "unknown_transfer_coding"},
    {"REL-051", "Identity", post("Transfer-Encoding: identity\r\n"), 501, "unknown_transfer_coding"},
    {"REL-051", "GzipChunked", post("Transfer-Encoding: gzip, chunked\r\n"), 501, "unknown_transfer_coding"},
    {"REL-051", "GzipThenChunkedField", post("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n"), 501,
     "unknown_transfer_coding"},
    {"REL-051", "GzipWithParameter", post("Transfer-Encoding: gzip;q=1, chunked\r\n"), 501,
     "unknown_transfer_coding"},
    {"REL-051", "FirstOffenceCounts", post("Transfer-Encoding: gzip, chunked, chunked\r\n"), 501,
     "unknown_transfer_coding"},
    {"REL-051", "NearlyChunked", post("Transfer-Encoding: xchunked\r\n"), 501, "unknown_transfer_coding"},
    {"REL-051", "NearlyChunkedBehind", post("Transfer-Encoding: chunkedx\r\n"), 501, "unknown_transfer_coding"},
    {"REL-051", "ChunkedTwice", post("Transfer-Encoding: chunked, chunked\r\n"), 400, "chunked_not_last"},
    {"REL-051", "ChunkedTwoFields", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400,
     "chunked_not_last"},
    {"REL-051", "ChunkedNotLast", post("Transfer-Encoding: chunked, gzip\r\n"), 400, "chunked_not_last"},
    {"REL-051", "ChunkedThenIdentity", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"), 400,
     "chunked_not_last"},
    {"REL-051", "ChunkedThenNothing", post("Transfer-Encoding: chunked,\r\n"), 400, "chunked_not_last"},
    {"REL-051", "NothingThenChunked", post("Transfer-Encoding: ,chunked\r\n"), 400, "bad_transfer_encoding"},
    {"REL-051", "Empty", post("Transfer-Encoding:\r\n"), 400, "bad_transfer_encoding"},
    {"REL-051", "Quoted", post("Transfer-Encoding: \"chunked\"\r\n"), 400, "bad_transfer_encoding"},
    {"REL-051", "TwoWords", post("Transfer-Encoding: chunked chunked\r\n"), 400, "bad_transfer_encoding"},
    {"REL-051", "ChunkedWithParameter", post("Transfer-Encoding: chunked;a=b\r\n"), 400, "bad_transfer_encoding"},
    {"REL-051", "VerticalTabBefore", post("Transfer-Encoding: \x0b" "chunked\r\n"), 400, "bad_field_value"},
    {"REL-051", "NonBreakingSpaceBefore", post("Transfer-Encoding: \xa0" "chunked\r\n"), 400,
     "bad_transfer_encoding"},
    {"REL-052", "ChunkedInHttp10", post10("Transfer-Encoding: chunked\r\n"), 400, "transfer_encoding_in_http10"},
    {"REL-052", "UnknownInHttp10", post10("Transfer-Encoding: gzip\r\n"), 400, "transfer_encoding_in_http10"},
}), case_name);

INSTANTIATE_TEST_SUITE_P(Fields, Request, testing::ValuesIn(std::vector<Case>{
    {"REL-055", "SpaceBeforeColon", get("A : b\r\n"), 400, "bad_field_name"},
    {"REL-055", "TabBeforeColon", get("A\t: b\r\n"), 400, "bad_field_name"},
    {"REL-055", "SpaceBeforeColonOfLength", get("Content-Length : 5\r\n"), 400, "bad_field_name"},
    {"REL-055", "SpaceBeforeColonOfCoding", get("Transfer-Encoding : chunked\r\n"), 400, "bad_field_name"},
    {"REL-055", "EmptyName", get(": b\r\n"), 400, "bad_field_name"},
    {"REL-055", "NoColon", get("Abc\r\n"), 400, "bad_field_name"},
    {"REL-055", "OnlyAColon", get(":\r\n"), 400, "bad_field_name"},
    {"REL-055", "SpaceInName", get("A b: c\r\n"), 400, "bad_field_name"},
    {"REL-055", "ParenthesisInName", get("A(b): c\r\n"), 400, "bad_field_name"},
    {"REL-055", "SlashInName", get("A/b: c\r\n"), 400, "bad_field_name"},
    {"REL-055", "QuoteInName", get("\"A\": c\r\n"), 400, "bad_field_name"},
    {"REL-055", "AtInName", get("A@b: c\r\n"), 400, "bad_field_name"},
    {"REL-055", "HighByteInName", get("A\xe4: c\r\n"), 400, "bad_field_name"},
    {"REL-055", "NulInName", get("A\0B: c\r\n"s), 400, "bad_field_name"},
    {"REL-055", "DelInName", get("A\x7f: c\r\n"), 400, "bad_field_name"},
    {"REL-055", "AllTokenCharacters", get("!#$%&'*+-.^_`|~09azAZ: c\r\n"), 0, ""},
    {"REL-055", "EmptyValue", get("A:\r\n"), 0, ""},
    {"REL-055", "NoBlankAfterColon", get("A:b\r\n"), 0, ""},
    {"REL-056", "FoldedBySpace", get("A: b\r\n c\r\n"), 400, "obs_fold"},
    {"REL-056", "FoldedByTab", get("A: b\r\n\tc\r\n"), 400, "obs_fold"},
    {"REL-056", "FoldedFirstField", "GET / HTTP/1.1\r\n Host: h\r\n\r\n", 400, "obs_fold"},
    {"REL-056", "FoldedLength", get("A: b\r\n Content-Length: 5\r\n"), 400, "obs_fold"},
    {"REL-056", "LineOfBlanks", get("A: b\r\n  \r\n"), 400, "obs_fold"},
    {"REL-057", "LineFeedAlone", "GET / HTTP/1.1\nHost: h\n\n", 400, "bare_lf"},
    {"REL-057", "LineFeedAfterField", get("A: b\nC: d\r\n"), 400, "bare_lf"},
    {"REL-057", "LineFeedEndsHead", "GET / HTTP/1.1\r\nHost: h\r\n\n", 400, "bare_lf"},
    {"REL-057", "CarriageReturnInValue", get("A: b\rc\r\n"), 400, "bad_field_value"},
    {"REL-057", "CarriageReturnTwice", get("A: b\r\r\n"), 400, "bad_field_value"},
    {"REL-057", "CarriageReturnInName", get("A\rB: c\r\n"), 400, "bad_field_name"},
    {"REL-057", "CarriageReturnForLineEnd", get("A: b\rContent-Length: 5\r\n"), 400, "bad_field_value"},
    {"REL-057", "CarriageReturnInTarget", start("GET /\ra HTTP/1.1"), 400, "bad_target"},
    {"REL-057", "CarriageReturnBeforeEnd", "GET / HTTP/1.1\r\nHost: h\r\n\r\r\n", 400, "bad_field_name"},
    {"REL-057", "CarriageReturnFirst", "\rGET / HTTP/1.1\r\nHost: h\r\n\r\n", 400, "bare_cr"},
    {"REL-057", "LineFeedFirst", "\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", 400, "bad_method"},
    {"REL-058", "NulInValue", get("A: b\0c\r\n"s), 400, "bad_field_value"},
    {"REL-058", "NulAtTheEnd", get("A: b\0\r\n"s), 400, "bad_field_value"},
    {"REL-058", "BellInLongValue", get("A: 0123456789abcdef\a0123456789\r\n"), 400, "bad_field_value"},
    {"REL-058", "EscapeInLastBytes", get("A: 0123456789abc\x1b\r\n"), 400, "bad_field_value"},
    {"REL-058", "DelInValue", get("A: bcdefghijk\x7f\r\n"), 400, "bad_field_value"},
    {"REL-058", "FormFeed", get("A: \f\r\n"), 400, "bad_field_value"},
    {"REL-058", "TabInValue", get("A: b\tc\r\n"), 0, ""},
    {"REL-058", "TabInLongValue", get("A: 0123456789abcdef\t0123456789\r\n"), 0, ""},
    {"REL-058", "TabAndControl", get("A: 01234\t56789abcdef\x01\r\n"), 400, "bad_field_value"},
    {"REL-058", "HighBytes", get("A: \x80\xff gr\xc3\xbc\xc3\x9f" "e\r\n"), 0, ""},
    {"REL-059", "UnderscoreName", get("my_header: v\r\n"), 0, ""},
    {"REL-059", "UnderscoredLength", post("Content_Length: 5\r\n"), 400, "underscore_framing"},
    {"REL-059", "UnderscoredLengthBesideLength", post("Content-Length: 5\r\nCONTENT_LENGTH: 6\r\n"), 400,
     "underscore_framing"},
    {"REL-059", "UnderscoredCoding", post("transfer_encoding: chunked\r\n"), 400, "underscore_framing"},
    {"REL-059", "UnderscoredContentType", post("content_type: text/xml\r\n"), 0, ""},
}), case_name);

INSTANTIATE_TEST_SUITE_P(StartLines, Request, testing::ValuesIn(std::vector<Case>{
    {"REL-060", "Http11", start("GET / HTTP/1.1"), 0, ""},
    {"REL-060", "Http10", start("GET / HTTP/1.0"), 0, ""},
    {"REL-060", "Http10WithoutHost", "GET / HTTP/1.0\r\n\r\n", 0, ""},
    {"REL-060", "Http20", start("GET / HTTP/2.0"), 505, "version_not_supported"},
    {"REL-060", "Http12", start("GET / HTTP/1.2"), 505, "version_not_supported"},
    {"REL-060", "Http09", start("GET / HTTP/0.9"), 505, "version_not_supported"},
    {"REL-060", "Http110", start("GET / HTTP/1.10"), 505, "version_not_supported"},
    {"REL-060", "Http2Preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "version_not_supported"},
    {"REL-060", "VersionWithoutMinor", start("GET / HTTP/1"), 400, "bad_request_line"},
    {"REL-060", "VersionWithoutDigits", start("GET / HTTP/."), 400, "bad_request_line"},
    {"REL-060", "VersionInSmallLetters", start("GET / http/1.1"), 400, "bad_request_line"},
    {"REL-060", "VersionOfAnotherProtocol", start("GET / RTSP/1.0"), 400, "bad_request_line"},
    {"REL-060", "NoVersion", start("GET /"), 400, "no_version"},
    {"REL-060", "NoVersionButSpace", start("GET / "), 400, "bad_request_line"},
    {"REL-060", "MethodAlone", start("GET"), 400, "bad_request_line"},
    {"REL-060", "NoTarget", start("GET HTTP/1.1"), 400, "no_version"},
    {"REL-060", "EmptyTarget", start("GET  HTTP/1.1"), 400, "bad_request_line"},
    {"REL-060", "TwoSpacesAfterMethod", start("GET  / HTTP/1.1"), 400, "bad_request_line"},
    {"REL-060", "TwoSpacesBeforeVersion", start("GET /  HTTP/1.1"), 400, "bad_request_line"},
    {"REL-060", "TabAfterMethod", start("GET\t/ HTTP/1.1"), 400, "bad_request_line"},
    {"REL-060", "TabBeforeVersion", start("GET /\tHTTP/1.1"), 400, "bad_target"},
    {"REL-060", "SpaceBehind", start("GET / HTTP/1.1 "), 400, "bad_request_line"},
    {"REL-060", "MoreBehind", start("GET / HTTP/1.1 x"), 400, "bad_request_line"},
    {"REL-060", "SpaceBefore", start(" GET / HTTP/1.1"), 400, "bad_method"},
    {"REL-060", "OneEmptyLine", "\r\n" + start("GET / HTTP/1.1"), 0, ""},
    {"REL-060", "TwoEmptyLines", "\r\n\r\n" + start("GET / HTTP/1.1"), 400, "bad_method"},
    {"REL-060", "BadMethodCharacter", start("G(T / HTTP/1.1"), 400, "bad_request_line"},
    {"REL-060", "OwnMethod", start("M-SEARCH / HTTP/1.1"), 0, ""},
    {"REL-060", "TlsGreeting", "\x16\x03\x01\x02", 400, "bad_method"},
    {"REL-060", "HighByteFirst", "\xff", 400, "bad_method"},
    {"REL-061", "SpaceInTarget", start("GET /a b HTTP/1.1"), 400, "bad_request_line"},
    {"REL-061", "FragmentInTarget", start("GET /a#b HTTP/1.1"), 400, "bad_target"},
    {"REL-061", "HighByteInTarget", start("GET /\xc3\xa4 HTTP/1.1"), 400, "bad_target"},
    {"REL-061", "NulInTarget", start("GET /\0 HTTP/1.1"s), 400, "bad_target"},
    {"REL-061", "DelInTarget", start("GET /\x7f HTTP/1.1"), 400, "bad_target"},
    {"REL-061", "EncodedControls", start("GET /%00%0a?a=%20 HTTP/1.1"), 0, ""},
    {"REL-061", "UnusualButVisible", start("GET /a|b{c}\"d\\e^`<> HTTP/1.1"), 0, ""},
    {"REL-061", "RelativeTarget", start("GET a/b HTTP/1.1"), 400, "bad_target"},
    {"REL-061", "AsteriskForOptions", start("OPTIONS * HTTP/1.1"), 0, ""},
    {"REL-061", "AsteriskForGet", start("GET * HTTP/1.1"), 400, "bad_target"},
    {"REL-061", "QueryAlone", start("GET ?a=b HTTP/1.1"), 400, "bad_target"},
    {"REL-062", "AbsoluteForm", start("GET http://h/a?b HTTP/1.1"), 0, ""},
    {"REL-062", "AbsoluteFormInCapitals", start("GET HTTP://H/a HTTP/1.1"), 0, ""},
    {"REL-062", "AbsoluteHttps", start("GET https://h/a HTTP/1.1"), 0, ""},
    {"REL-062", "AbsoluteFormOfOtherHost", start("GET http://other/a HTTP/1.1"), 400, "host_mismatch"},
    {"REL-062", "AbsoluteFormOfOtherPort", start("GET http://h:81/a HTTP/1.1"), 400, "host_mismatch"},
    {"REL-062", "AbsoluteFormOfOtherHostInHttp10", start("GET http://other/a HTTP/1.0"), 400, "host_mismatch"},
    {"REL-062", "AbsoluteFormWithoutHostField", "GET http://h/a HTTP/1.1\r\n\r\n", 400, "no_host"},
    {"REL-062", "AbsoluteFormWithUser", "GET http://u@h/ HTTP/1.1\r\nHost: u@h\r\n\r\n", 400, "bad_target"},
    {"REL-062", "AbsoluteFormWithoutHost", start("GET http:///a HTTP/1.1"), 400, "bad_target"},
    {"REL-062", "OtherScheme", start("GET ftp://h/a HTTP/1.1"), 400, "bad_target"},
    {"REL-062", "FileScheme", start("GET file:///etc/passwd HTTP/1.1"), 400, "bad_target"},
    {"REL-064", "Connect", start("CONNECT h:443 HTTP/1.1"), 501, "method_connect"},
    {"REL-064", "Trace", start("TRACE / HTTP/1.1"), 405, "method_trace"},
    {"REL-064", "SmallLettersAreAnotherMethod", start("trace / HTTP/1.1"), 0, ""},
}), case_name);

INSTANTIATE_TEST_SUITE_P(Hosts, Request, testing::ValuesIn(std::vector<Case>{
    {"REL-063", "NoHost", "GET / HTTP/1.1\r\nA: b\r\n\r\n", 400, "no_host"},
    {"REL-063", "NoFieldsAtAll", "GET / HTTP/1.1\r\n\r\n", 400, "no_host"},
    {"REL-063", "TwoHosts", get("Host: other\r\n"), 400, "repeated_host"},
    {"REL-063", "TwoEqualHosts", get("HOST: h\r\n"), 400, "repeated_host"},
    {"REL-063", "TwoHostsInHttp10", "GET / HTTP/1.0\r\nHost: h\r\nHost: h\r\n\r\n", 400, "repeated_host"},
    {"REL-063", "EmptyHost", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400, "bad_host"},
    {"REL-063", "HostWithUser", "GET / HTTP/1.1\r\nHost: u@h\r\n\r\n", 400, "bad_host"},
    {"REL-063", "HostWithPassword", "GET / HTTP/1.1\r\nHost: u:p@h\r\n\r\n", 400, "bad_host"},
    {"REL-063", "HostWithSpace", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400, "bad_host"},
    {"REL-063", "HostWithTab", "GET / HTTP/1.1\r\nHost: a\tb\r\n\r\n", 400, "bad_host"},
    {"REL-063", "HostList", "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", 400, "bad_host"},
    {"REL-063", "HostWithPath", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, "bad_host"},
    {"REL-063", "HostWithQuery", "GET / HTTP/1.1\r\nHost: a?b\r\n\r\n", 400, "bad_host"},
    {"REL-063", "HostWithFragment", "GET / HTTP/1.1\r\nHost: a#b\r\n\r\n", 400, "bad_host"},
    {"REL-063", "HostWithBackslash", "GET / HTTP/1.1\r\nHost: a\\b\r\n\r\n", 400, "bad_host"},
    {"REL-063", "HostIsUrl", "GET / HTTP/1.1\r\nHost: http://h\r\n\r\n", 400, "bad_host"},
    {"REL-063", "HostWithHighByte", "GET / HTTP/1.1\r\nHost: \xc3\xa4.de\r\n\r\n", 400, "bad_host"},
    {"REL-063", "HostIsPort", "GET / HTTP/1.1\r\nHost: :80\r\n\r\n", 400, "bad_host"},
    {"REL-063", "PortNotANumber", "GET / HTTP/1.1\r\nHost: h:http\r\n\r\n", 400, "bad_host"},
    {"REL-063", "PortTooLarge", "GET / HTTP/1.1\r\nHost: h:65536\r\n\r\n", 400, "bad_host"},
    {"REL-063", "HostAndPort", "GET / HTTP/1.1\r\nHost: example.com:8280\r\n\r\n", 0, ""},
    {"REL-063", "Ipv4", "GET / HTTP/1.1\r\nHost: 127.0.0.1:8280\r\n\r\n", 0, ""},
    {"REL-063", "Ipv6", "GET / HTTP/1.1\r\nHost: [::1]:8280\r\n\r\n", 0, ""},
    {"REL-063", "Ipv6WithoutBrackets", "GET / HTTP/1.1\r\nHost: ::1\r\n\r\n", 400, "bad_host"},
    {"REL-063", "Ipv6Unclosed", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400, "bad_host"},
    {"REL-063", "HostWithUnderscore", "GET / HTTP/1.1\r\nHost: my_host\r\n\r\n", 0, ""},
    {"REL-063", "HostWithoutBlank", "GET / HTTP/1.1\r\nHost:h\r\n\r\n", 0, ""},
}), case_name);

INSTANTIATE_TEST_SUITE_P(Connections, Request, testing::ValuesIn(std::vector<Case>{
    {"REL-068", "NamesHost", get("Connection: close, Host\r\n"), 400, "bad_connection"},
    {"REL-068", "NamesLength", get("Connection: content-length\r\n"), 400, "bad_connection"},
    {"REL-068", "NamesAuthorization", get("Connection: keep-alive,Authorization\r\n"), 400, "bad_connection"},
    {"REL-068", "NamesCookie", get("Connection: X-A\r\nConnection: COOKIE , X-B\r\n"), 400, "bad_connection"},
    {"REL-068", "NamesAsMuchAsMayBe", get("Connection: " + std::string(1023, 'a') + "\r\nConnection: b\r\n"), 0, ""},
    {"REL-068", "NamesTooMuch", get("Connection: " + std::string(1023, 'a') + "\r\nConnection: bc\r\n"), 431, "connection_too_large"},
    {"REL-068", "NamesAnother", get("Connection: X-Trace, close\r\n"), 0, ""},
    {"REL-068", "NamesNothing", get("Connection:\r\n"), 0, ""},
    {"REL-068", "NamesLongerName", get("Connection: host2, cookies\r\n"), 0, ""},
    {"REL-076", "Continue", post("Expect: 100-continue\r\nContent-Length: 5\r\n"), 0, ""},
    {"REL-076", "ContinueInCapitals", post("expect: 100-CONTINUE\r\nContent-Length: 5\r\n"), 0, ""},
    {"REL-076", "OtherExpectation", post("Expect: 200-ok\r\n"), 417, "bad_expect"},
    {"REL-076", "EmptyExpectation", post("Expect:\r\n"), 417, "bad_expect"},
    {"REL-076", "ContinueAndMore", post("Expect: 100-continue, x\r\n"), 417, "bad_expect"},
    {"REL-076", "SecondFieldIsOther", post("Expect: 100-continue\r\nExpect: x\r\n"), 417, "bad_expect"},
}), case_name);

TEST(RequestHead, TellsWhatWasAsked) {
  const std::string bytes =
      "POST /services/Quote?a=b HTTP/1.1\r\nHost: esb:8280\r\nContent-Type:  text/xml; charset=UTF-8 \r\n"
      "Content-Length: 17\r\nX-Two: 1\r\nx-two: 2\r\n\r\nbody";
  const RequestHead head = accepted(bytes);
  EXPECT_EQ(head.method, "POST");
  EXPECT_EQ(head.target, "/services/Quote?a=b");
  EXPECT_EQ(head.origin, head.target);
  EXPECT_EQ(head.host, "esb:8280");
  EXPECT_EQ(head.content_type, "text/xml; charset=UTF-8");
  EXPECT_EQ(head.framing, Framing::length);
  EXPECT_EQ(head.length, 17u);
  EXPECT_EQ(describe(head.fields),
            "Host=esb:8280|Content-Type=text/xml; charset=UTF-8|Content-Length=17|X-Two=1|x-two=2|");
}

TEST(RequestHead, TellsTheFirstOfTwoContentTypes) {
  const std::string bytes = post("Content-Type: text/xml\r\nContent-Type: text/html\r\n");
  EXPECT_EQ(accepted(bytes).content_type, "text/xml");
}

TEST(RequestHead, FramesTheBody) {
  EXPECT_EQ(accepted(get("")).framing, Framing::none);
  EXPECT_EQ(accepted(post("Transfer-Encoding: Chunked\r\n")).framing, Framing::chunked);
  EXPECT_EQ(accepted(post("Content-Length: 0\r\n")).framing, Framing::length);
  EXPECT_EQ(accepted(post("Content-Length: 9223372036854775807\r\n")).length, 9223372036854775807u);
  EXPECT_EQ(accepted(post10("")).framing, Framing::none);
}

// REL-062
TEST(RequestHead, ReducesTheAbsoluteFormToTheOriginForm) {
  const std::string with_query = "GET http://h/a/b?c=d HTTP/1.1\r\nHost: h\r\n\r\n";
  EXPECT_EQ(accepted(with_query).origin, "/a/b?c=d");
  EXPECT_EQ(accepted(with_query).target, "http://h/a/b?c=d");
  const std::string without_path = "GET http://h HTTP/1.1\r\nHost: h\r\n\r\n";
  EXPECT_EQ(accepted(without_path).origin, "/");
  const std::string query_only = "GET http://h?c=d HTTP/1.1\r\nHost: h\r\n\r\n";
  const RequestHead made = accepted(query_only);
  const RequestHead copy = made;
  EXPECT_EQ(copy.origin, "/?c=d");
  const std::string options = "OPTIONS http://h HTTP/1.1\r\nHost: h\r\n\r\n";
  EXPECT_EQ(accepted(options).origin, "*");
}

TEST(RequestHead, TakesTheHostOfAnAbsoluteTargetInHttp10) {
  const std::string bytes = "GET http://h:81/a HTTP/1.0\r\n\r\n";
  EXPECT_EQ(accepted(bytes).host, "h:81");
  const std::string none = "GET /a HTTP/1.0\r\n\r\n";
  EXPECT_EQ(accepted(none).host, "");
}

TEST(RequestHead, KeepsTheConnectionAsVersionAndTokensSay) {
  EXPECT_TRUE(accepted(get("")).keep_alive);
  EXPECT_FALSE(accepted(get("Connection: close\r\n")).keep_alive);
  EXPECT_FALSE(accepted(get("Connection: X-A , CLOSE\r\n")).keep_alive);
  EXPECT_FALSE(accepted(get("Connection: keep-alive\r\nConnection: close\r\n")).keep_alive);
  EXPECT_TRUE(accepted(get("Connection: closed\r\n")).keep_alive);
  EXPECT_FALSE(accepted(post10("")).keep_alive);
  EXPECT_TRUE(accepted(post10("Connection: Keep-Alive\r\n")).keep_alive);
  EXPECT_FALSE(accepted(post10("Connection: keep-alive, close\r\n")).keep_alive);
}

// REL-076, REL-077
TEST(RequestHead, ExpectsContinueOnlyInHttp11WithABody) {
  EXPECT_TRUE(accepted(post("Expect: 100-continue\r\nContent-Length: 5\r\n")).expect_continue);
  EXPECT_TRUE(accepted(post("Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n")).expect_continue);
  EXPECT_FALSE(accepted(post("Expect: 100-continue\r\n")).expect_continue);
  EXPECT_FALSE(accepted(post("Expect: 100-continue\r\nContent-Length: 0\r\n")).expect_continue);
  EXPECT_FALSE(accepted(post10("Expect: 100-continue\r\nContent-Length: 5\r\n")).expect_continue);
}

// REL-059
TEST(RequestHead, RefusesEveryUnderscoreNameWhenToldSo) {
  Limits strict;
  strict.underscore_names = false;
  EXPECT_EQ(request(get("my_header: v\r\n"), strict).reason, "underscore_name");
  EXPECT_EQ(request(get("my-header: v\r\n"), strict).status, 0);
}

TEST(RequestHead, LimitsAreSettings) {
  Limits small;
  small.request_line = 20;
  small.head = 50;
  small.field = 30;
  small.fields = 2;
  EXPECT_EQ(request("GET /456789 HTTP/1.1\r\nHost: h\r\n\r\n", small).status, 0);           // REL-010
  EXPECT_EQ(request("GET /4567890 HTTP/1.1\r\nHost: h\r\n\r\n", small).status, 414);         // REL-010
  EXPECT_EQ(request("GET / HTTP/1.1\r\nA: " + std::string(27, 'a'), small).status, 0);       // REL-012
  EXPECT_EQ(request("GET / HTTP/1.1\r\nA: " + std::string(29, 'a'), small).reason, "field_too_large");
  EXPECT_EQ(request(get("A: b\r\nC:\r\n"), small).reason, "too_many_fields");              // REL-013
  EXPECT_EQ(request(get("A: " + std::string(24, 'a')), small).reason, "head_too_large");     // REL-011
}

TEST(HeadParser, ConsumesTheHeadAndLeavesTheRest) {
  const std::string head = get("A: b\r\n");
  EXPECT_EQ(request(head + "GET /second").consumed, head.size());
  EXPECT_EQ(request("\r\n" + head + "body").consumed, head.size() + 2);
}

TEST(HeadParser, WaitsForTheEndOfTheHead) {
  const std::string head = "\r\n" + get("A: b\r\n");
  for (std::size_t size = 0; size < head.size(); ++size)
    EXPECT_EQ(request(std::string_view(head).substr(0, size)).state, Parse::more) << size;
}

TEST(HeadParser, ParsesOneRequestAfterTheOther) {
  const std::string first = get("Connection: close\r\nContent-Length: 0\r\n");
  const std::string both = first + post("Transfer-Encoding: chunked\r\n");
  HeadParser parser{Limits{}};
  RequestHead head;
  std::size_t consumed = 0;
  ASSERT_EQ(parser.request(both, head, consumed), Parse::done);
  EXPECT_FALSE(head.keep_alive);
  const std::string_view rest = std::string_view(both).substr(consumed);
  ASSERT_EQ(parser.request(rest, head, consumed), Parse::done);
  EXPECT_EQ(head.method, "POST");
  EXPECT_TRUE(head.keep_alive);
  EXPECT_EQ(head.framing, Framing::chunked);
  EXPECT_EQ(head.fields.all().size(), 2u);
  EXPECT_EQ(consumed, rest.size());
}

TEST(HeadParser, StaysRefusedUntilReset) {
  HeadParser parser{Limits{}};
  RequestHead head;
  std::size_t consumed = 0;
  EXPECT_EQ(parser.request("\x16", head, consumed), Parse::bad);
  const std::string good = get("");
  EXPECT_EQ(parser.request(good, head, consumed), Parse::bad);
  EXPECT_EQ(parser.refusal().status, 400);
  parser.reset();
  EXPECT_EQ(parser.refusal().status, 0);
  EXPECT_EQ(parser.request(good, head, consumed), Parse::done);
}

TEST(HeadParser, ForgetsAHalfReadHeadOnReset) {
  HeadParser parser{Limits{}};
  RequestHead head;
  std::size_t consumed = 0;
  EXPECT_EQ(parser.request("POST / HTTP/1.1\r\nContent-Length: 5\r\n", head, consumed), Parse::more);
  parser.reset();
  const std::string good = get("Content-Length: 7\r\n");
  ASSERT_EQ(parser.request(good, head, consumed), Parse::done);
  EXPECT_EQ(head.length, 7u);
}

TEST(HeadParser, ReusesTheFieldVector) {
  HeadParser parser{Limits{}};
  RequestHead head;
  std::size_t consumed = 0;
  const std::string bytes = get(many_fields(50));
  ASSERT_EQ(parser.request(bytes, head, consumed), Parse::done);
  const Header* memory = head.fields.all().data();
  ASSERT_EQ(parser.request(bytes, head, consumed), Parse::done);
  EXPECT_EQ(head.fields.all().data(), memory);
}

TEST(Rebase, MovesEveryViewToTheCopy) {
  std::string bytes =
      "POST http://h/a?b HTTP/1.1\r\nHost: h\r\nContent-Type: text/xml\r\nContent-Length: 3\r\nE:\r\n\r\n";
  RequestHead head = accepted(bytes);
  const std::string before = describe(head);
  const std::string copy = bytes;
  rebase(head, bytes, copy.data());
  std::fill(bytes.begin(), bytes.end(), '#');
  EXPECT_EQ(describe(head), before);
}

TEST(Rebase, LeavesTextsThatAreNotOfTheBuffer) {
  std::string bytes = "GET http://h HTTP/1.0\r\n\r\n";
  RequestHead head = accepted(bytes);
  const std::string copy = bytes;
  rebase(head, bytes, copy.data());
  std::fill(bytes.begin(), bytes.end(), '#');
  EXPECT_EQ(head.origin, "/");
  EXPECT_EQ(head.host, "h");
  EXPECT_EQ(head.content_type, "");
}

}  // namespace
}  // namespace myelin::http::test
