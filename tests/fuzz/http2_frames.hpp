#pragma once
// What the fuzz targets of both sides of HTTP/2 have in common: a message in each direction, and the look at what a
// session writes.

#include <string>
#include <utility>

#include "tests/fuzz/target.hpp"
#include "transports/http/http2_session.hpp"
#include "transports/http/trailers.hpp"

namespace myelin::fuzz {

/// What did not hold within a callback, from which nothing may be thrown.
inline std::string& noted() {
  static std::string first;
  return first;
}
inline void note(bool holds, std::string_view what = {}, int line = __builtin_LINE()) {
  if (!holds && noted().empty()) noted() = std::to_string(line) + ": does not hold " + std::string(what);
}

/// Takes note of everything; what it was told has to be in order.
template <class Base>
class NotedSide : public Base {
 public:
  virtual ~NotedSide() = default;
  void received(std::string_view bytes) override {
    note(!ended && !is_closed, "no body behind the end");
    body += bytes;
    unread += bytes.size();
    note(unread <= 65'535, "no more than the window");
  }
  void received_all() override {
    note(!ended && !is_closed);
    ended = true;
  }
  void trailer(std::string_view name, std::string_view value) override {
    note(!ended && !is_closed);
    trailers.add(name, value);
    note(trailers.text().find_first_of(std::string_view("\0", 1)) == std::string_view::npos);
  }
  void taken() override {}
  void sent_all() override {
    note(!all_sent);
    all_sent = true;
  }
  void closed(http::Http2Error error) override {
    note(!is_closed);
    is_closed = true;
    failed = error != http::Http2Error::none;
  }
  void wake() override {}

  /// What came, as text.
  std::string told() const { return body + '|' + std::string(trailers.text()) + (ended ? "|ended" : "") + (is_closed ? "|closed" : ""); }

  std::string body;
  std::size_t unread = 0;
  http::Trailers trailers{nullptr};
  bool ended = false, all_sent = false, is_closed = false, failed = false;
};

/// Whole frames, none larger than the peer takes unless it said so.
inline void require_frames(std::string_view bytes) {
  while (!bytes.empty()) {
    require(bytes.size() >= 9, "a whole frame header");
    const auto at = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(bytes[i])); };
    const std::size_t size = at(0) << 16 | at(1) << 8 | at(2);
    require(bytes.size() >= 9 + size, "a whole frame");
    bytes.remove_prefix(9 + size);
  }
}

/// The pieces in which bytes arrive: of `size`, or all at once for 0.
template <class Take>
void in_pieces(std::string_view bytes, std::size_t size, Take take) {
  while (!bytes.empty()) {
    const std::size_t part = size == 0 ? bytes.size() : std::min(size, bytes.size());
    const std::vector<char> piece = exact(bytes.substr(0, part));
    if (!take(std::string_view(piece.data(), piece.size()))) return;
    bytes.remove_prefix(part);
  }
}

}  // namespace myelin::fuzz
