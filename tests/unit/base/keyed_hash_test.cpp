#include "engine/base/keyed_hash.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace myelin {
namespace {

constexpr HashKey kKey{0x0706050403020100U, 0x0f0e0d0c0b0a0908U};

/// The published vectors of SipHash-2-4 with 128 bits: key 00 to 0f, text 00, 01, 02 ...
TEST(KeyedHash, IsSipHash) {
  EXPECT_EQ(KeyedHash::of("", kKey), (Hash128{0xe6a825ba047f81a3U, 0x930255c71472f66dU}));
  EXPECT_EQ(KeyedHash::of(std::string_view("\0", 1), kKey), (Hash128{0x44af996bd8c187daU, 0x45fc229b11597634U}));
}

TEST(KeyedHash, EveryByteAndTheLengthCount) {
  std::set<std::pair<std::uint64_t, std::uint64_t>> seen;
  for (std::size_t length = 0; length < 40; ++length)
    for (std::size_t at = 0; at <= length; ++at) {
      std::string text(length, '\0');
      if (at < length) text[at] = '\x80';
      const Hash128 hash = KeyedHash::of(text, kKey);
      EXPECT_TRUE(seen.emplace(hash.low, hash.high).second);
    }
  EXPECT_NE(KeyedHash::of("x", kKey), KeyedHash::of("x", {1, 2}));
}

TEST(KeyedHash, TheProcessHasOneKey) {
  EXPECT_EQ(HashKey::own().low, HashKey::own().low);
  EXPECT_TRUE(HashKey::own().low != 0 || HashKey::own().high != 0);
}

}  // namespace
}  // namespace myelin
