// What RFC 9113 and RFC 7541 ask of a server whose client breaks their rules, frame by frame. Where they
// ask for an error but nothing is at stake (priorities that depend on themselves), the frame is ignored.

#include <random>

#include "tests/unit/http/http2_wire.hpp"
#include "transports/http/counters.hpp"

namespace myelin::http::test {
namespace {

enum Code : int { kNone, kProtocol, kInternal, kFlowControl, kSettingsTimeout, kStreamClosed, kFrameSize, kRefused, kCancel, kCompression };
constexpr int kGoesOn = -1;  ///< nothing happens to the connection

struct FrameCase {
  std::string name;
  std::string bytes;      ///< sent after the greeting
  int connection = kGoesOn;  ///< error code of GOAWAY
  int stream = kGoesOn;   ///< of RST_STREAM of stream 1
};
void PrintTo(const FrameCase& one, std::ostream* out) { *out << one.name; }

using frame::kEndHeaders;
using frame::kEndStream;
using frame::kPadded;

std::string begin_post(std::uint32_t id, const Fields& more = {}) {
  return frame_of(frame::headers, kEndHeaders, id, hpack(request_fields("POST", "/", more)));
}
std::string get(std::uint32_t id) {
  return frame_of(frame::headers, kEndHeaders | kEndStream, id, hpack(request_fields("GET", "/")));
}
std::string get_of(std::string_view block, std::uint32_t id = 1) {
  return frame_of(frame::headers, kEndHeaders | kEndStream, id, hpack(request_fields("GET", "/")) + std::string(block));
}
std::string block_in_pieces(std::uint32_t id) {
  const std::string block = hpack(request_fields("GET", "/pieces"));
  return frame_of(frame::headers, kEndStream, id, block.substr(0, 5)) +
         frame_of(frame::continuation, 0, id, block.substr(5, 10)) +
         frame_of(frame::continuation, kEndHeaders, id, block.substr(15));
}

class Http2Frames : public testing::TestWithParam<FrameCase> {};

TEST_P(Http2Frames, AreAnsweredAsTheStandardSays) {
  Greeted<EchoPipeline> greeted;
  auto& [echo, server, client] = greeted;
  client.send(GetParam().bytes);
  if (GetParam().connection != kGoesOn) {
    const int code = client.goaway_code();
    EXPECT_EQ(code, GetParam().connection);
  } else {
    std::optional<std::uint32_t> expected;
    if (GetParam().stream != kGoesOn) {
      expected = static_cast<std::uint32_t>(GetParam().stream);
      client.answer(1);
    }
    client.next_id = 101;
    EXPECT_EQ(client.exchange("/next").field("x-line"), "GET /next");
    EXPECT_EQ(client.answers[1].reset, expected);
  }
  Http2Peer other = server.peer();  // whatever became of that connection
  EXPECT_EQ(other.greet().exchange("/other").status(), 200);
}

const std::string kPing = frame_of(frame::ping, 0, 0, "12345678");

INSTANTIATE_TEST_SUITE_P(
    Connection, Http2Frames,
    testing::Values(
        FrameCase{"unknown_type", frame_of(0x16, 0xff, 0, "x") + frame_of(0x16, 0, 1, "x")},
        FrameCase{"unknown_flags", frame_of(frame::ping, 0x16, 0, "12345678")},
        FrameCase{"reserved_bit", frame_of(frame::ping, 0, 0x80000000, "12345678")},
        FrameCase{"unknown_setting", settings_frame(0xff, 1)},
        FrameCase{"ping_of_7", frame_of(frame::ping, 0, 0, "1234567"), kFrameSize},
        FrameCase{"ping_of_stream", frame_of(frame::ping, 0, 1, "12345678"), kProtocol},
        FrameCase{"settings_of_5", frame_of(frame::settings, 0, 0, "12345"), kFrameSize},
        FrameCase{"settings_ack_with_payload", frame_of(frame::settings, frame::kAck, 0, "123456"), kFrameSize},
        FrameCase{"settings_of_stream", frame_of(frame::settings, 0, 1), kProtocol},
        FrameCase{"push_of_2", settings_frame(2, 2), kProtocol},
        FrameCase{"window_setting_too_large", settings_frame(4, 0x80000000), kFlowControl},
        FrameCase{"frame_size_too_small", settings_frame(5, 16'383), kProtocol},
        FrameCase{"frame_size_too_large", settings_frame(5, 1 << 24), kProtocol},
        FrameCase{"goaway_of_stream", frame_of(frame::goaway, 0, 1, std::string(8, '\0')), kProtocol},
        FrameCase{"push_promise", frame_of(frame::push, kEndHeaders, 1, big_endian(2)), kProtocol},
        FrameCase{"frame_too_large", frame_of(frame::ping, 0, 0, std::string(16'385, 'x')), kFrameSize},
        FrameCase{"window_by_nothing", frame_of(frame::window, 0, 0, big_endian(0)), kProtocol},
        FrameCase{"window_of_3", frame_of(frame::window, 0, 0, "123"), kFrameSize},
        FrameCase{"window_overflow", frame_of(frame::window, 0, 0, big_endian(0x7fffffff)), kFlowControl},
        FrameCase{"priority_of_no_stream", frame_of(frame::priority, 0, 0, std::string(5, '\0')), kProtocol},
        FrameCase{"priority_of_itself", frame_of(frame::priority, 0, 9, big_endian(9) + "w"), kProtocol},
        FrameCase{"exclusive_priority_of_itself", frame_of(frame::priority, 0, 9, big_endian(0x80000009) + "w"), kProtocol},
        FrameCase{"priority_of_another", frame_of(frame::priority, 0, 9, big_endian(7) + "w")},
        FrameCase{"priority_of_idle_stream", frame_of(frame::priority, 0, 9, std::string(5, '\0'))}),
    [](const auto& one) { return one.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Streams, Http2Frames,
    testing::Values(
        FrameCase{"data_of_no_stream", frame_of(frame::data, kEndStream, 0, "x"), kProtocol},
        FrameCase{"headers_of_no_stream", get(0), kProtocol},
        FrameCase{"reset_of_no_stream", frame_of(frame::reset, 0, 0, big_endian(8)), kProtocol},
        FrameCase{"continuation_of_no_stream", frame_of(frame::continuation, kEndHeaders, 0), kProtocol},
        FrameCase{"data_of_idle_stream", frame_of(frame::data, kEndStream, 1, "x"), kProtocol},
        FrameCase{"reset_of_idle_stream", frame_of(frame::reset, 0, 1, big_endian(8)), kProtocol},
        FrameCase{"window_of_idle_stream", frame_of(frame::window, 0, 1, big_endian(1)), kProtocol},
        FrameCase{"continuation_of_idle_stream", frame_of(frame::continuation, kEndHeaders, 1), kProtocol},
        FrameCase{"continuation_of_complete_headers", get(1) + frame_of(frame::continuation, kEndHeaders, 1), kProtocol},
        FrameCase{"continuation_behind_data", begin_post(1) + frame_of(frame::data, 0, 1, "x") + frame_of(frame::continuation, 4, 1), kProtocol},
        FrameCase{"even_stream", get(2), kProtocol},
        FrameCase{"stream_that_goes_back", get(5) + get(3), kProtocol},
        FrameCase{"data_behind_the_end", get(1) + frame_of(frame::data, kEndStream, 1, "x"), kStreamClosed},
        FrameCase{"headers_behind_the_end", get(1) + get(1), kStreamClosed},
        FrameCase{"data_behind_a_reset", begin_post(1) + frame_of(frame::reset, 0, 1, big_endian(8)) + frame_of(frame::data, 1, 1, "x"), kGoesOn, kStreamClosed},
        FrameCase{"reset_of_3", begin_post(1) + frame_of(frame::reset, 0, 1, "123"), kFrameSize},
        FrameCase{"priority_of_4", begin_post(1) + frame_of(frame::priority, 0, 1, "1234"), kFrameSize},
        FrameCase{"window_of_stream_by_nothing", begin_post(1) + frame_of(frame::window, 0, 1, big_endian(0)), kProtocol},
        FrameCase{"window_of_stream_overflows", begin_post(1) + frame_of(frame::window, 0, 1, big_endian(0x7fffffff)), kGoesOn, kFlowControl},
        FrameCase{"data_frame_too_large", begin_post(1) + frame_of(frame::data, 1, 1, std::string(16'385, 'x')), kFrameSize},
        FrameCase{"headers_frame_too_large", frame_of(frame::headers, 5, 1, hpack(request_fields("GET", "/", {{"x", std::string(16'300, 'x')}, {"y", std::string(100, 'y')}}))), kFrameSize},
        FrameCase{"headers_behind_a_reset", begin_post(1) + frame_of(frame::reset, 0, 1, big_endian(8)) + get(1), kGoesOn, kStreamClosed},
        FrameCase{"continuation_behind_a_reset", begin_post(1) + frame_of(frame::reset, 0, 1, big_endian(8)) + frame_of(frame::continuation, 4, 1), kProtocol},
        FrameCase{"data_of_the_largest_size", begin_post(1) + frame_of(frame::data, 1, 1, std::string(16'384, 'x'))},
        FrameCase{"window_behind_the_end", get(1) + frame_of(frame::window, 0, 1, big_endian(1))},
        FrameCase{"priority_behind_the_end", get(1) + frame_of(frame::priority, 0, 1, std::string(5, '\0'))},
        FrameCase{"trailers_behind_the_end", begin_post(1) + frame_of(frame::headers, 5, 1, hpack({{"x", "y"}})) + frame_of(frame::headers, 5, 1, hpack({{"x", "y"}})), kStreamClosed},
        FrameCase{"more_padding_than_data", begin_post(1) + frame_of(frame::data, kPadded | kEndStream, 1, "\x05" "1234"), kProtocol},
        FrameCase{"more_padding_than_headers", frame_of(frame::headers, 13, 1, "\x05" "1234"), kProtocol},
        FrameCase{"data_beyond_its_length", begin_post(1, {{"content-length", "1"}}) + frame_of(frame::data, 1, 1, "xy"), kGoesOn, kProtocol},
        FrameCase{"data_short_of_its_length", begin_post(1, {{"content-length", "3"}}) + frame_of(frame::data, 1, 1, "xy"), kGoesOn, kProtocol},
        FrameCase{"trailers_that_do_not_end", begin_post(1) + frame_of(frame::headers, kEndHeaders, 1, hpack({{"x", "y"}})), kGoesOn, kProtocol},
        FrameCase{"pseudo_field_in_trailers", begin_post(1) + frame_of(frame::headers, 5, 1, hpack({{":path", "/"}})), kGoesOn, kProtocol}),
    [](const auto& one) { return one.param.name; });

INSTANTIATE_TEST_SUITE_P(
    HeaderBlocks, Http2Frames,
    testing::Values(
        FrameCase{"interrupted_by_ping", frame_of(frame::headers, kEndStream, 1, hpack(request_fields("GET", "/"))) + kPing, kProtocol},
        FrameCase{"interrupted_by_unknown", frame_of(frame::headers, kEndStream, 1, hpack(request_fields("GET", "/"))) + frame_of(0x16, 0, 0, "x"), kProtocol},
        FrameCase{"in_pieces", block_in_pieces(1)},
        FrameCase{"in_an_empty_piece", frame_of(frame::headers, kEndStream, 1, hpack(request_fields("GET", "/"))) + frame_of(frame::continuation, 4, 1)},
        FrameCase{"interrupted_by_another", frame_of(frame::headers, kEndStream, 1, hpack(request_fields("GET", "/"))) + get(3), kProtocol},
        FrameCase{"continued_for_another", frame_of(frame::headers, kEndStream, 1, hpack(request_fields("GET", "/"))) + frame_of(frame::continuation, 4, 3), kProtocol},
        FrameCase{"index_0", get_of("\x80"), kCompression},
        FrameCase{"index_beyond_the_table", get_of("\xff\x40"), kCompression},
        FrameCase{"number_too_large", get_of("\xff\xff\xff\xff\xff\xff\x7f"), kCompression},
        FrameCase{"text_cut_off", get_of(std::string("\x00\x05" "ab", 4)), kCompression},
        FrameCase{"huffman_end_of_string", get_of(std::string("\x00\x01x\x84\xff\xff\xff\xff", 8)), kCompression},
        FrameCase{"huffman_long_padding", get_of(std::string("\x00\x01x\x82\x1f\xff\xff", 7)), kCompression},
        FrameCase{"table_size_behind_fields", get_of("\x20"), kCompression},
        FrameCase{"table_size_too_large", frame_of(frame::headers, 5, 1, "\x3f\xff\xff\x7f" + hpack(request_fields("GET", "/"))), kCompression}),
    [](const auto& one) { return one.param.name; });

// REL-005: whatever comes, in whatever pieces, and however it ends, others are served.
TEST(Http2RandomFrames, HurtNobodyElse) {
  Backend backend(answering([](const Peer::Whole& request) { return ok(request.body + "!"); }));
  Proxy proxy(backend.port());
  proxy.start();
  const char* asked = std::getenv("MYELIN_FUZZ_ROUNDS");
  const unsigned rounds = asked ? static_cast<unsigned>(std::atoi(asked)) : 200;
  for (unsigned round = 0; round < rounds; ++round) {
    std::mt19937 random(round);
    const auto below = [&](std::uint32_t most) { return static_cast<std::uint32_t>(random() % most); };
    std::string bytes = std::string(kPreface) + frame_of(frame::settings, 0, 0);
    std::uint32_t next = 1;
    for (std::uint32_t count = below(60); count > 0; --count) {
      const std::uint32_t id = 1 + 2 * below(next / 2 + 1);
      switch (below(12)) {
        case 0:
        case 1:
        case 2: bytes += below(2) ? get(next) : begin_post(next); next += 2; break;
        case 3:
        case 4: bytes += frame_of(frame::data, static_cast<std::uint8_t>(below(4) == 0), id, std::string(below(16'000), 'x')); break;
        case 5: bytes += frame_of(frame::reset, 0, id, big_endian(below(14))); break;
        case 6: bytes += frame_of(frame::window, 0, below(2) ? id : 0, big_endian(1 + below(100'000))); break;
        case 7: bytes += settings_frame(1 + below(9), below(3) ? below(70'000) : below(2)); break;
        case 8: bytes += frame_of(frame::headers, 5, id, hpack({{"x", "trailer"}})); break;
        case 9: bytes += block_in_pieces(next); next += 2; break;
        case 10: bytes += kPing; break;
        default:
          if (below(8) == 0) bytes += frame_of(static_cast<std::uint8_t>(below(12)), static_cast<std::uint8_t>(below(256)), below(5), std::string(below(20), '\x82'));
      }
    }
    Http2Peer client(proxy.connect());
    const std::size_t first = below(static_cast<std::uint32_t>(bytes.size()));
    client.send(std::string_view(bytes).substr(0, first));
    client.send(std::string_view(bytes).substr(first));
    if (below(3) == 0) client.peer().reset();
    else if (below(2) == 0) client.peer().half_close();
    else client.read();
  }
  Http2Peer client(proxy.connect());
  EXPECT_EQ(client.greet().answer(client.post("/", "last")).body, "last!");
  client.peer().close();
  const Counters& counters = proxy.running.shard->counters();
  // Who was told of an error and sends on has its time to read that (REL-039).
  EXPECT_TRUE(advance_until(Duration(100), [&] { return counters.open.get() == 0; }));
  EXPECT_EQ(proxy.running.shard->active(), 0u);
  EXPECT_EQ(counters.requests.get(), counters.answered.get() + counters.aborted.get());  // REL-001
}

TEST(Http2Preface, AnythingElseIsNoHttp2) {
  EchoPipeline echo;
  Http2Server server(echo);
  Http2Peer near = server.peer();
  near.send("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n");
  EXPECT_EQ(near.goaway_code(), kProtocol);  // RFC 9113, 3.4
  Http2Peer client = server.peer();  // no SETTINGS behind the preface
  client.send(std::string(kPreface) + get(1));
  EXPECT_EQ(client.goaway_code(), kProtocol);
  EXPECT_EQ(echo.served, 0);
}

TEST(Http2Frames, BehindAWholeExchangeAreErrors) {  // RFC 9113, 5.1
  for (const std::string& late : {frame_of(frame::data, kEndStream, 1, "x"), get(1)}) {
    Greeted<EchoPipeline> greeted;
    auto& [echo, server, client] = greeted;
    EXPECT_EQ(client.exchange("/").status(), 200);
    client.send(late);
    EXPECT_EQ(client.goaway_code(), kStreamClosed);
  }
}

TEST(Http2Frames, ThatCrossAResetOfOursAreNoErrors) {  // RFC 9113, 5.1
  Greeted<EchoPipeline> greeted;
  auto& [echo, server, client] = greeted;
  const std::uint32_t id = client.request(request_fields("POST", "/", {{"connection", "close"}}), false);
  EXPECT_EQ(client.await_reset(id), static_cast<std::uint32_t>(kProtocol));
  client.send(frame_of(frame::data, 0, id, "x") + frame_of(frame::headers, kEndHeaders | kEndStream, id, hpack({{"x", "y"}})));
  EXPECT_EQ(client.exchange("/next").status(), 200);
  EXPECT_FALSE(client.goaway.has_value());
}

TEST(Http2Frames, WithMorePaddingThanPayloadEndTheConnectionWhateverBecameOfTheStream) {  // RFC 9113, 6.1, 6.2
  constexpr std::uint8_t kBlockEnds = kPadded | kEndHeaders | kEndStream;
  for (const std::string& bad : {frame_of(frame::data, kPadded, 1, "\x05" "1234"), frame_of(frame::data, kPadded, 1),
                                 frame_of(frame::headers, kBlockEnds, 1, "\x05" "1234"),
                                 frame_of(frame::headers, kBlockEnds | 32, 1, std::string("\x01\0\0\0\0\0", 6))}) {
    Greeted<EchoPipeline> greeted;
    auto& [echo, server, client] = greeted;
    const std::uint32_t id = client.request(request_fields("POST", "/", {{"connection", "close"}}), false);
    ASSERT_EQ(id, 1u);
    EXPECT_EQ(client.await_reset(id), static_cast<std::uint32_t>(kProtocol));
    client.send(bad);
    EXPECT_EQ(client.goaway_code(), bad.size() == 9 ? kFrameSize : kProtocol);
  }
}

TEST(Http2Ping, IsAnsweredWithItsOwnBytes) {
  Greeted<EchoPipeline> greeted;
  auto& [echo, server, client] = greeted;
  client.send(kPing);
  ASSERT_TRUE(client.read_to(frame::ping));
  EXPECT_EQ(client.last.flags, frame::kAck);
  EXPECT_EQ(client.last.payload, "12345678");
  client.send(frame::ping, frame::kAck, 0, "unasked!");
  client.exchange("/");
  EXPECT_EQ(client.frames[frame::ping], 1);
}

TEST(Http2Window, AnswersKeepToIt) {
  PlainPipeline plain;
  Http2Server server(plain);
  Http2Peer client = server.peer();
  client.greet(setting(4, 1));
  const std::uint32_t id = client.get("/");
  ASSERT_TRUE(client.read_to(frame::data));
  EXPECT_EQ(client.answers[id].body, "p");
  client.send(settings_frame(4, 3));  // two more for every stream
  ASSERT_TRUE(client.read_to(frame::data));
  EXPECT_EQ(client.answers[id].body, "pla");
  client.send(settings_frame(4, 0));  // three too many went out already
  client.give_room(id, 4);
  ASSERT_TRUE(client.read_to(frame::data));
  EXPECT_EQ(client.answers[id].body, "plai");
  client.give_room(id, 1);
  EXPECT_EQ(client.answer(id).body, "plain");
}

TEST(Http2Padding, IsNoBodyAndGivesItsRoomBack) {
  Greeted<EchoPipeline> greeted;
  auto& [echo, server, client] = greeted;
  const std::uint32_t id = client.request(request_fields("POST", "/"), false);
  for (int round = 0; round < 8; ++round) {  // in all far more than the window; half of it gives news
    for (int i = 0; i < 130; ++i) client.send(frame::data, kPadded, id, "\xff" "x" + std::string(255, '\0'));
    client.send(frame::ping, 0, 0, "12345678");
    ASSERT_TRUE(client.read_to(frame::ping));  // behind the news
  }
  client.send(frame::data, kPadded | kEndStream, id, std::string(1, '\0'));
  EXPECT_EQ(client.answer(id).body, std::string(8 * 130, 'x'));
}

}  // namespace
}  // namespace myelin::http::test
