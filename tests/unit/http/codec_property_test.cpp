// Properties of the codec over generated input: what is written from an accepted head is accepted
// again as the same head (REL-004), chunked bodies of any cut come out whole, noise harms nothing
// (REL-005), and long drips cost no more than once over the bytes.

#include "transports/http/codec.hpp"

#include <gtest/gtest.h>

#include "tests/unit/http/codec_feed.hpp"

namespace myelin::http::test {
namespace {

using Random = std::mt19937;

std::size_t below(Random& random, std::size_t end) {
  return std::uniform_int_distribution<std::size_t>(0, end - 1)(random);
}

std::string pick(Random& random, std::string_view alphabet, std::size_t least, std::size_t most) {
  std::string out(least + below(random, most - least + 1), ' ');
  for (char& c : out) c = alphabet[below(random, alphabet.size())];
  return out;
}

constexpr std::string_view kTokens = "abcXYZ019-!#$%&'*+.^`|~";
constexpr std::string_view kTargets = "abcXYZ019/?&=%.;:@!$'()*+,-_~[]{}|\\^\"<>`";
constexpr std::string_view kValues = "abc XYZ\t019,;:=\"\\/()<>@[]{}\x80\xff\xc3\xa4";

std::string random_fields(Random& random) {
  std::string out;
  for (std::size_t i = below(random, 12); i > 0; --i)
    out += "X" + pick(random, kTokens, 1, 20) + ":" + pick(random, kValues, 0, 60) + "\r\n";
  if (below(random, 2)) out += "Content-Length: " + std::to_string(below(random, 100000)) + "\r\n";
  else if (below(random, 2)) out += "Transfer-Encoding: chunked\r\n";
  if (below(random, 3) == 0) out += "Connection: close\r\n";
  return out;
}

std::string write_fields(const Headers& fields) {
  std::string out;
  for (const Header& field : fields) out.append(field.name).append(": ").append(field.value).append("\r\n");
  return out + "\r\n";
}

// REL-004
TEST(Property, AWrittenRequestIsTheRequestThatWasRead) {
  Random random(1);
  for (int round = 0; round < 2000; ++round) {
    const std::string bytes = "X" + pick(random, kTokens, 0, 8) + " /" + pick(random, kTargets, 0, 80) +
                              " HTTP/1.1\r\nHost: h\r\n" + random_fields(random) + "\r\n";
    const RequestHead head = accepted(bytes);
    const std::string written = std::string(head.method) + " " + std::string(head.origin) + " HTTP/1.1\r\n" +
                                write_fields(head.fields);
    ASSERT_EQ(describe(accepted(written)), describe(head)) << bytes;
  }
}

// REL-004
TEST(Property, AWrittenResponseIsTheResponseThatWasRead) {
  Random random(2);
  for (int round = 0; round < 2000; ++round) {
    const std::string bytes = "HTTP/1.1 " + std::to_string(100 + below(random, 500)) + " " +
                              pick(random, kValues, 0, 20) + "\r\n" + random_fields(random) + "\r\n";
    const ResponseHead head = accepted_response(bytes);
    const std::string written = "HTTP/1.1 " + std::to_string(head.status) + " " + std::string(head.reason) + "\r\n" +
                                write_fields(head.fields);
    ASSERT_EQ(describe(accepted_response(written)), describe(head)) << bytes;
  }
}

// REL-004, REL-080, REL-081: names and values that may be set cannot change the head around them.
TEST(Property, ValidNamesAndValuesAreReadBackAsTheyWereSet) {
  Random random(3);
  int set = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string name(1 + below(random, 6), ' ');
    std::string value(below(random, 12), ' ');
    for (char& c : name)
      c = below(random, 5) ? kTokens[below(random, kTokens.size())] : static_cast<char>(below(random, 256));
    for (char& c : value) c = static_cast<char>(below(random, 256));
    if (!valid_name(name) || !valid_value(value)) continue;
    ++set;
    const std::string bytes = "HTTP/1.1 200 OK\r\n" + name + ": " + value + "\r\nEnd: x\r\n\r\n";
    const ResponseHead head = accepted_response(bytes);
    ASSERT_EQ(head.fields.all().size(), 2u);
    EXPECT_EQ(head.fields.all()[0].name, name);
    std::string_view trimmed = value;
    while (!trimmed.empty() && (trimmed.front() == ' ' || trimmed.front() == '\t')) trimmed.remove_prefix(1);
    while (!trimmed.empty() && (trimmed.back() == ' ' || trimmed.back() == '\t')) trimmed.remove_suffix(1);
    EXPECT_EQ(head.fields.all()[0].value, trimmed);
  }
  EXPECT_GT(set, 1000);
}

// REL-056, REL-058: wherever in a name or value a byte stands, and however far the head's end is.
TEST(Property, EveryByteIsJudgedAlikeAtEveryPlaceOfAField) {
  constexpr std::string_view kToken = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  const std::string name = "Aname-of-some-length-with_0-in-it", value = "v: a value; of=some length, for 16s";
  const auto accepts = [](const std::string& field) {
    const std::string bytes = "HTTP/1.1 200 OK\r\n" + field + "\r\n\r\n";
    HeadParser parser{Limits{}};
    ResponseHead head;
    std::size_t consumed = 0;
    return parser.response(bytes, "GET", head, consumed) == Parse::done && head.fields.all().size() == 1;
  };
  for (std::size_t size = 1; size <= name.size(); size += 3)
    for (std::size_t at = 0; at < size; ++at)
      for (int byte = 0; byte < 256; ++byte) {
        std::string changed = name.substr(0, size);
        changed[at] = static_cast<char>(byte);
        const bool good = kToken.find(changed[at]) != std::string_view::npos || (byte == ':' && at > 0);
        ASSERT_EQ(accepts(changed + ": x"), good) << size << ", " << at << ": " << byte;
      }
  for (std::size_t size = 1; size <= value.size(); size += 3)
    for (std::size_t at = 0; at < size; ++at)
      for (int byte = 0; byte < 256; ++byte) {
        std::string changed = value.substr(0, size);
        changed[at] = static_cast<char>(byte);
        const bool good = byte == '\t' || (byte >= 0x20 && byte != 0x7f);
        ASSERT_EQ(accepts("N: " + changed), good) << size << ", " << at << ": " << byte;
      }
}

// REL-004: chunks as we write them, cut anywhere.
TEST(Property, AChunkedBodyComesOutWhole) {
  Random random(4);
  for (int round = 0; round < 300; ++round) {
    std::string body, bytes;
    for (std::size_t chunk = below(random, 6); chunk > 0; --chunk) {
      const std::string data = pick(random, "\r\n0;a:\"", 1, 400);
      char size[18];
      bytes.append(size, chunk_header(data.size(), size)).append(data).append("\r\n");
      body += data;
    }
    bytes += "0\r\n\r\n";
    ChunkDecoder decoder{Limits{}};
    std::string out, waiting;
    Parse state = Parse::more;
    std::size_t from = 0;
    for (const std::size_t end : random_pieces(bytes.size(), random)) {
      waiting.append(bytes, from, end - from);
      from = end;
      for (;;) {
        const ChunkDecoder::Step step = decoder.next(waiting);
        state = step.state;
        out.append(waiting, step.consumed, step.body);
        waiting.erase(0, step.consumed + step.body);
        decoder.body_consumed(step.body);
        if (state != Parse::more || step.body == 0) break;
      }
    }
    ASSERT_EQ(state, Parse::done);
    ASSERT_EQ(out, body);
    ASSERT_EQ(waiting, "");
  }
}

/// Changes, doubles or takes away a few bytes.
std::string damaged(std::string bytes, Random& random) {
  for (std::size_t i = 1 + below(random, 4); i > 0 && !bytes.empty(); --i) {
    const std::size_t at = below(random, bytes.size());
    switch (below(random, 4)) {
      case 0: bytes[at] = static_cast<char>(below(random, 256)); break;
      case 1: bytes.erase(at, 1 + below(random, 3)); break;
      case 2: bytes.insert(at, 1, "\r\n\0 :\t,;"[below(random, 8)]); break;
      default: bytes.insert(at, bytes.substr(below(random, bytes.size()), 1 + below(random, 20)));
    }
  }
  return bytes;
}

// REL-005, REL-057, REL-058: nothing that is accepted holds a control, however damaged the input was.
TEST(Property, DamagedHeadsAreJudgedAlikeHoweverTheyArrive) {
  Random random(5);
  const std::string sound =
      "POST /a?b=c HTTP/1.1\r\nHost: h:80\r\nContent-Length: 12\r\nConnection: close\r\n"
      "Expect: 100-continue\r\nX-A: b, c\r\n\r\nhello";
  for (int round = 0; round < 3000; ++round) {
    const std::string bytes = damaged(sound, random);
    const Outcome outcome = request(bytes);
    if (outcome.state == Parse::bad) {
      EXPECT_GE(outcome.status, 400);
      EXPECT_NE(outcome.reason, "");
    } else if (outcome.state == Parse::done) {
      for (const char c : outcome.head) ASSERT_TRUE(c == '\t' || static_cast<unsigned char>(c) >= 0x20) << bytes;
    }
    response(damaged("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nKeep-Alive: timeout=5\r\n\r\nhello", random));
  }
}

/// A head near the limits, one field per byte pair as far as the count allows.
std::string large_head() {
  std::string bytes = "GET / HTTP/1.1\r\nHost: h\r\n";
  for (int i = 0; i < 98; ++i) bytes += "N" + std::to_string(i) + ": " + std::string(300, 'v') + "\r\n";
  return bytes + "\r\n";
}

// REL-011, REL-030: a head that drips byte by byte is scanned once, not once per byte.
TEST(Property, ADrippedHeadIsParsedInOnePass) {
  const std::string bytes = large_head();
  HeadParser parser{Limits{}};
  RequestHead head;
  std::size_t consumed = 0;
  for (int round = 0; round < 50; ++round) {
    for (std::size_t size = 1; size < bytes.size(); ++size)
      ASSERT_EQ(parser.request(std::string_view(bytes).substr(0, size), head, consumed), Parse::more);
    ASSERT_EQ(parser.request(bytes, head, consumed), Parse::done);
    ASSERT_EQ(head.fields.all().size(), 99u);
  }
}

TEST(Property, ManyHeadsInALoop) {
  const std::string bytes =
      "POST /services/Quote HTTP/1.1\r\nHost: esb:8280\r\nUser-Agent: client\r\nAccept: */*\r\n"
      "Content-Type: text/xml; charset=UTF-8\r\nSOAPAction: \"urn:getQuote\"\r\nContent-Length: 100\r\n\r\n";
  HeadParser parser{Limits{}};
  RequestHead head;
  std::size_t consumed = 0;
  for (int round = 0; round < 100'000; ++round) {
    ASSERT_EQ(parser.request(bytes, head, consumed), Parse::done);
    ASSERT_EQ(consumed, bytes.size());
  }
}

}  // namespace
}  // namespace myelin::http::test
