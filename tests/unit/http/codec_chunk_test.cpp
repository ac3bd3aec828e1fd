// Chunked framing as raw bytes, fed in one piece, byte by byte and in random pieces.

#include "transports/http/codec.hpp"

#include <gtest/gtest.h>

#include "tests/unit/http/codec_feed.hpp"

namespace myelin::http::test {
namespace {

using namespace std::string_literals;

struct Decoded {
  Parse state = Parse::more;
  std::string reason;
  std::string body;
  std::size_t consumed = 0;  ///< framing and body
  bool operator==(const Decoded&) const = default;
};

void PrintTo(const Decoded& decoded, std::ostream* out) {
  *out << static_cast<int>(decoded.state) << ' ' << decoded.reason << ' ' << decoded.consumed << " body "
       << decoded.body.substr(0, 80);
}

/// Decodes what lies between `begin` and `end`, as far as it goes.
void decode_piece(ChunkDecoder& decoder, std::string_view bytes, Decoded& decoded) {
  for (;;) {
    const std::vector<char> piece(bytes.begin() + static_cast<std::ptrdiff_t>(decoded.consumed), bytes.end());
    const ChunkDecoder::Step step = decoder.next({piece.data(), piece.size()});
    decoded.state = step.state;
    decoded.consumed += step.consumed;
    if (step.state != Parse::more || step.body == 0) return;
    // Half of it, to see that the rest is told again.
    const std::size_t taken = (step.body + 1) / 2;
    decoded.body.append(piece.data() + step.consumed, taken);
    decoded.consumed += taken;
    decoder.body_consumed(taken);
  }
}

Decoded decode_in(std::string_view bytes, const Pieces& ends, const Limits& limits) {
  ChunkDecoder decoder(limits);
  Decoded decoded;
  for (const std::size_t end : ends) {
    decode_piece(decoder, bytes.substr(0, end), decoded);
    if (decoded.state != Parse::more) break;
  }
  decoded.reason = decoder.refusal().reason;
  if (decoded.state == Parse::bad) {
    EXPECT_EQ(decoder.refusal().status, 400);
  }
  return decoded;
}

Decoded decode(std::string_view bytes, const Limits& limits = {}) {
  const Decoded whole = decode_in(bytes, {bytes.size()}, limits);
  EXPECT_EQ(decode_in(bytes, one_by_one(bytes.size()), limits), whole) << "byte by byte";
  std::mt19937 random(static_cast<std::uint32_t>(bytes.size()));
  for (int round = 0; round < 8; ++round)
    EXPECT_EQ(decode_in(bytes, random_pieces(bytes.size(), random), limits), whole) << "in pieces";
  return whole;
}

std::string trailers(int count) {
  std::string lines;
  for (int i = 0; i < count; ++i) lines += "T: v\r\n";
  return "0\r\n" + lines + "\r\n";
}

/// Chunks of one byte whose lines carry so many bytes of extensions together.
std::string extended(std::size_t bytes) {
  std::string out;
  for (; bytes > 0; bytes -= std::min<std::size_t>(bytes, 200))
    out += "1;" + std::string(std::min<std::size_t>(bytes, 200) - 1, 'e') + "\r\nx\r\n";
  return out + "0\r\n\r\n";
}

class Chunked : public testing::TestWithParam<Case> {};

TEST_P(Chunked, EndsAsTheRuleSays) {
  const Case& given = GetParam();
  const Decoded decoded = decode(given.bytes);
  EXPECT_EQ(decoded.reason, given.reason);
  EXPECT_EQ(decoded.state, given.status == 0 ? Parse::done : Parse::bad);
}

INSTANTIATE_TEST_SUITE_P(Table, Chunked, testing::ValuesIn(std::vector<Case>{
    {"REL-065", "OneChunk", "5\r\nhello\r\n0\r\n\r\n", 0, ""},
    {"REL-065", "HexInBothCases", "a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", 0, ""},
    {"REL-065", "LeadingZeros", "0005\r\nhello\r\n000\r\n\r\n", 0, ""},
    {"REL-065", "Plus", "+5\r\nhello\r\n0\r\n\r\n", 400, "bad_chunk_size"},
    {"REL-065", "Minus", "-5\r\nhello\r\n0\r\n\r\n", 400, "bad_chunk_size"},
    {"REL-065", "Prefixed", "0x5\r\nhello\r\n0\r\n\r\n", 400, "bad_chunk_size"},
    {"REL-065", "Underscore", "1_0\r\n0123456789abcdef\r\n0\r\n\r\n", 400, "bad_chunk_size"},
    {"REL-065", "BlankBefore", " 5\r\nhello\r\n0\r\n\r\n", 400, "bad_chunk_size"},
    {"REL-065", "BlankAfter", "5 \r\nhello\r\n0\r\n\r\n", 400, "bad_chunk_size"},
    {"REL-065", "TabAfter", "5\t\r\nhello\r\n0\r\n\r\n", 400, "bad_chunk_size"},
    {"REL-065", "BlankBeforeExtension", "5 ;a\r\nhello\r\n0\r\n\r\n", 400, "bad_chunk_size"},
    {"REL-065", "NoSize", "\r\nhello\r\n0\r\n\r\n", 400, "bad_chunk_size"},
    {"REL-065", "NotHex", "g\r\nhello\r\n0\r\n\r\n", 400, "bad_chunk_size"},
    {"REL-065", "ExtensionAlone", ";a\r\nhello\r\n0\r\n\r\n", 400, "bad_chunk_size"},
    {"REL-065", "NulAfterSize", "5\0\r\nhello\r\n0\r\n\r\n"s, 400, "bad_chunk_size"},
    {"REL-065", "DataTooLong", "5\r\nhello!\r\n0\r\n\r\n", 400, "bad_chunk_end"},
    {"REL-065", "DataTooShort", "5\r\nhell\r\n0\r\n\r\n", 400, "bad_chunk_end"},
    {"REL-065", "NoLineEndAfterData", "5\r\nhello0\r\n\r\n", 400, "bad_chunk_end"},
    {"REL-057", "LineFeedAfterData", "5\r\nhello\n0\r\n\r\n", 400, "bad_chunk_end"},
    {"REL-057", "CarriageReturnAfterData", "5\r\nhello\r0\r\n\r\n", 400, "bad_chunk_end"},
    {"REL-057", "LineFeedAfterSize", "5\nhello\r\n0\r\n\r\n", 400, "bare_lf"},
    {"REL-057", "CarriageReturnAfterSize", "5\rhello\r\n0\r\n\r\n", 400, "bad_chunk_size"},
    {"REL-057", "CarriageReturnTwice", "5\r\r\nhello\r\n0\r\n\r\n", 400, "bad_chunk_size"},
    {"REL-057", "LineFeedEnds", "0\r\n\n", 400, "bare_lf"},
    {"REL-057", "CarriageReturnInExtension", "5;a\rb\r\nhello\r\n0\r\n\r\n", 400, "bad_chunk_extension"},
    {"REL-057", "LineFeedInTrailer", "0\r\nA: b\nC: d\r\n\r\n", 400, "bare_lf"},
    {"REL-057", "CarriageReturnInTrailer", "0\r\nA: b\rc\r\n\r\n", 400, "bad_field_value"},
    {"REL-016", "SixteenDigits", "0000000000000005\r\nhello\r\n0\r\n\r\n", 0, ""},
    {"REL-016", "SeventeenDigits", "00000000000000005\r\nhello\r\n0\r\n\r\n", 400, "chunk_too_large"},
    {"REL-016", "PastInt64", "8000000000000000\r\n", 400, "chunk_too_large"},
    {"REL-016", "AllBits", "ffffffffffffffff\r\n", 400, "chunk_too_large"},
    {"REL-066", "Extension", "5;name=value\r\nhello\r\n0;last\r\n\r\n", 0, ""},
    {"REL-066", "QuotedExtension", "5;a=\"b;c\"\r\nhello\r\n0\r\n\r\n", 0, ""},
    {"REL-066", "QuotedQuote", "5;a=\"\\\"\"\r\nhello\r\n0\r\n\r\n", 0, ""},
    {"REL-066", "UnbalancedQuote", "5;a=\"b\r\nhello\r\n0\r\n\r\n", 400, "bad_chunk_extension"},
    {"REL-066", "QuotedQuoteUnbalanced", "5;a=\"\\\"\r\nhello\r\n0\r\n\r\n", 400, "bad_chunk_extension"},
    {"REL-066", "QuoteOverLines", "5;a=\"\r\nb\"\r\nhello\r\n0\r\n\r\n", 400, "bad_chunk_extension"},
    {"REL-066", "ControlInExtension", "5;a\x01\r\nhello\r\n0\r\n\r\n", 400, "bad_chunk_extension"},
    {"REL-015", "LongestLine", "5;" + std::string(254, 'a') + "\r\nhello\r\n0\r\n\r\n", 0, ""},
    {"REL-015", "LineTooLong", "5;" + std::string(255, 'a') + "\r\nhello\r\n0\r\n\r\n", 400, "chunk_line_too_long"},
    {"REL-015", "LineWithoutEnd", "5;" + std::string(5000, 'a'), 400, "chunk_line_too_long"},
    {"REL-015", "MostExtensions", extended(16384), 0, ""},
    {"REL-015", "TooManyExtensions", extended(16385), 400, "chunk_extensions_too_large"},
    {"REL-067", "Trailers", "0\r\nA: b\r\nContent-Length: 5\r\nAuthorization: x\r\n\r\n", 0, ""},
    {"REL-067", "TrailerWithoutColon", "0\r\nnonsense\r\n\r\n", 400, "bad_field_name"},
    {"REL-067", "TrailerWithSpaceBeforeColon", "0\r\nA : b\r\n\r\n", 400, "bad_field_name"},
    {"REL-067", "FoldedTrailer", "0\r\nA: b\r\n c\r\n\r\n", 400, "obs_fold"},
    {"REL-067", "ControlInTrailer", "0\r\nA: \x01\r\n\r\n", 400, "bad_field_value"},
    {"REL-014", "ThirtyTwoTrailers", trailers(32), 0, ""},
    {"REL-014", "ThirtyThreeTrailers", trailers(33), 400, "too_many_trailers"},
    {"REL-014", "LargestTrailer", "0\r\nA: " + std::string(8192 - 5, 'a') + "\r\n\r\n", 0, ""},
    {"REL-014", "TrailerOneByteTooLarge", "0\r\nA: " + std::string(8192 - 4, 'a') + "\r\n\r\n", 400,
     "trailers_too_large"},
    {"REL-014", "TrailerTooLarge", "0\r\nA: " + std::string(8192, 'a') + "\r\n\r\n", 400, "trailers_too_large"},
    {"REL-014", "TrailersTooLargeTogether", "0\r\nA: " + std::string(5000, 'a') + "\r\nB: " + std::string(5000, 'b') +
     "\r\n\r\n", 400, "trailers_too_large"},
    {"REL-014", "TrailerWithoutEnd", "0\r\nA: " + std::string(20000, 'a'), 400, "trailers_too_large"},
}), case_name);

TEST(ChunkDecoder, YieldsTheBodyAndLeavesTheRest) {
  const std::string bytes = "5;x=y\r\nhello\r\n7\r\n, world\r\n0\r\nT: v\r\n\r\n";
  const Decoded decoded = decode(bytes + "GET / HTTP/1.1\r\n");
  EXPECT_EQ(decoded.state, Parse::done);
  EXPECT_EQ(decoded.body, "hello, world");
  EXPECT_EQ(decoded.consumed, bytes.size());
}

TEST(ChunkDecoder, EmptyBody) {
  const Decoded decoded = decode("0\r\n\r\n");
  EXPECT_EQ(decoded.state, Parse::done);
  EXPECT_EQ(decoded.body, "");
}

TEST(ChunkDecoder, KeepsBytesThatLookLikeFraming) {
  EXPECT_EQ(decode("8\r\n0\r\n\r\n5\r\n\r\n0\r\n\r\n").body, "0\r\n\r\n5\r\n");
}

TEST(ChunkDecoder, WaitsForTheEnd) {
  const std::string bytes = "5\r\nhello\r\n0\r\nA: b\r\n\r\n";
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_EQ(decode(std::string_view(bytes).substr(0, size)).state, Parse::more) << size;
}

TEST(ChunkDecoder, TellsLargeChunksPieceByPiece) {
  ChunkDecoder decoder{Limits{}};
  ChunkDecoder::Step step = decoder.next("7fffffffffffffff\r\nabc");
  EXPECT_EQ(step.state, Parse::more);
  EXPECT_EQ(step.consumed, 18u);
  EXPECT_EQ(step.body, 3u);
  decoder.body_consumed(3);
  step = decoder.next("defg");
  EXPECT_EQ(step.consumed, 0u);
  EXPECT_EQ(step.body, 4u);
}

TEST(ChunkDecoder, StaysAtItsEndAndStartsAnewAfterReset) {
  ChunkDecoder decoder{Limits{}};
  EXPECT_EQ(decoder.next("0\r\n\r\n").state, Parse::done);
  const ChunkDecoder::Step after = decoder.next("5\r\nhello");
  EXPECT_EQ(after.state, Parse::done);
  EXPECT_EQ(after.consumed, 0u);
  decoder.reset();
  EXPECT_EQ(decoder.next("x").state, Parse::more);
  EXPECT_EQ(decoder.next("x\r\n").state, Parse::bad);
  EXPECT_EQ(decoder.next("0\r\n\r\n").state, Parse::bad);
  decoder.reset();
  EXPECT_EQ(decoder.next("5\r\nhello").body, 5u);
}

// REL-014, REL-015: the counters are per message.
TEST(ChunkDecoder, CountsAnewForTheNextMessage) {
  ChunkDecoder decoder{Limits{}};
  for (int message = 0; message < 3; ++message) {
    decoder.reset();
    EXPECT_EQ(decoder.next(trailers(32)).state, Parse::done);
  }
}

TEST(ChunkDecoder, ManyTinyChunks) {
  std::string bytes;
  for (int i = 0; i < 5000; ++i) bytes += "1\r\nx\r\n";
  bytes += "0\r\n\r\n";
  ChunkDecoder decoder{Limits{}};
  std::string_view rest = bytes;
  std::size_t body = 0;
  for (;;) {
    const ChunkDecoder::Step step = decoder.next(rest);
    rest.remove_prefix(step.consumed + step.body);
    decoder.body_consumed(step.body);
    body += step.body;
    if (step.state != Parse::more) break;
  }
  EXPECT_EQ(body, 5000u);
  EXPECT_TRUE(rest.empty());
}

}  // namespace
}  // namespace myelin::http::test
