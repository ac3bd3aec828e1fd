// The heads we write pass our own parser (REL-004), with the framing that was meant (REL-069) and
// without the fields that must not pass (REL-068), whatever fields the message carried.

#include "transports/http/heads.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "tests/unit/http/codec_feed.hpp"

namespace myelin::http::test {
namespace {

using Random = std::mt19937;

std::size_t below(Random& random, std::size_t end) {
  return std::uniform_int_distribution<std::size_t>(0, end - 1)(random);
}

/// Header fields of a message: ordinary, awkward and forbidden ones.
class Fields {
 public:
  explicit Fields(Random& random) {
    static const std::vector<Header> kPool = {
        {"X-Trace", "abc"},
        {"Connection", "X-Trace, close"},
        {"connection", "keep-alive"},
        {"Keep-Alive", "timeout=5"},
        {"Proxy-Connection", "close"},
        {"Transfer-Encoding", "chunked"},
        {"TRANSFER-ENCODING", "gzip, chunked"},
        {"Content-Length", "5"},
        {"content-length", "6"},
        {"TE", "trailers"},
        {"Trailer", "X-Sum"},
        {"Upgrade", "websocket"},
        {"Host", "other:1"},
        {"HOST", "u@h"},
        {"Expect", "100-continue"},
        {"Date", "Sun, 06 Nov 1994 08:49:37 GMT"},
        {"Server", "backend"},
        {"User-Agent", "client"},
        {"Content-Type", "text/xml"},
        {"Set-Cookie", "a=b"},
        {"Set-Cookie", "c=d"},
        {"SOAPAction", "\"urn:a\""},
        {"Empty", ""},
        {"Tabs", "a\tb\xff"}};
    for (std::size_t i = below(random, 12); i > 0; --i) {
      const Header& field = kPool[below(random, kPool.size())];
      headers.add(field.name, field.value);
    }
  }
  Headers headers;
};

OutFraming any_framing(Random& random) {
  const Framing kinds[] = {Framing::none, Framing::length, Framing::chunked};
  return {kinds[below(random, 3)], below(random, 1'000'000)};
}

std::size_t count(const Headers& fields, std::string_view name) {
  std::size_t found = 0;
  for (const Header& field : fields) found += text::iequals(field.name, name) ? 1 : 0;
  return found;
}

void expect_only_our_framing(const Headers& fields, const OutFraming& framing) {
  EXPECT_EQ(count(fields, "Content-Length"), framing.kind == Framing::length ? 1u : 0u);
  EXPECT_EQ(count(fields, "Transfer-Encoding"), framing.kind == Framing::chunked ? 1u : 0u);
  EXPECT_LE(count(fields, "Connection"), 1u);
  for (const auto name : {"Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Upgrade"})
    EXPECT_EQ(count(fields, name), 0u) << name;
}

bool connection_names(const Headers& fields, std::string_view name) {
  for (const Header& field : fields)
    if (text::iequals(field.name, "Connection") && list_names(field.value, name)) return true;
  return false;
}

TEST(WrittenHead, ARequestIsAcceptedWithItsFraming) {
  Random random(11);
  for (int round = 0; round < 3000; ++round) {
    const Fields fields(random);
    const OutFraming framing = any_framing(random);
    OutgoingRequest out;
    const bool asks = below(random, 3) == 0;
    out.method = asks ? "GET" : below(random, 2) ? "POST" : "PUT";
    out.has_body = framing.kind != Framing::none;
    out.target = below(random, 2) ? "/services/S?a=b" : "";
    out.host = "backend:9000";
    out.headers = &fields.headers;
    if (below(random, 2)) out.content_type = "application/json";
    out.drop_content_type = below(random, 2) != 0;
    out.has_soap_action = below(random, 2) != 0;
    out.preserve_user_agent = below(random, 2) != 0;
    out.close = below(random, 2) != 0;
    std::string written;
    write_request_head(out, framing, below(random, 2) ? "myelin-1" : "", written);

    const RequestHead head = accepted(written);
    ASSERT_FALSE(HasFailure()) << written;
    EXPECT_EQ(head.host, "backend:9000");
    const OutFraming expected = out.has_body || asks ? framing : OutFraming{Framing::length, 0};
    EXPECT_EQ(head.framing, expected.kind);
    if (expected.kind == Framing::length) {
      EXPECT_EQ(head.length, expected.length);
    }
    EXPECT_EQ(head.keep_alive, !out.close);
    EXPECT_FALSE(head.expect_continue);
    expect_only_our_framing(head.fields, expected);
    if (connection_names(fields.headers, "X-Trace")) {
      EXPECT_EQ(count(head.fields, "X-Trace"), 0u);
    }
    if (!connection_names(fields.headers, "Set-Cookie")) {
      EXPECT_EQ(count(head.fields, "Set-Cookie"), count(fields.headers, "Set-Cookie"));
    }
    ASSERT_FALSE(HasFailure()) << written;
  }
}

TEST(WrittenHead, AnAnswerIsAcceptedWithItsFraming) {
  Random random(12);
  for (int round = 0; round < 3000; ++round) {
    const Fields fields(random);
    Reply reply;
    reply.status = 200 + static_cast<int>(below(random, 400));
    const OutFraming framing = reply.status == 204 || reply.status == 304 ? OutFraming() : any_framing(random);
    if (below(random, 2)) reply.reason = "As it is";
    reply.headers = &fields.headers;
    if (below(random, 2)) reply.content_type = "text/plain";
    reply.preserve_server = below(random, 2) != 0;
    ReplyContext context;
    context.server_name = "Myelin";
    context.keep_alive = below(random, 2) != 0;
    std::string written;
    write_reply_head(reply, framing, context, written);

    const ResponseHead head = accepted_response(written);
    ASSERT_FALSE(HasFailure()) << written;
    EXPECT_EQ(head.status, reply.status);
    if (reply.status != 204 && reply.status != 304) {
      EXPECT_EQ(head.framing, framing.kind == Framing::none ? Framing::until_close : framing.kind);
    }
    if (head.framing != Framing::until_close) {
      EXPECT_EQ(head.keep_alive, context.keep_alive);
    }
    expect_only_our_framing(head.fields, framing);
    EXPECT_GE(count(head.fields, "Date"), 1u);
    ASSERT_FALSE(HasFailure()) << written;
  }
}

}  // namespace
}  // namespace myelin::http::test
