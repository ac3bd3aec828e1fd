#pragma once
// Fields behind a body, as far as they may be passed on (REL-067): those of gRPC messages, which say by them how a call
// has ended, and those that `http.trailers` names. Never one that a reader of a head acts upon.

#include <string>
#include <string_view>
#include <vector>

namespace myelin::http {

/// Names in lower case that pass whatever the message is.
using TrailerNames = std::vector<std::string>;

class Trailers {
 public:
  /// `allowed` outlives this; null: there are none.
  explicit Trailers(const TrailerNames* allowed) noexcept : allowed_(allowed) {}

  /// For a message of that Content-Type.
  void begin(std::string_view content_type) noexcept;
  /// A field that came, name and value being sound; it is dropped when it may not pass.
  void add(std::string_view name, std::string_view value);
  /// As lines of HTTP/1.1, each with its CRLF.
  std::string_view text() const noexcept { return text_; }

 private:
  bool passes(std::string_view name) const noexcept;

  const TrailerNames* allowed_;
  bool grpc_ = false;
  std::string text_;
};

/// A request of that Content-Type may be answered with trailers that pass: only then it is worth asking for them.
bool may_bring_trailers(std::string_view content_type, const TrailerNames& allowed) noexcept;

/// Framing, routing, content, caching, credentials, cookies: no trailer of that name is ever passed on.
bool is_no_trailer(std::string_view name) noexcept;

}  // namespace myelin::http
