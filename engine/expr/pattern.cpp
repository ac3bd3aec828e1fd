// REL-088: the matcher gives up after this many states. Set before the library is included.
#define BOOST_REGEX_MAX_STATE_COUNT 1000000

#include "engine/expr/pattern.hpp"

#include <algorithm>
#include <boost/regex.hpp>

#include "engine/base/text.hpp"

namespace myelin::expr {

namespace {

bool ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

/// One wchar_t per character, so that `.` matches a character and not a byte. Bytes of invalid UTF-8
/// stand for themselves.
std::wstring widen(std::string_view utf8) {
  std::wstring wide;
  wide.reserve(utf8.size());
  if (!text::valid_utf8(utf8)) {
    for (const char c : utf8) wide += static_cast<wchar_t>(static_cast<unsigned char>(c));
    return wide;
  }
  for (std::size_t i = 0; i < utf8.size();) {
    const auto lead = static_cast<unsigned char>(utf8[i++]);
    const std::size_t more = lead < 0x80 ? 0U : lead < 0xe0 ? 1U : lead < 0xf0 ? 2U : 3U;
    std::uint32_t point = more == 0 ? lead : lead & (0x3fU >> more);
    for (std::size_t n = 0; n < more; ++n) point = point << 6 | (static_cast<unsigned char>(utf8[i++]) & 0x3fU);
    wide += static_cast<wchar_t>(point);
  }
  return wide;
}

/// The other way: a piece of what was widened from UTF-8, or from bytes that are none.
std::string narrow(const std::wstring& wide, bool utf8) {
  std::string narrowed;
  for (const wchar_t c : wide) {
    if (utf8) text::append_utf8(narrowed, static_cast<std::uint32_t>(c));
    else narrowed += static_cast<char>(c);
  }
  return narrowed;
}

Fault too_complex() { return Fault("a regular expression took too many steps on this message"); }

}  // namespace

struct Pattern::Compiled {
  bool empty = false;   ///< matches the empty text only; the library refuses some empty expressions
  bool narrow = false;  ///< usable on plain ASCII subjects
  boost::regex bytes;
  boost::wregex wide;
};

Pattern::Pattern(std::unique_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}
Pattern::~Pattern() = default;

std::unique_ptr<const Pattern> Pattern::compile(std::string_view text, std::string& error) {
  auto compiled = std::make_unique<Compiled>();
  compiled->empty = text.empty();
  compiled->narrow = ascii(text);
  try {
    if (!compiled->empty) {
      // A copy, as the library looks at the character behind an expression that is cut short.
      if (compiled->narrow) compiled->bytes.assign(std::string(text));
      const std::wstring wide = widen(text);
      compiled->wide.assign(wide.begin(), wide.end());
    }
  } catch (const std::exception& failure) {
    error = failure.what();
    return nullptr;
  }
  return std::unique_ptr<const Pattern>(new Pattern(std::move(compiled)));
}

Result<bool> Pattern::matches(std::string_view subject) const {
  if (compiled_->empty) return subject.empty();
  try {
    if (compiled_->narrow && ascii(subject)) return boost::regex_match(subject.begin(), subject.end(), compiled_->bytes);
    return boost::regex_match(widen(subject), compiled_->wide);
  } catch (const std::runtime_error&) {
    return too_complex();
  }
}

Result<std::optional<std::string>> Pattern::group(std::string_view subject, std::size_t number) const {
  std::optional<std::string> found;
  if (compiled_->empty) {
    if (subject.empty() && number == 0) found.emplace();
    return found;
  }
  try {
    const std::wstring wide = widen(subject);
    boost::wsmatch match;
    if (boost::regex_match(wide, match, compiled_->wide) && number < match.size())
      found = narrow(match[static_cast<int>(number)].str(), text::valid_utf8(subject));
    return found;
  } catch (const std::runtime_error&) {
    return too_complex();
  }
}

}  // namespace myelin::expr
