#pragma once
// Cookies of requests and answers as `name=value` pieces (endpoints reference, 5.3).

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

/// The pieces of all `Cookie` fields that `wanted` accepts, in order.
template <class Wanted>
std::vector<std::string> request_cookies(const Message& request, Wanted wanted) {
  std::vector<std::string> found;
  for (const Header& field : request.headers) {
    if (!text::iequals(field.name, "Cookie")) continue;
    for (const std::string_view piece : text::split(field.value, ";"))
      if (wanted(piece)) found.emplace_back(text::trim(piece));
  }
  return found;
}

/// Takes the pieces that `unwanted` accepts out of the request: other cookies stay, a field that would be
/// empty goes (EP-153).
template <class Unwanted>
void strip_cookies(Message& request, Unwanted unwanted) {
  if (request_cookies(request, unwanted).empty()) return;
  std::string rest;
  for (const Header& field : request.headers) {
    if (!text::iequals(field.name, "Cookie")) continue;
    for (const std::string_view piece : text::split(field.value, ";")) {
      if (unwanted(piece) || text::trim(piece).empty()) continue;
      if (!rest.empty()) rest += "; ";
      rest += text::trim(piece);
    }
  }
  if (rest.empty()) request.headers.remove("Cookie");
  else request.headers.set("Cookie", request.copy(rest));
}

}  // namespace myelin::endpoints
