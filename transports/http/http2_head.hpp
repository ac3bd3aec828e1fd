#pragma once
// The head of an HTTP/2 request, put together from its fields as the text of an HTTP/1.1 head, so that
// the strict parser of codec.hpp judges both versions by the same rules and limits. Nothing that could
// end a line gets into the text. One per connection, as header blocks never overlap.

#include <string>
#include <string_view>

#include "transports/http/codec.hpp"

namespace myelin::http {

class Http2Head {
 public:
  explicit Http2Head(const Limits& limits) : limits_(limits) {}

  void begin() noexcept;
  /// A field as it was decompressed, pseudo fields included. After a refusal nothing is kept.
  void add(std::string_view name, std::string_view value);
  /// The text, `Transfer-Encoding: chunked` included where a body of unknown length follows; empty when
  /// refused.
  std::string_view finish(bool body_follows);
  const Refusal& refusal() const noexcept { return refusal_; }
  /// Gives the memory back.
  void release();

 private:
  void pseudo(std::string_view name, std::string_view value);
  void field(std::string_view name, std::string_view value);
  void write(std::string& to, std::string_view name, std::string_view value);
  void refuse(int status, const char* reason) noexcept;

  const Limits& limits_;
  Refusal refusal_;
  std::string method_, path_, host_, cookie_, fields_, text_;
  std::size_t size_ = 0;
  std::size_t count_ = 0;
  bool has_authority_ = false;
  bool has_host_ = false;
  bool has_length_ = false;
};

}  // namespace myelin::http
