#include "engine/message/coding.hpp"

#define ZLIB_CONST  // input is not written to
#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>
#include <new>

#include "engine/base/text.hpp"

namespace myelin {

namespace {

constexpr std::size_t kFree = std::size_t{1} << 20;  ///< from here on the ratio counts
constexpr std::size_t kRatio = 100;
constexpr int kGzip = 16 + MAX_WBITS, kZlib = MAX_WBITS, kRaw = -MAX_WBITS;

Fault refused(int status, std::string why) {
  Fault fault(code::kParse, "Error while building the message", std::move(why));
  fault.status = status;
  return fault;
}

uInt piece_of(std::size_t size) noexcept {
  return static_cast<uInt>(std::min<std::size_t>(size, std::numeric_limits<uInt>::max()));
}

const Bytef* bytes_of(std::string_view text) noexcept { return reinterpret_cast<const Bytef*>(text.data()); }

class Inflater {
 public:
  explicit Inflater(int window) {
    if (inflateInit2(&stream_, window) != Z_OK) throw std::bad_alloc();
  }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  Result<std::string> run(std::string_view bytes, std::size_t limit) {
    std::string out;
    std::array<char, 16 * 1024> room;
    for (std::string_view left = bytes;;) {
      const uInt given = piece_of(left.size());
      stream_.next_in = bytes_of(left);
      stream_.avail_in = given;
      stream_.next_out = reinterpret_cast<Bytef*>(room.data());
      stream_.avail_out = static_cast<uInt>(room.size());
      const int state = inflate(&stream_, Z_NO_FLUSH);
      if (state == Z_MEM_ERROR) throw std::bad_alloc();
      if (state != Z_OK && state != Z_STREAM_END && state != Z_BUF_ERROR) return refused(400, "the compressed body is broken");
      left.remove_prefix(given - stream_.avail_in);
      const std::size_t made = room.size() - stream_.avail_out;
      if (made > limit - out.size()) return refused(413, fmt::format("the body has more than {} bytes", limit));
      out.append(room.data(), made);
      if (out.size() > kFree && out.size() / kRatio > bytes.size() - left.size())
        return refused(413, fmt::format("the body grows more than {} times when it is decompressed", kRatio));
      if (state == Z_STREAM_END) {
        if (left.empty()) return out;
        if (inflateReset(&stream_) != Z_OK) return refused(400, "the compressed body is broken");
      } else if (made == 0 && left.empty()) {
        return refused(400, "the compressed body is cut short");
      }
    }
  }

 private:
  z_stream stream_{};
};

/// A zlib frame begins with its method, 8, and makes a multiple of 31 of its first two bytes.
bool has_frame(std::string_view bytes) noexcept {
  if (bytes.size() < 2) return false;
  const auto first = static_cast<unsigned char>(bytes[0]);
  const auto second = static_cast<unsigned char>(bytes[1]);
  return (first & 0x0f) == Z_DEFLATED && (first * 256 + second) % 31 == 0;
}

}  // namespace

ContentCoding content_coding(std::string_view value) noexcept {
  value = text::trim(value);
  if (value.empty() || text::iequals(value, "identity")) return ContentCoding::identity;
  if (text::iequals(value, "gzip") || text::iequals(value, "x-gzip")) return ContentCoding::gzip;
  return text::iequals(value, "deflate") ? ContentCoding::deflate : ContentCoding::unknown;
}

Result<std::string> decompress(std::string_view bytes, ContentCoding coding, std::size_t limit) {
  const int window = coding == ContentCoding::gzip ? kGzip : has_frame(bytes) ? kZlib : kRaw;
  return Inflater(window).run(bytes, limit);
}

std::string compress(std::string_view bytes, ContentCoding coding) {
  z_stream stream{};
  const int window = coding == ContentCoding::gzip ? kGzip : kZlib;
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY) != Z_OK) throw std::bad_alloc();
  std::string out;
  std::array<char, 16 * 1024> room;
  int state = Z_OK;
  while (state != Z_STREAM_END) {
    const uInt given = piece_of(bytes.size());
    stream.next_in = bytes_of(bytes);
    stream.avail_in = given;
    stream.next_out = reinterpret_cast<Bytef*>(room.data());
    stream.avail_out = static_cast<uInt>(room.size());
    state = deflate(&stream, given == bytes.size() ? Z_FINISH : Z_NO_FLUSH);
    bytes.remove_prefix(given - stream.avail_in);
    out.append(room.data(), room.size() - stream.avail_out);
  }
  deflateEnd(&stream);
  return out;
}

}  // namespace myelin
