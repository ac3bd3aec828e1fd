#pragma once
// Feeds the same bytes to the head parser in one piece, byte by byte and in random pieces, each time
// in a buffer of exactly that size and of a new address, and describes what came out as one text.

#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "transports/http/codec.hpp"

namespace myelin::http::test {

/// One row of a table: which rule, what is sent, how it ends (0: accepted).
struct Case {
  const char* rule;
  const char* name;
  std::string bytes;
  int status;
  const char* reason;
};

inline void PrintTo(const Case& test_case, std::ostream* out) { *out << test_case.rule << ' ' << test_case.name; }

inline std::string case_name(const testing::TestParamInfo<Case>& info) {
  std::string name = info.param.rule;
  name[3] = '_';
  return name + "_" + info.param.name;
}

inline std::string describe(const Headers& fields) {
  std::string out;
  for (const Header& field : fields) out.append(field.name).append("=").append(field.value).append("|");
  return out;
}

inline std::string describe(const RequestHead& head) {
  std::string out;
  out.append(head.method).append(" ").append(head.target).append(" ").append(head.origin).append(" ");
  out.append(head.host).append(head.http10 ? " 1.0" : " 1.1").append(head.keep_alive ? " keep" : " close");
  out.append(head.expect_continue ? " expect " : " ").append(std::to_string(static_cast<int>(head.framing)));
  out.append(" ").append(std::to_string(head.length)).append(" ").append(head.content_type).append(" ");
  return out + describe(head.fields);
}

inline std::string describe(const ResponseHead& head) {
  std::string out = std::to_string(head.status) + " ";
  out.append(head.reason).append(head.http10 ? " 1.0" : " 1.1").append(head.keep_alive ? " keep" : " close");
  out.append(" ").append(std::to_string(static_cast<int>(head.framing)));
  out.append(head.has_length ? " told " : " ").append(std::to_string(head.length));
  out.append(" ").append(std::to_string(head.keep_alive_timeout)).append(" ");
  return out + describe(head.fields);
}

/// What a parser said in the end.
struct Outcome {
  Parse state = Parse::more;
  int status = 0;
  std::string reason;
  std::size_t consumed = 0;
  std::string head;
  bool operator==(const Outcome&) const = default;
};

inline void PrintTo(const Outcome& outcome, std::ostream* out) {
  *out << (outcome.state == Parse::done ? "done" : outcome.state == Parse::more ? "more" : "bad") << ' '
       << outcome.status << ' ' << outcome.reason << ' ' << outcome.consumed << ' ' << outcome.head;
}

/// The ends of the pieces in which `size` bytes are fed.
using Pieces = std::vector<std::size_t>;

inline Pieces one_by_one(std::size_t size) {
  Pieces ends;
  for (std::size_t end = 0; end <= size; ++end) ends.push_back(end);
  return ends;
}

inline Pieces random_pieces(std::size_t size, std::mt19937& random) {
  Pieces ends;
  std::size_t end = 0;
  while (end < size) {
    end += std::uniform_int_distribution<std::size_t>(1, 1 + size / 3)(random);
    ends.push_back(std::min(end, size));
  }
  return ends;
}

/// `parse(parser, buffer, head, consumed)` until it does not want more or the bytes end.
template <class Head, class ParseHead>
Outcome feed(std::string_view bytes, const Pieces& ends, const Limits& limits, ParseHead parse) {
  HeadParser parser(limits);
  Head head;
  Outcome outcome;
  for (const std::size_t end : ends) {
    const std::vector<char> piece(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(end));
    const std::string_view buffer(piece.data(), piece.size());
    outcome.state = parse(parser, buffer, head, outcome.consumed);
    if (outcome.state == Parse::more) continue;
    outcome.status = parser.refusal().status;
    outcome.reason = parser.refusal().reason;
    if (outcome.state == Parse::done) outcome.head = describe(head);
    break;
  }
  return outcome;
}

/// The outcome in one piece, after checking that no other way of feeding changes it.
template <class Head, class ParseHead>
Outcome feed_all_ways(std::string_view bytes, const Limits& limits, ParseHead parse) {
  const Outcome whole = feed<Head>(bytes, {bytes.size()}, limits, parse);
  EXPECT_EQ(feed<Head>(bytes, one_by_one(bytes.size()), limits, parse), whole) << "byte by byte";
  std::mt19937 random(static_cast<std::uint32_t>(bytes.size()));
  for (int round = 0; round < 8; ++round) {
    const Pieces pieces = random_pieces(bytes.size(), random);
    EXPECT_EQ(feed<Head>(bytes, pieces, limits, parse), whole) << "in " << pieces.size() << " pieces";
  }
  return whole;
}

inline Outcome request(std::string_view bytes, const Limits& limits = {}) {
  return feed_all_ways<RequestHead>(bytes, limits, [](HeadParser& parser, std::string_view buffer, RequestHead& head,
                                                      std::size_t& consumed) {
    return parser.request(buffer, head, consumed);
  });
}

inline Outcome response(std::string_view bytes, std::string_view method = "GET", const Limits& limits = {}) {
  return feed_all_ways<ResponseHead>(
      bytes, limits, [method](HeadParser& parser, std::string_view buffer, ResponseHead& head, std::size_t& consumed) {
        return parser.response(buffer, method, head, consumed);
      });
}

/// A request head that must be accepted; `bytes` must outlive it.
inline RequestHead accepted(std::string_view bytes) {
  HeadParser parser{Limits{}};
  RequestHead head;
  std::size_t consumed = 0;
  EXPECT_EQ(parser.request(bytes, head, consumed), Parse::done) << parser.refusal().reason;
  return head;
}

inline ResponseHead accepted_response(std::string_view bytes, std::string_view method = "GET") {
  HeadParser parser{Limits{}};
  ResponseHead head;
  std::size_t consumed = 0;
  EXPECT_EQ(parser.response(bytes, method, head, consumed), Parse::done) << parser.refusal().reason;
  return head;
}

}  // namespace myelin::http::test
