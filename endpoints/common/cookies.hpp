#pragma once
// Cookies of requests and answers as `name=value` pieces (endpoints reference, 5.3).

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/text.hpp"
#include "engine/message/message.hpp"

namespace myelin::endpoints {

/// `piece` is a cookie of exactly that name.
inline bool is_cookie(std::string_view piece, std::string_view name) noexcept {
  piece = text::trim(piece);
  const auto equals = piece.find('=');
  return equals != std::string_view::npos && text::trim(piece.substr(0, equals)) == name;
}

/// Calls `take` with each piece of a field until it returns true; then that is the result.
template <class Take>
bool any_piece(std::string_view field, Take take) {
  while (!field.empty()) {
    const std::size_t end = std::min(field.find(';'), field.size());
    if (take(field.substr(0, end))) return true;
    field.remove_prefix(std::min(end + 1, field.size()));
  }
  return false;
}

/// The pieces of all `Cookie` fields that `wanted` accepts, in order.
template <class Wanted>
std::vector<std::string_view> request_cookies(const Message& request, Wanted wanted) {
  std::vector<std::string_view> found;
  for (const Header& field : request.headers) {
    if (!text::iequals(field.name, "Cookie")) continue;
    any_piece(field.value, [&](std::string_view piece) {
      if (wanted(piece)) found.push_back(text::trim(piece));
      return false;
    });
  }
  return found;
}

/// Takes the pieces that `unwanted` accepts out of the request: other cookies stay, a field that would be
/// empty goes (EP-153).
template <class Unwanted>
void strip_cookies(Message& request, Unwanted unwanted) {
  bool found = false;
  std::string rest;
  for (const Header& field : request.headers) {
    if (!text::iequals(field.name, "Cookie")) continue;
    any_piece(field.value, [&](std::string_view piece) {
      const bool strips = unwanted(piece);
      found |= strips;
      if (strips || text::trim(piece).empty()) return false;
      if (!rest.empty()) rest += "; ";
      rest += text::trim(piece);
      return false;
    });
  }
  if (!found) return;
  if (rest.empty()) request.headers.remove("Cookie");
  else request.headers.set("Cookie", request.copy(rest));
}

}  // namespace myelin::endpoints
