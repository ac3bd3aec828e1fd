// Which heads an HTTP/2 client may send, and how much of everything (REL-010..013, 041, 055..064).

#include "tests/unit/http/http2_wire.hpp"
#include "transports/http/counters.hpp"
#include "transports/http/http2_guard.hpp"
#include "transports/http/http2_head.hpp"

namespace myelin::http::test {
namespace {

/// Sends one request and one more, which is answered whatever became of the first.
struct HeadCase {
  std::string name;
  Fields fields;
  int status = 0;  ///< 0: the stream is reset with PROTOCOL_ERROR
};
void PrintTo(const HeadCase& one, std::ostream* out) { *out << one.name; }

Fields with(const Fields& more) { return request_fields("GET", "/", more); }
Fields custom(std::string_view method, std::string_view scheme, std::string_view path, std::string_view authority) {
  return {{":method", std::string(method)},
          {":scheme", std::string(scheme)},
          {":path", std::string(path)},
          {":authority", std::string(authority)}};
}

class Http2Heads : public testing::TestWithParam<HeadCase> {};

TEST_P(Http2Heads, AreJudgedAsInHttp1) {  // REL-003
  Greeted<EchoPipeline> greeted;
  auto& [echo, server, client] = greeted;
  const Http2Answer& answer = client.answer(client.request(GetParam().fields));
  const bool served = GetParam().status == 200;
  if (GetParam().status == 0) EXPECT_EQ(answer.reset, 1u);
  else EXPECT_EQ(answer.status(), GetParam().status);
  EXPECT_EQ(answer.body, "");
  EXPECT_EQ(echo.served, served ? 1 : 0);
  EXPECT_EQ(client.exchange("/next").field("x-line"), "GET /next");
}

INSTANTIATE_TEST_SUITE_P(
    Rules, Http2Heads,
    testing::Values(
        HeadCase{"host_instead_of_authority", {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {"host", "h"}}, 200},
        HeadCase{"host_like_authority", with({{"host", "H"}}), 200},
        HeadCase{"host_unlike_authority", with({{"host", "other"}}), 400},        // REL-062
        HeadCase{"no_host", {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}}, 0},  // REL-063
        HeadCase{"user_in_authority", custom("GET", "http", "/", "u@h"), 400},    // REL-063
        HeadCase{"blank_in_authority", custom("GET", "http", "/", "a b"), 0},
        HeadCase{"empty_authority", custom("GET", "http", "/", ""), 0},
        HeadCase{"https", custom("GET", "https", "/", "h"), 200},
        HeadCase{"other_scheme", custom("GET", "ftp", "/", "h"), 400},
        HeadCase{"connect", {{":method", "CONNECT"}, {":authority", "h:80"}}, 501},  // REL-064
        HeadCase{"trace", custom("TRACE", "http", "/", "h"), 405},                // REL-064
        HeadCase{"options", custom("OPTIONS", "http", "*", "h"), 200},
        HeadCase{"star", custom("GET", "http", "*", "h"), 0},
        HeadCase{"bad_method", custom("GE T", "http", "/", "h"), 0},
        HeadCase{"empty_path", custom("GET", "http", "", "h"), 0},
        HeadCase{"absolute_path", custom("GET", "http", "http://h/", "h"), 0},
        HeadCase{"fragment", custom("GET", "http", "/a#b", "h"), 400},            // REL-061
        HeadCase{"blank_in_path", custom("GET", "http", "/a b", "h"), 0},         // REL-061
        HeadCase{"high_byte_in_path", custom("GET", "http", "/\x80", "h"), 400},  // REL-061
        HeadCase{"smuggled_line", custom("GET", "http", "/ HTTP/1.1\r\nx: y", "h"), 0},
        HeadCase{"long_path", custom("GET", "http", "/" + std::string(8'200, 'x'), "h"), 414},  // REL-010
        HeadCase{"hundred_fields", with(Fields(98, {"x", "y"})), 200},
        HeadCase{"too_many_fields", with(Fields(101, {"x", "y"})), 431},          // REL-013
        HeadCase{"large_field", with({{"x", std::string(16'300, 'y')}}), 200},
        HeadCase{"expect_other", with({{"expect", "more"}}), 417},                // REL-076
        HeadCase{"underscore", with({{"x_y", "1"}}), 200},                        // REL-059
        HeadCase{"underscore_twin", with({{"content_length", "1"}}), 400},        // REL-059
        HeadCase{"bad_length", with({{"content-length", "+5"}}), 0},              // REL-054
        HeadCase{"two_lengths", with({{"content-length", "0"}, {"content-length", "0"}}), 0},  // REL-053
        HeadCase{"length_without_body", with({{"content-length", "5"}}), 0},
        HeadCase{"upper_case", with({{"X-Name", "1"}}), 0},
        HeadCase{"empty_name", with({{"", "1"}}), 0},                             // REL-055
        HeadCase{"blank_in_name", with({{"x y", "1"}}), 0},                       // REL-055
        HeadCase{"line_end_in_value", with({{"x", "1\r\ny: 2"}}), 0},             // REL-057
        HeadCase{"control_in_value", with({{"x", std::string("a\0b", 3)}}), 0},   // REL-058
        HeadCase{"connection", with({{"connection", "close"}}), 0},
        HeadCase{"keep_alive", with({{"keep-alive", "timeout=5"}}), 0},
        HeadCase{"proxy_connection", with({{"proxy-connection", "close"}}), 0},
        HeadCase{"upgrade", with({{"upgrade", "h2c"}}), 0},
        HeadCase{"transfer_encoding", with({{"transfer-encoding", "chunked"}}), 0},  // REL-050
        HeadCase{"te_trailers", with({{"te", "trailers"}}), 200},
        HeadCase{"te_other", with({{"te", "gzip"}}), 0},
        HeadCase{"pseudo_behind_others", {{":method", "GET"}, {":scheme", "http"}, {"x", "y"}, {":path", "/"}, {":authority", "h"}}, 0},
        HeadCase{"pseudo_twice", {{":method", "GET"}, {":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {":authority", "h"}}, 0},
        HeadCase{"pseudo_unknown", {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {":authority", "h"}, {":x", "y"}}, 0},
        HeadCase{"pseudo_of_answers", {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {":authority", "h"}, {":status", "200"}}, 0},
        HeadCase{"no_method", {{":scheme", "http"}, {":path", "/"}, {":authority", "h"}}, 0},
        HeadCase{"no_scheme", {{":method", "GET"}, {":path", "/"}, {":authority", "h"}}, 0},
        HeadCase{"no_path", {{":method", "GET"}, {":scheme", "http"}, {":authority", "h"}}, 0}),
    [](const auto& one) { return one.param.name; });

/// A header block over as many CONTINUATIONs as it takes.
std::string block_of(std::uint32_t id, std::string_view block) {
  std::string bytes;
  for (std::uint8_t type = frame::headers; !block.empty(); type = frame::continuation) {
    const std::string_view part = block.substr(0, 16'384);
    block.remove_prefix(part.size());
    const auto ends = static_cast<std::uint8_t>(block.empty() ? frame::kEndHeaders : 0);
    bytes += frame_of(type, static_cast<std::uint8_t>(ends | (type == frame::headers ? frame::kEndStream : 0)), id, part);
  }
  return bytes;
}

TEST(Http2Limits, FieldsAndHeadsThatAreTooLargeAre431) {  // REL-011, REL-012
  Greeted<EchoPipeline> greeted;
  auto& [echo, server, client] = greeted;
  client.send(block_of(1, hpack(with({{"x", std::string(16'384, 'y')}}))));
  EXPECT_EQ(client.answer(1).status(), 431);
  // 32 KiB of head from few bytes: one field in the table, named again and again.
  std::string block = hpack(request_fields("GET", "/"));
  block += std::string("\x40\x01x", 3) + hpack_length(3'000) + std::string(3'000, 'y');
  block += std::string(10, '\xbe');
  client.send(block_of(3, block));
  EXPECT_EQ(client.answer(3).status(), 431);
  client.send(block_of(5, hpack(with({{"x", std::string(16'000, 'y')}, {"z", std::string(16'000, 'y')}}))));
  EXPECT_EQ(client.answer(5).status(), 200);
  EXPECT_EQ(echo.served, 1);
}

TEST(Http2Limits, TheServerTellsThem) {  // REL-041
  Greeted<EchoPipeline> greeted;
  auto& [echo, server, client] = greeted;
  EXPECT_EQ(client.settings[3], 100u);        // MAX_CONCURRENT_STREAMS
  EXPECT_EQ(client.settings[6], 32u * 1024);  // MAX_HEADER_LIST_SIZE
  EXPECT_FALSE(client.settings.contains(4));  // 64 KiB of window, as everywhere
}

constexpr int kCalm = 11;

/// Sends `bytes`; the connection ends with ENHANCE_YOUR_CALM and nothing was served.
void expect_calm(const std::function<std::string(Http2Peer&)>& bytes) {
  Greeted<EchoPipeline> greeted;
  auto& [echo, server, client] = greeted;
  client.send(bytes(client));
  EXPECT_EQ(client.goaway_code(), kCalm);
  EXPECT_EQ(echo.served, 0);
  server.running.settle();
  EXPECT_EQ(server.counters().refused.get(), 1u);
}

std::string repeated(int times, const std::string& text) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

TEST(Http2Limits, AHeaderBlockThatGrowsOnEndsTheConnection) {  // REL-041
  expect_calm([](Http2Peer&) { return block_of(1, hpack(with({{"x", std::string(33'000, 'y')}}))); });
  expect_calm([](Http2Peer&) {
    return frame_of(frame::headers, 0, 1, hpack(with({}))) + repeated(5'000, frame_of(frame::continuation, 0, 1));
  });
}

TEST(Http2Limits, FloodsOfControlFramesEndTheConnection) {  // REL-041
  const std::string ping = frame_of(frame::ping, 0, 0, "12345678");
  const std::string settings = frame_of(frame::settings, 0, 0);
  expect_calm([&](Http2Peer&) { return repeated(61, ping); });
  expect_calm([&](Http2Peer&) { return repeated(20'000, ping); });
  expect_calm([&](Http2Peer&) { return repeated(14, settings); });  // and the one in the greeting
  expect_calm([&](Http2Peer&) { return repeated(20'000, settings); });
}

TEST(Http2Limits, WhatIsAllowedPerMinuteIsAllowed) {  // REL-041
  Greeted<EchoPipeline> greeted;
  auto& [echo, server, client] = greeted;
  for (int minute = 0; minute < 3; ++minute) {
    client.send(repeated(60, frame_of(frame::ping, 0, 0, "12345678")));
    client.send(repeated(13, frame_of(frame::settings, 0, 0)));
    EXPECT_EQ(client.exchange("/").status(), 200);
    server.running.settle();
    Clock::advance(Duration(30'000));
    EXPECT_EQ(client.exchange("/").status(), 200);  // not idle for a minute
    server.running.settle();
    Clock::advance(Duration(30'000));
  }
  EXPECT_FALSE(client.goaway.has_value());
}

std::string reset_requests(int times) {
  std::string bytes;
  for (int i = 0; i < times; ++i) {
    const auto id = static_cast<std::uint32_t>(2 * i + 1);
    bytes += frame_of(frame::headers, 5, id, hpack(request_fields("GET", "/"))) +
             frame_of(frame::reset, 0, id, big_endian(8));
  }
  return bytes;
}

TEST(Http2Limits, RapidResetsEndTheConnection) {  // REL-041
  Backend backend;  // accepts nothing: exchanges stay
  Proxy proxy(backend.port());
  proxy.start();
  Http2Peer client(proxy.connect());
  client.greet();
  client.send(reset_requests(201));
  EXPECT_EQ(client.goaway_code(), kCalm);
}

TEST(Http2Limits, ResetsThatTheClientMakesUsSendCountToo) {  // REL-041
  Greeted<EchoPipeline> greeted;
  auto& [echo, server, client] = greeted;
  for (int i = 0; i < 200; ++i) {
    const std::uint32_t id = client.request(with({{"connection", "close"}}));
    EXPECT_EQ(client.answer(id).reset, 1u);
  }
  client.request(with({{"connection", "close"}}));
  EXPECT_EQ(client.goaway_code(), kCalm);
}

TEST(Http2Limits, NoMoreStreamsThanAgreed) {  // REL-041
  Backend backend;
  Proxy proxy(backend.port());
  proxy.start();
  Http2Peer client(proxy.connect());
  client.greet();
  for (int i = 0; i < 100; ++i) client.get("/");
  client.send(frame::ping, 0, 0, "12345678");
  ASSERT_TRUE(client.read_to(frame::ping));
  EXPECT_EQ(proxy.running.shard->active(), 100u);
  client.get("/");
  EXPECT_EQ(client.goaway_code(), 1);
}

TEST(Http2Limits, ExchangesThatOutliveTheirStreamsAreLimitedToo) {  // REL-041
  Backend backend;
  Config config;
  config.http2_limits.streams = 10;
  config.http2_limits.resets = 1'000;
  Proxy proxy(backend.port(), config);
  proxy.start();
  Http2Peer client(proxy.connect());
  client.greet();
  client.send(reset_requests(20));
  client.next_id = 41;
  EXPECT_EQ(client.answer(client.get("/")).reset, 7u);  // REFUSED_STREAM
  EXPECT_EQ(proxy.running.shard->active(), 20u);
}

// --- the parts alone --------------------------------------------------------------------------------

TEST(Http2Guard, KnowsWhetherAHeadIsUnderWayInAnyPieces) {
  const std::string bytes = std::string(kPreface) + frame_of(frame::settings, 0, 0) +
                            frame_of(frame::headers, 0, 1, "abc") + frame_of(frame::continuation, 4, 1, "d") +
                            frame_of(frame::data, 1, 1, "\x04");
  std::string states;
  Http2Guard guard{Http2Limits()};
  for (const char byte : bytes) {
    ASSERT_TRUE(guard.watch(std::string_view(&byte, 1), Clock::now()));
    states += guard.in_head() ? '1' : '0';
  }
  // From the ninth byte of HEADERS to the last of its CONTINUATION.
  EXPECT_EQ(states, std::string(23, '1') + std::string(1 + 9 + 8, '0') + std::string(1 + 3 + 9, '1') + std::string(1 + 10, '0'));
}

TEST(Http2Guard, CountsPerMinute) {
  Http2Limits limits;
  limits.pings = 2;
  Http2Guard guard(limits);
  const std::string ping = frame_of(frame::ping, 0, 0, "12345678");
  const TimePoint start = Clock::now();
  EXPECT_TRUE(guard.watch(std::string(kPreface) + ping + ping, start));
  EXPECT_TRUE(guard.watch(frame_of(frame::ping, frame::kAck, 0, "12345678"), start));
  EXPECT_TRUE(guard.watch(ping + ping, start + Duration(60'000)));
  EXPECT_FALSE(guard.watch(ping, start + Duration(119'000)));
  EXPECT_STREQ(guard.reason(), "too_many_pings");
}

TEST(Http2Ids, JudgesTheLatestStreams) {
  using enum Http2Ids::Verdict;
  Http2Ids ids;
  EXPECT_EQ(ids.data(1, false), fine);  // idle: the layer below says so
  EXPECT_EQ(ids.headers(3, true), fine);
  EXPECT_EQ(ids.headers(1, true), goes_back);
  EXPECT_EQ(ids.data(3, false), ended);
  EXPECT_EQ(ids.headers(7, false), fine);
  EXPECT_EQ(ids.headers(5, false), goes_back);
  EXPECT_EQ(ids.headers(7, true), fine);  // trailers
  EXPECT_EQ(ids.headers(7, true), ended);
  ids.reset(7);
  EXPECT_EQ(ids.data(7, true), was_reset);
  EXPECT_EQ(ids.headers(8, true), fine);  // even: the layer below says so
  EXPECT_EQ(ids.headers(3 + 2 * 63, true), fine);
  EXPECT_EQ(ids.headers(3, true), ended);
  EXPECT_EQ(ids.headers(5 + 2 * 63, true), fine);
  EXPECT_EQ(ids.headers(3, true), fine);  // too long ago
  EXPECT_EQ(ids.headers(0x7fffffff, true), fine);
  EXPECT_EQ(ids.headers(5 + 2 * 63, true), fine);
  EXPECT_EQ(ids.headers(0x7ffffffd, true), goes_back);
  EXPECT_EQ(ids.data(0x7fffffff, true), ended);
}

TEST(Http2Head, NothingCanEndALine) {
  const Limits limits;
  Http2Head head(limits);
  for (const auto& [name, value] : Fields{{":method", "GET\r\n"},
                                          {":path", "/\r\nx: y"},
                                          {":authority", "h\r\n"},
                                          {"x\r\n", "1"},
                                          {"x", "1\n"},
                                          {"cookie", "a\rb"},
                                          {"host", "h\r\n"}}) {
    head.begin();
    head.add(name, value);
    EXPECT_EQ(head.finish(false), "") << name;
    EXPECT_EQ(head.refusal().status, 400) << name;
  }
}

TEST(Http2Head, TellsBodiesOfUnknownLength) {
  const Limits limits;
  Http2Head head(limits);
  for (const bool told : {true, false}) {
    head.begin();
    for (const auto& [name, value] : request_fields("POST", "/")) head.add(name, value);
    if (told) head.add("content-length", "3");
    const std::string_view text = head.finish(true);
    EXPECT_TRUE(text.starts_with("POST / HTTP/1.1\r\nhost: h\r\n"));
    EXPECT_EQ(text.find("transfer-encoding: chunked\r\n") == std::string_view::npos, told);
  }
}

}  // namespace
}  // namespace myelin::http::test
