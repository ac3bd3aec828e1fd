// <session type="http">: the session cookie a backend sets (endpoints reference, 5.2 and 5.3). An id
// is the whole `name=value`.

#include <algorithm>
#include <array>

#include "endpoints/common/cookies.hpp"
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

class HttpSession final : public SessionDispatcher {
 public:
  std::vector<std::string> request_ids(Message& request) const override {
    return endpoints::request_cookies(request, is_session);
  }

  std::optional<std::string> response_id(Message& response) const override {
    for (const Header& field : response.headers) {
      if (!text::iequals(field.name, "Set-Cookie")) continue;
      for (const std::string_view piece : text::split(field.value, ";"))
        if (is_session(piece)) return std::string(text::trim(piece));
    }
    return std::nullopt;
  }

  bool client_initiated() const noexcept override { return false; }
  void strip(Message& request) const override { endpoints::strip_cookies(request, is_session); }
  Need request_need() const noexcept override { return Need::nothing; }
  Need response_need() const noexcept override { return Need::nothing; }
};

MYELIN_SESSION(HttpSession, "http");

}  // namespace
}  // namespace myelin
