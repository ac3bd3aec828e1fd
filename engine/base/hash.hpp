#pragma once
// A hash of a text that is the same in every process and version: members of a fleet choose alike.
// Not for tables whose keys a stranger chooses.

#include <cstdint>
#include <string_view>

namespace myelin {

inline std::uint64_t mix_bits(std::uint64_t value) noexcept {
  value = (value ^ (value >> 33)) * 0xff51afd7ed558ccdU;
  value = (value ^ (value >> 33)) * 0xc4ceb9fe1a85ec53U;
  return value ^ (value >> 33);
}

/// FNV-1a, finished by mixing so that near texts lie far apart.
inline std::uint64_t stable_hash(std::string_view text) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return mix_bits(hash);
}

}  // namespace myelin
