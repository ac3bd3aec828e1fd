#pragma once
// A body that arrives while it is read: pulled by whoever consumes it, so back pressure comes for
// free. Implemented by the HTTP connections of both sides. Never holds more than 64 KiB unread
// (REL-130). Used only on the shard that owns the connection.

#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/base/fault.hpp"
#include "engine/base/task.hpp"

namespace myelin {

class BodySource {
 public:
  enum class Status { more, end, failed };

  virtual ~BodySource() = default;

  /// Decoded body bytes that are here now and not consumed; a view valid until the next consume()
  /// or fill().
  virtual std::string_view buffered() const noexcept = 0;
  /// Nothing follows buffered(). Of a body with trailers only fill() tells the end first.
  virtual bool ended() const noexcept = 0;
  virtual void consume(std::size_t bytes) noexcept = 0;
  /// Waits until buffered() is not empty, the end is reached, or the peer failed; then fault() says
  /// how. Requires buffered() to be empty.
  virtual Task<Status> fill() = 0;
  /// Why fill() returned `failed`.
  virtual const Fault& fault() const noexcept = 0;
  /// Fields behind the body that may be passed on, as lines of HTTP/1.1, each with its CRLF; known when it has ended.
  virtual std::string_view trailers() const noexcept { return {}; }
  /// Bytes of the whole body when the peer declared it (Content-Length).
  virtual std::optional<std::uint64_t> length() const noexcept = 0;
};

}  // namespace myelin
