// Chunked framing, decoded where it lies (REL-014..016, 057, 065..067).

#include <algorithm>
#include <cstring>
#include <limits>

#include "transports/http/codec.hpp"
#include "transports/http/syntax.hpp"
#include "transports/http/trailers.hpp"

namespace myelin::http {

namespace {

constexpr std::uint64_t kLargest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

constexpr int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Every quoted string of a chunk extension is closed; a backslash quotes the next character.
bool quotes_balanced(std::string_view extension) noexcept {
  bool quoted = false;
  for (std::size_t i = 0; i < extension.size(); ++i) {
    if (extension[i] == '"') quoted = !quoted;
    else if (quoted && extension[i] == '\\') ++i;
  }
  return !quoted;
}

}  // namespace

void ChunkDecoder::reset() noexcept {
  refusal_ = Refusal{};
  where_ = Where::size;
  left_ = 0;
  extensions_ = trailers_ = trailer_bytes_ = scanned_ = 0;
}

bool ChunkDecoder::refuse(const char* reason) noexcept {
  refusal_ = Refusal{400, reason};
  return false;
}

/// The line at `at`, without CRLF, of at most `limit` bytes. False: not complete yet, or refused.
bool ChunkDecoder::line(std::string_view input, std::size_t at, std::size_t limit, std::string_view& text) {
  const std::string_view rest = input.substr(at);
  const std::size_t end = limit + 2;
  const std::size_t seen = std::min(rest.size(), end);
  const void* found = scanned_ < seen ? std::memchr(rest.data() + scanned_, '\n', seen - scanned_) : nullptr;
  if (!found) {
    scanned_ = seen;
    if (seen == end) refuse(where_ == Where::size ? "chunk_line_too_long" : "trailers_too_large");
    return false;
  }
  scanned_ = 0;
  const std::size_t feed = static_cast<std::size_t>(static_cast<const char*>(found) - rest.data());
  if (feed == 0 || rest[feed - 1] != '\r') return refuse("bare_lf");
  text = rest.substr(0, feed - 1);
  return true;
}

bool ChunkDecoder::size_line(std::string_view line) {
  std::size_t digits = 0;
  std::uint64_t size = 0;
  while (digits < line.size() && hex_value(line[digits]) >= 0) {
    if (digits == 16) return refuse("chunk_too_large");
    size = size << 4 | static_cast<std::uint64_t>(hex_value(line[digits]));
    ++digits;
  }
  if (digits == 0) return refuse("bad_chunk_size");
  if (size > kLargest) return refuse("chunk_too_large");
  const std::string_view extension = line.substr(digits);
  if (!extension.empty()) {
    if (extension.front() != ';') return refuse("bad_chunk_size");
    if (!syntax::is_value(extension) || !quotes_balanced(extension)) return refuse("bad_chunk_extension");
    extensions_ += extension.size();
    if (extensions_ > limits_.chunk_extensions) return refuse("chunk_extensions_too_large");
  }
  left_ = size;
  where_ = size == 0 ? Where::trailer : Where::data;
  return true;
}

bool ChunkDecoder::trailer_line(std::string_view line) {
  if (line.empty()) {
    where_ = Where::finished;
    return true;
  }
  if (++trailers_ > limits_.trailer_fields) return refuse("too_many_trailers");
  trailer_bytes_ += line.size() + 2;
  if (trailer_bytes_ > limits_.trailer_bytes) return refuse("trailers_too_large");
  Header field;
  if (const char* reason = syntax::split_field(line, field)) return refuse(reason);
  if (kept_) kept_->add(field.name, field.value);
  return true;
}

Parse ChunkDecoder::data_end(std::string_view input, std::size_t& at) {
  const std::string_view rest = input.substr(at, 2);
  if (rest != std::string_view("\r\n").substr(0, rest.size())) {
    refuse("bad_chunk_end");
    return Parse::bad;
  }
  if (rest.size() < 2) return Parse::more;
  at += 2;
  where_ = Where::size;
  return Parse::done;
}

ChunkDecoder::Step ChunkDecoder::next(std::string_view input) {
  Step step;
  std::size_t& at = step.consumed;
  while (refusal_.status == 0) {
    if (where_ == Where::data && left_ > 0) {
      step.body = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size() - at));
      return step;
    }
    if (where_ == Where::data) where_ = Where::data_end;
    if (where_ == Where::finished) {
      step.state = Parse::done;
      return step;
    }
    if (where_ == Where::data_end) {
      if (data_end(input, at) == Parse::more) return step;
      continue;
    }
    const bool trailer = where_ == Where::trailer;
    const std::size_t limit = trailer ? limits_.trailer_bytes - trailer_bytes_ : limits_.chunk_line;
    std::string_view text;
    if (!line(input, at, limit, text)) {
      if (refusal_.status == 0) return step;
      continue;
    }
    if (trailer ? trailer_line(text) : size_line(text)) at += text.size() + 2;
  }
  step.state = Parse::bad;
  return step;
}

}  // namespace myelin::http
