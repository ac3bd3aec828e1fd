// Odd HTTP/2 requests, read by Myelin and by four other servers, each of which writes an HTTP/1.1 request from it
// (REL-050..068, REL-173; RFC 9113, 8): what Myelin accepts nobody may read differently, and what it writes nobody may
// read differently from that.

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/differential/all_servers.hpp"
#include "tests/differential/http2_client.hpp"

namespace myelin::differential {
namespace {

using namespace std::string_literals;
using test::Fields;
namespace frame = test::frame;

constexpr test::Millis kPatience{1500};
const std::string kRefused = "refused", kAccepted = "accepted";
const std::string kCut = "cut";  ///< what it says it is goes on, before more of it comes, which resets it

struct OddRequest {
  std::string name, verb;
  std::string frames;
  /// Differences that were decided to be harmless.
  std::vector<std::string> decided{};
};
void PrintTo(const OddRequest& one, std::ostream* out) { *out << one.name; }

std::string headers(const Fields& fields, bool ends) {
  return test::frame_of(frame::headers, static_cast<std::uint8_t>(frame::kEndHeaders | (ends ? frame::kEndStream : 0)), 1, test::hpack(fields));
}
std::string data(std::string_view bytes) { return test::frame_of(frame::data, frame::kEndStream, 1, bytes); }
/// An ordinary GET with something odd behind its fields.
std::string with(const Fields& more) { return headers(test::request_fields("GET", "/a", more), true); }
std::string posted(const Fields& more, std::string_view body) { return headers(test::request_fields("POST", "/a", more), false) + data(body); }
std::string of(std::string_view method, std::string_view path, std::string_view scheme = "http", std::string_view authority = "h") {
  return headers({{":method", std::string(method)}, {":scheme", std::string(scheme)}, {":path", std::string(path)}, {":authority", std::string(authority)}}, true);
}
const Fields kMethod{{":method", "GET"}}, kScheme{{":scheme", "http"}}, kPath{{":path", "/a"}}, kAuthority{{":authority", "h"}};
std::string joined(const std::vector<Fields>& parts) {
  Fields all;
  for (const Fields& part : parts) all.insert(all.end(), part.begin(), part.end());
  return headers(all, true);
}

std::vector<OddRequest> pseudo_fields() {
  return {
      {"ordinary", kAccepted, with({})},
      {"other_order", kAccepted, joined({kAuthority, kPath, kMethod, kScheme})},
      {"behind_others", kRefused, joined({kMethod, kScheme, {{"x", "y"}}, kPath, kAuthority})},
      {"method_behind_others", kRefused, joined({kScheme, kPath, kAuthority, {{"x", "y"}}, kMethod})},
      {"no_method", kRefused, joined({kScheme, kPath, kAuthority})},
      {"no_scheme", kRefused, joined({kMethod, kPath, kAuthority})},
      {"no_path", kRefused, joined({kMethod, kScheme, kAuthority})},
      {"no_authority_no_host", kRefused, joined({kMethod, kScheme, kPath})},
      {"host_alone", kAccepted, joined({kMethod, kScheme, kPath, {{"host", "h"}}})},
      {"two_methods", kRefused, joined({kMethod, kMethod, kScheme, kPath, kAuthority})},
      {"two_other_methods", kRefused, joined({kMethod, {{":method", "POST"}}, kScheme, kPath, kAuthority})},
      {"two_schemes", kRefused, joined({kMethod, kScheme, kScheme, kPath, kAuthority})},
      {"two_paths", kRefused, joined({kMethod, kScheme, kPath, {{":path", "/b"}}, kAuthority})},
      {"two_authorities", kRefused, joined({kMethod, kScheme, kPath, kAuthority, {{":authority", "other"}}})},
      {"unknown", kRefused, joined({kMethod, kScheme, kPath, kAuthority, {{":odd", "1"}}})},
      {"of_an_answer", kRefused, joined({kMethod, kScheme, kPath, kAuthority, {{":status", "200"}}})},
      {"protocol", kRefused, joined({kMethod, kScheme, kPath, kAuthority, {{":protocol", "websocket"}}})},
      {"uppercase", kRefused, joined({kMethod, kScheme, {{":Path", "/a"}}, kAuthority})},
      {"host_equal", kAccepted, with({{"host", "h"}})},
      {"host_of_other_case", kAccepted, with({{"host", "H"}})},
      {"host_differs", kRefused, with({{"host", "other"}})},
      {"two_hosts", kRefused, joined({kMethod, kScheme, kPath, {{"host", "h"}, {"host", "h"}}})},
      {"two_other_hosts", kRefused, joined({kMethod, kScheme, kPath, {{"host", "h"}, {"host", "other"}}})},
      {"empty_authority", kRefused, of("GET", "/a", "http", "")},
      {"authority_with_port", kAccepted, of("GET", "/a", "http", "h:80"), {"haproxy.host", "lighttpd.host"}},  // the scheme's own
      {"authority_with_user", kRefused, of("GET", "/a", "http", "u@h")},
      {"authority_with_path", kRefused, of("GET", "/a", "http", "h/b")},
      {"authority_with_blank", kRefused, of("GET", "/a", "http", "h x")},
      {"authority_with_line", kRefused, of("GET", "/a", "http", "h\r\nx: y")},
      {"authority_list", kRefused, of("GET", "/a", "http", "h,other")},
  };
}

std::vector<OddRequest> targets() {
  return {
      {"empty", kRefused, of("GET", "")},
      {"without_slash", kRefused, of("GET", "a")},
      {"asterisk", kRefused, of("GET", "*")},
      {"asterisk_options", kAccepted, of("OPTIONS", "*")},
      {"absolute", kRefused, of("GET", "http://h/a")},
      {"absolute_elsewhere", kRefused, of("GET", "http://other/a")},
      {"fragment", kRefused, of("GET", "/a#b")},
      {"blank", kRefused, of("GET", "/a b")},
      {"blank_and_version", kRefused, of("GET", "/a HTTP/1.1")},
      {"line", kRefused, of("GET", "/a\r\nx: y")},
      {"line_feed", kRefused, of("GET", "/a\nb")},
      {"tab", kRefused, of("GET", "/a\tb")},
      {"nul", kRefused, of("GET", "/a\0b"s)},
      {"not_ascii", kRefused, of("GET", "/\xc3\xa4")},
      {"encoded_nul", kRefused, of("GET", "/a%00b")},
      {"above_the_root", kRefused, of("GET", "/../a")},
      {"dots", kAccepted, of("GET", "/a/./b/../c")},
      {"double_slash", kAccepted, of("GET", "//a//b"), {"apache.target", "lighttpd.target"}},  // these merge slashes
      {"two_questions", kAccepted, of("GET", "/a?b?c")},
      {"encoded_slash", kAccepted, of("GET", "/a%2fb"), {"lighttpd.target"}},  // which writes targets anew
      {"backslash", kAccepted, of("GET", "/a\\b"), {"lighttpd.target"}},  // likewise
      {"authority_form", kRefused, of("GET", "h:80")},
      {"method_of_lower_case", kAccepted, of("get", "/a")},
      {"odd_method", kAccepted, of("M-SEARCH", "/a")},
      {"empty_method", kRefused, of("", "/a")},
      {"method_with_blank", kRefused, of("GET /b HTTP/1.1", "/a")},
      {"method_with_line", kRefused, of("GET\r\n", "/a")},
      {"connect", kRefused, joined({{{":method", "CONNECT"}}, {{":authority", "h:80"}}})},
      {"connect_with_path", kRefused, of("CONNECT", "/a")},
      {"trace", kRefused, of("TRACE", "/a")},
      {"scheme_https", kAccepted, of("GET", "/a", "https")},
      {"scheme_of_upper_case", kAccepted, of("GET", "/a", "HTTP")},
      {"scheme_other", kRefused, of("GET", "/a", "ftp")},
      {"scheme_empty", kRefused, of("GET", "/a", "")},
      {"scheme_with_more", kRefused, of("GET", "/a", "http://h/b?")},
  };
}

std::vector<OddRequest> fields() {
  return {
      {"uppercase", kRefused, with({{"X-Upper", "1"}})},
      {"connection", kRefused, with({{"connection", "close"}})},
      {"connection_that_names", kRefused, with({{"connection", "x"}, {"x", "1"}})},
      {"keep_alive", kRefused, with({{"keep-alive", "timeout=5"}})},
      {"proxy_connection", kRefused, with({{"proxy-connection", "close"}})},
      {"transfer_encoding", kRefused, with({{"transfer-encoding", "chunked"}})},
      {"transfer_encoding_with_body", kRefused, posted({{"transfer-encoding", "chunked"}}, "0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n")},
      {"upgrade", kRefused, with({{"upgrade", "websocket"}})},
      {"te_trailers", kAccepted, with({{"te", "trailers"}})},
      {"te_gzip", kRefused, with({{"te", "gzip"}})},
      {"te_list", kRefused, with({{"te", "trailers, gzip"}})},
      {"carriage_return", kRefused, with({{"x", "a\rb"}})},
      {"line_feed", kRefused, with({{"x", "a\nb"}})},
      {"line", kRefused, with({{"x", "a\r\ny: z"}})},
      {"line_and_request", kRefused, with({{"x", "a\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n"}})},
      {"nul", kRefused, with({{"x", "a\0b"s}})},
      {"control", kRefused, with({{"x", "a\x01" "b"}})},
      {"del", kRefused, with({{"x", "a\x7f"}})},
      {"tab", kAccepted, with({{"x", "a\tb"}})},
      {"not_ascii", kAccepted, with({{"x", "\xc3\xa4"}})},
      {"empty_value", kAccepted, with({{"x", ""}})},
      {"empty_name", kRefused, with({{"", "x"}})},
      {"name_with_blank", kRefused, with({{"x ", "1"}})},
      {"name_with_colon", kRefused, with({{"x:y", "1"}})},
      {"name_with_line", kRefused, with({{"x\r\ny", "1"}})},
      {"name_with_nul", kRefused, with({{"x\0"s, "1"}})},
      {"name_not_ascii", kRefused, with({{"\xc3\xa4", "1"}})},
      {"underscore", kAccepted, with({{"x_y", "1"}}), {"nginx.x_y"}},  // which drops it
      {"underscore_framing", kRefused, with({{"content_length", "5"}})},
      {"underscore_coding", kRefused, with({{"transfer_encoding", "chunked"}})},
      {"cookies", kAccepted, with({{"cookie", "a=1"}, {"cookie", "b=2"}, {"cookie", "c=3"}})},
      {"cookies_apart", kAccepted, with({{"cookie", "a=1"}, {"x", "y"}, {"cookie", "b=2"}})},
      {"cookie_empty", kAccepted, with({{"cookie", "a=1"}, {"cookie", ""}}), {"apache.cookie", "lighttpd.cookie"}},  // which drop it
      {"repeated", kAccepted, with({{"x", "1"}, {"x", "2"}})},
      {"expect_other", kRefused, posted({{"expect", "odd"}}, "hello")},
      {"forwarded_twice", kAccepted, with({{"x-forwarded-for", "a"}, {"x-forwarded-for", "b"}})},
  };
}

std::vector<OddRequest> bodies() {
  const std::string post = headers(test::request_fields("POST", "/a"), false);
  const std::string smuggled = "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n";
  return {
      {"length", kAccepted, posted({{"content-length", "5"}}, "hello")},
      {"no_length", kAccepted, posted({}, "hello")},
      {"like_a_request", kAccepted, posted({}, smuggled)},
      {"like_chunks", kAccepted, posted({}, "0\r\n\r\n" + smuggled)},
      {"empty_without_length", kAccepted, posted({}, "")},
      {"length_0", kAccepted, posted({{"content-length", "0"}}, "")},
      {"length_0_at_once", kAccepted, headers(test::request_fields("POST", "/a", {{"content-length", "0"}}), true)},
      {"too_short", kRefused, posted({{"content-length", "6"}}, "hello")},
      {"too_long", kRefused, posted({{"content-length", "4"}}, "hello")},
      {"length_0_with_body", kCut, posted({{"content-length", "0"}}, smuggled)},
      {"length_without_body", kRefused, headers(test::request_fields("POST", "/a", {{"content-length", "5"}}), true)},
      {"two_lengths", kRefused, posted({{"content-length", "5"}, {"content-length", "5"}}, "hello")},
      {"two_other_lengths", kRefused, posted({{"content-length", "5"}, {"content-length", "4"}}, "hello")},
      {"length_list", kRefused, posted({{"content-length", "5, 5"}}, "hello")},
      {"length_plus", kRefused, posted({{"content-length", "+5"}}, "hello")},
      {"length_hex", kRefused, posted({{"content-length", "0x5"}}, "hello")},
      {"length_blank", kRefused, posted({{"content-length", " 5"}}, "hello")},
      {"length_empty", kRefused, posted({{"content-length", ""}}, "hello")},
      {"length_negative", kRefused, posted({{"content-length", "-5"}}, "hello")},
      {"length_overflow", kRefused, posted({{"content-length", "18446744073709551621"}}, "hello")},
      {"of_get", kAccepted, headers(test::request_fields("GET", "/a"), false) + data("hello")},
      {"of_head", kAccepted, headers(test::request_fields("HEAD", "/a"), false) + data("hello")},
      {"in_pieces", kAccepted, post + test::frame_of(frame::data, 0, 1, "he") + test::frame_of(frame::data, 0, 1, "") + data("llo")},
      {"padded", kAccepted, post + test::frame_of(frame::data, frame::kPadded | frame::kEndStream, 1, "\x04hello\r\n\r\n")},
      {"trailers", kAccepted, post + test::frame_of(frame::data, 0, 1, "hello") + headers({{"x", "1"}}, true)},
      {"trailers_of_framing", kRefused, post + test::frame_of(frame::data, 0, 1, "hello") + headers({{"content-length", "3"}}, true)},
      {"trailers_with_path", kRefused, post + test::frame_of(frame::data, 0, 1, "hello") + headers({{":path", "/b"}}, true)},
      {"trailers_with_line", kRefused, post + test::frame_of(frame::data, 0, 1, "hello") + headers({{"x", "a\r\n\r\n" + smuggled}}, true)},
      {"trailers_that_do_not_end", kRefused, post + test::frame_of(frame::data, 0, 1, "hello") + headers({{"x", "1"}}, false)},
  };
}

/// The value of a field; several in one list.
std::string value_of(const Reading& reading, std::string_view name) {
  std::string found;
  std::string lower = reading.raw.substr(0, reading.raw.find("\r\n\r\n") + 2);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const std::string begin = "\r\n" + std::string(name) + ":";
  for (auto at = lower.find(begin); at != lower.npos; at = lower.find(begin, at + 2)) {
    std::string value = reading.raw.substr(at + begin.size(), lower.find("\r\n", at + 2) - at - begin.size());
    while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.erase(0, 1);
    while (!value.empty() && value.back() == ' ') value.pop_back();
    found += (found.empty() ? "" : ", ") + value;
  }
  return found;
}

std::string without_dots(std::string target) { return target == "/a/./b/../c" ? "/a/c" : target; }

class Http2Differential : public testing::TestWithParam<OddRequest> {
 protected:
  void compare(const std::string& name, const Reading& ours, Reading theirs, const char* what) {
    theirs.target = without_dots(theirs.target);
    std::vector<std::string> found = differences(ours, theirs);
    for (const char* field : {"x", "x_y", "cookie"})
      if (value_of(ours, field) != value_of(theirs, field)) found.emplace_back(field);
    for (const std::string& difference : found) {
      const auto& decided = GetParam().decided;
      if (std::find(decided.begin(), decided.end(), name + '.' + difference) != decided.end()) continue;
      ADD_FAILURE() << name << " reads another " << difference << " in " << what << "\n  Myelin: " << testing::PrintToString(ours.raw)
                    << "\n  " << name << ": " << testing::PrintToString(theirs.raw);
    }
  }
};

TEST_P(Http2Differential, IsReadAlike) {
  const OddRequest& row = GetParam();
  const Http2Outcome ours = send_http2(*all_servers().myelin_http2, row.frames, test::kPatience);
  std::vector<Reading> passed = ours.readings;
  std::erase_if(passed, [](const Reading& one) { return one.target == "/end"; });
  if (row.verb == kRefused) {
    EXPECT_TRUE(passed.empty()) << "Myelin passes on" << ours.text();
    EXPECT_TRUE(ours.status >= 400 || ours.end.starts_with("reset") || ours.end.starts_with("goaway")) << ours.text();
    return;
  }
  ASSERT_EQ(passed.size(), 1u) << "Myelin" << ours.text();
  if (row.verb == kCut) {
    EXPECT_EQ(passed.front().body, "");
    EXPECT_TRUE(ours.end.starts_with("reset")) << ours.text();
    return;
  }
  EXPECT_EQ(ours.readings.size(), 2u) << "Myelin" << ours.text();
  for (const auto& [name, server] : all_servers().http2) {
    const Http2Outcome theirs = send_http2(*server, row.frames, kPatience);
    std::vector<Reading> read = theirs.readings;
    std::erase_if(read, [](const Reading& one) { return one.target == "/end"; });
    EXPECT_LE(read.size(), 1u) << name << " reads more messages" << theirs.text();
    if (read.empty()) all_servers().stricter(name + " (HTTP/2)", row.name + ':' + theirs.end + ' ' + std::to_string(theirs.status));
    else compare(name, passed.front(), read.front(), "what the client sends");
  }
  for (const auto& [name, server] : all_servers().others) {
    const std::string end = "GET /end HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    const Outcome theirs = server->send(passed.front().raw + end, kPatience);
    EXPECT_LE(theirs.readings.size(), 2u) << name << " reads more messages in what Myelin passes on" << theirs.text();
    if (!theirs.readings.empty() && theirs.readings.front().target != "/end")
      compare(name, passed.front(), theirs.readings.front(), "what Myelin passes on");
  }
  if (all_servers().http2.empty()) GTEST_SKIP() << "none of the other servers is here: scripts/incumbents";
}

const auto kName = [](const auto& row) { return row.param.name; };
INSTANTIATE_TEST_SUITE_P(PseudoFields, Http2Differential, testing::ValuesIn(pseudo_fields()), kName);
INSTANTIATE_TEST_SUITE_P(Targets, Http2Differential, testing::ValuesIn(targets()), kName);
INSTANTIATE_TEST_SUITE_P(HeaderFields, Http2Differential, testing::ValuesIn(fields()), kName);
INSTANTIATE_TEST_SUITE_P(Bodies, Http2Differential, testing::ValuesIn(bodies()), kName);

class Http2Incumbents : public testing::TestWithParam<const char*> {};

TEST_P(Http2Incumbents, ReadWhatIsNotOdd) {
  const auto found = all_servers().http2.find(GetParam());
  if (found == all_servers().http2.end()) GTEST_SKIP() << "not installed: scripts/incumbents";
  const Http2Outcome outcome = send_http2(*found->second, posted({{"content-length", "5"}, {"x", "1"}}, "hello"), kPatience);
  ASSERT_EQ(outcome.readings.size(), 2u) << outcome.text();
  std::vector<std::string> texts{outcome.readings[0].text(), outcome.readings[1].text()};
  std::sort(texts.begin(), texts.end());
  EXPECT_EQ(texts[1], "POST /a host=h body=\"hello\"");
  EXPECT_EQ(outcome.status, 200);
}

INSTANTIATE_TEST_SUITE_P(Servers, Http2Incumbents, testing::ValuesIn(kNames), [](const auto& name) { return std::string(name.param); });

}  // namespace
}  // namespace myelin::differential
