#pragma once
// Addresses as they may be shown: a user's password never is (REL-117).

#include <algorithm>
#include <string>
#include <string_view>

namespace myelin::endpoints {

/// `text` with *** in place of what stands before the @ of its authority.
inline std::string without_userinfo(std::string_view text) {
  const std::size_t scheme = text.find("://");
  const std::size_t begin = scheme == text.npos ? text.size() : scheme + 3;
  const std::size_t at = text.substr(0, text.find_first_of("/?#", begin)).rfind('@');
  if (at == text.npos || at < begin) return std::string(text);
  return std::string(text.substr(0, begin)) + "***" + std::string(text.substr(at));
}

}  // namespace myelin::endpoints
