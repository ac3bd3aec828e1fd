#pragma once
// The pressure of resident memory against a target (REL-132): 85 % of it no keep-alive, 92 % no new
// work, 97 % no accepting.

#include <atomic>
#include <cstddef>
#include <functional>

#include "transports/http/pressure.hpp"

namespace myelin::http {

class MemoryGauge final : public Gauge {
 public:
  /// `target` in bytes, not 0. `resident` tells bytes; it is asked at most every 100 ms, by whoever
  /// asks for pressure().
  MemoryGauge(std::size_t target, std::function<std::size_t()> resident)
      : target_(target), resident_(std::move(resident)) {}

  Pressure pressure(TimePoint now) noexcept override;

 private:
  void look() noexcept;

  const std::size_t target_;
  const std::function<std::size_t()> resident_;
  std::atomic<TimePoint::rep> next_{0};
  std::atomic<Pressure> level_{Pressure::none};
  std::atomic<unsigned> looks_{0};  ///< while it is short, since memory was given back
};

}  // namespace myelin::http
