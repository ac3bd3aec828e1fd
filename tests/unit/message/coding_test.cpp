// Content codings (REL-018).
#include "engine/message/coding.hpp"

#include <gtest/gtest.h>

namespace myelin {
namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;

std::string noise(std::size_t size) {
  std::string out(size, '\0');
  std::uint32_t state = 7;
  for (char& c : out) c = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  return out;
}

int status_of(std::string_view bytes, ContentCoding coding, std::size_t limit) {
  const auto plain = decompress(bytes, coding, limit);
  return plain ? 200 : plain.fault().status;
}

TEST(ContentCodings, AreTold) {
  EXPECT_EQ(content_coding(""), ContentCoding::identity);
  EXPECT_EQ(content_coding(" Identity "), ContentCoding::identity);
  EXPECT_EQ(content_coding("GZip"), ContentCoding::gzip);
  EXPECT_EQ(content_coding("x-gzip"), ContentCoding::gzip);
  EXPECT_EQ(content_coding("deflate"), ContentCoding::deflate);
  EXPECT_EQ(content_coding("br"), ContentCoding::unknown);
  EXPECT_EQ(content_coding("gzip, deflate"), ContentCoding::unknown);
}

TEST(ContentCodings, GoThereAndBack) {
  for (const ContentCoding coding : {ContentCoding::gzip, ContentCoding::deflate})
    for (const std::string& text : {std::string(), std::string("a"), noise(300'000)}) {
      const auto plain = decompress(compress(text, coding), coding, kMiB);
      ASSERT_TRUE(plain.ok()) << plain.fault().detail;
      EXPECT_EQ(*plain, text);
    }
}

TEST(ContentCodings, AreNotWholeWhenCut) {
  for (const ContentCoding coding : {ContentCoding::gzip, ContentCoding::deflate}) {
    const std::string whole = compress(noise(100), coding);
    for (std::size_t size = 1; size < whole.size(); ++size)
      EXPECT_EQ(status_of(std::string_view(whole).substr(0, size), coding, kMiB), 400) << size;
  }
}

TEST(ContentCodings, ShareTheLimit) {
  const std::string whole = compress(noise(1000), ContentCoding::gzip);
  EXPECT_EQ(status_of(whole, ContentCoding::gzip, 1000), 200);
  EXPECT_EQ(status_of(whole, ContentCoding::gzip, 999), 413);
  EXPECT_EQ(status_of(whole + whole, ContentCoding::gzip, 1999), 413);
  EXPECT_EQ(status_of(whole, ContentCoding::gzip, 0), 413);
}

TEST(ContentCodings, GrowAHundredfoldAfterTheFirstMegabyte) {
  EXPECT_EQ(status_of(compress(std::string(kMiB, ' '), ContentCoding::gzip), ContentCoding::gzip, 64 * kMiB), 200);
  EXPECT_EQ(status_of(compress(std::string(2 * kMiB, ' '), ContentCoding::gzip), ContentCoding::gzip, 64 * kMiB), 413);
  EXPECT_EQ(status_of(compress(std::string(2 * kMiB, ' ') + noise(30'000), ContentCoding::gzip), ContentCoding::gzip, 64 * kMiB),
            413) << "judged as it grows, not at the end";
  EXPECT_EQ(status_of(compress(noise(30'000) + std::string(2 * kMiB, ' '), ContentCoding::gzip), ContentCoding::gzip, 64 * kMiB),
            200);
}

}  // namespace
}  // namespace myelin
