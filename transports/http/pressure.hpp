#pragma once
// How short the process is of memory, as the listener has to know it (REL-132).

#include <cstdint>

#include "engine/base/clock.hpp"

namespace myelin::http {

enum class Pressure : std::uint8_t {
  none,
  no_keep_alive,  ///< every answer is its connection's last
  no_new_work,    ///< requests are answered 503 with Retry-After
  no_accept       ///< connections wait in the kernel
};

/// Asked by every shard for each request and accepted connection: cheap, and thread safe.
class Gauge {
 public:
  virtual ~Gauge() = default;
  virtual Pressure pressure(TimePoint now) noexcept = 0;
};

}  // namespace myelin::http
