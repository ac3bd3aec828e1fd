#pragma once
// How short of memory the process is (REL-132): its resident memory against a target, which is
// `memory.limit` or 75 % of what the control group allows.

#include <atomic>
#include <cstddef>
#include <functional>

#include "engine/runtime/settings.hpp"
#include "transports/http/pressure.hpp"

namespace myelin::server {

class MemoryGauge final : public http::Gauge {
 public:
  /// `resident` tells bytes; it is asked at most every 100 ms, by whoever asks for pressure().
  MemoryGauge(std::size_t target, std::function<std::size_t()> resident);

  http::Pressure pressure(TimePoint now) noexcept override;
  std::size_t target() const noexcept { return target_; }

 private:
  void look() noexcept;

  const std::size_t target_;
  const std::function<std::size_t()> resident_;
  std::atomic<TimePoint::rep> next_{0};
  std::atomic<http::Pressure> level_{http::Pressure::none};
  std::atomic<unsigned> trims_{0};  ///< looks since memory was given back, while it is short
};

/// The target in bytes; 0: there is no limit.
std::size_t memory_target(const Settings& settings);

}  // namespace myelin::server
