#pragma once
// SipHash-2-4 with 128 bits of result: a hash that nobody without the key can find collisions for. For
// tables whose keys strangers choose; the key is drawn once per process.

#include <bit>
#include <cstdint>
#include <cstring>
#include <random>
#include <string_view>

namespace myelin {

struct HashKey {
  std::uint64_t low = 0, high = 0;

  /// That of this process.
  static const HashKey& own() {
    static const HashKey key = [] {
      std::random_device device;
      const auto word = [&device] { return std::uint64_t{device()} << 32 | device(); };
      return HashKey{word(), word()};
    }();
    return key;
  }
};

struct Hash128 {
  std::uint64_t low = 0, high = 0;
  bool operator==(const Hash128&) const = default;
};

class KeyedHash {
 public:
  static Hash128 of(std::string_view text, const HashKey& key) noexcept {
    KeyedHash hash(key);
    const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
    std::size_t at = 0;
    for (; at + 8 <= text.size(); at += 8) hash.absorb(word(bytes + at, 8));
    hash.absorb(word(bytes + at, text.size() - at) | std::uint64_t{text.size()} << 56);
    Hash128 result;
    hash.v2_ ^= 0xee;
    result.low = hash.squeeze();
    hash.v1_ ^= 0xdd;
    result.high = hash.squeeze();
    return result;
  }

 private:
  explicit KeyedHash(const HashKey& key) noexcept
      : v0_(key.low ^ 0x736f6d6570736575U),
        v1_(key.high ^ 0x646f72616e646f6dU ^ 0xee),
        v2_(key.low ^ 0x6c7967656e657261U),
        v3_(key.high ^ 0x7465646279746573U) {}

  /// Little endian, whatever the machine.
  static std::uint64_t word(const unsigned char* bytes, std::size_t count) noexcept {
    std::uint64_t value = 0;
    if (std::endian::native == std::endian::little && count == 8) {
      std::memcpy(&value, bytes, 8);
      return value;
    }
    for (std::size_t i = 0; i < count; ++i) value |= std::uint64_t{bytes[i]} << (8 * i);
    return value;
  }
  void absorb(std::uint64_t value) noexcept {
    v3_ ^= value;
    mix();
    mix();
    v0_ ^= value;
  }
  std::uint64_t squeeze() noexcept {
    for (int i = 0; i < 4; ++i) mix();
    return v0_ ^ v1_ ^ v2_ ^ v3_;
  }
  void mix() noexcept {
    v0_ += v1_, v2_ += v3_;
    v1_ = std::rotl(v1_, 13) ^ v0_, v3_ = std::rotl(v3_, 16) ^ v2_;
    v0_ = std::rotl(v0_, 32);
    v2_ += v1_, v0_ += v3_;
    v1_ = std::rotl(v1_, 17) ^ v2_, v3_ = std::rotl(v3_, 21) ^ v0_;
    v2_ = std::rotl(v2_, 32);
  }

  std::uint64_t v0_, v1_, v2_, v3_;
};

}  // namespace myelin
