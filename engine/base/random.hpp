#pragma once
// Numbers for spreading load and jitter: fast, per thread, not for secrets.

#include <cstdint>
#include <random>

namespace myelin {

/// splitmix64, seeded per thread by the system.
inline std::uint64_t random_bits() noexcept {
  thread_local std::uint64_t state = std::random_device()() * std::uint64_t{0x100000001} ^ std::random_device()();
  std::uint64_t z = state += 0x9e3779b97f4a7c15U;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31);
}

/// 0 to below `bound` (not 0).
inline std::uint32_t random_below(std::uint32_t bound) noexcept {
  return static_cast<std::uint32_t>(((random_bits() >> 32) * bound) >> 32);
}

/// 0 to below 1.
inline double random_fraction() noexcept { return static_cast<double>(random_bits() >> 11) * 0x1.0p-53; }

}  // namespace myelin
