// <session type="http">: the session cookie a backend sets (endpoints reference, 5.2 and 5.3). An id
// is the whole `name=value`.

#include <algorithm>
#include <array>

#include "engine/base/text.hpp"
#include "engine/ports/session.hpp"

namespace myelin {
namespace {

/// A piece is a session cookie when one of these stands anywhere in it, as with the incumbent.
constexpr std::array<std::string_view, 4> kNames{"JSESSIONID", "PHPSESSID", "phpMyAdmin", "wordpress_test_cookie"};

bool is_session(std::string_view piece) noexcept {
  return std::any_of(kNames.begin(), kNames.end(), [piece](std::string_view name) {
    return piece.find(name) != std::string_view::npos;
  });
}

/// Session cookies of all fields of that name, in order.
std::vector<std::string> session_pieces(const Headers& headers, std::string_view field_name) {
  std::vector<std::string> found;
  for (const Header& field : headers) {
    if (!text::iequals(field.name, field_name)) continue;
    for (const std::string_view piece : text::split(field.value, ";"))
      if (is_session(piece)) found.emplace_back(text::trim(piece));
  }
  return found;
}

class HttpSession final : public SessionDispatcher {
 public:
  std::vector<std::string> request_ids(Message& request) const override {
    return session_pieces(request.headers, "Cookie");
  }

  std::optional<std::string> response_id(Message& response) const override {
    auto pieces = session_pieces(response.headers, "Set-Cookie");
    if (pieces.empty()) return std::nullopt;
    return std::move(pieces.front());
  }

  bool client_initiated() const noexcept override { return false; }

  /// EP-153: other cookies stay; a header that would be empty goes.
  void strip(Message& request) const override {
    if (session_pieces(request.headers, "Cookie").empty()) return;
    std::string rest;
    for (const Header& field : request.headers) {
      if (!text::iequals(field.name, "Cookie")) continue;
      for (const std::string_view piece : text::split(field.value, ";")) {
        if (is_session(piece) || text::trim(piece).empty()) continue;
        if (!rest.empty()) rest += "; ";
        rest += text::trim(piece);
      }
    }
    if (rest.empty()) request.headers.remove("Cookie");
    else request.headers.set("Cookie", request.copy(rest));
  }

  Need request_need() const noexcept override { return Need::nothing; }
  Need response_need() const noexcept override { return Need::nothing; }
};

MYELIN_SESSION(HttpSession, "http");

}  // namespace
}  // namespace myelin
