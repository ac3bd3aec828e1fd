// <session type="http">: the session cookie a backend sets (endpoints reference, 5.2 and 5.3). An id
// is the whole `name=value`.

#include <algorithm>
#include <array>

#include "endpoints/common/cookies.hpp"
#include "engine/flow/build.hpp"
#include "engine/ports/session.hpp"

namespace myelin {
namespace {

/// A piece is a session cookie when one of these stands anywhere in it, as with the incumbent; Apache's
/// knows the first only (EP-152).
constexpr std::array<std::string_view, 4> kNames{"JSESSIONID", "PHPSESSID", "phpMyAdmin", "wordpress_test_cookie"};

class HttpSession final : public SessionDispatcher {
 public:
  HttpSession(xml::Bind&, Build& build) : apache_(build.settings.apache_dialect()) {}

  std::vector<std::string_view> request_ids(Message& request) const override {
    return endpoints::request_cookies(request, [this](std::string_view piece) { return is_session(piece); });
  }

  std::optional<std::string> response_id(Message& response) const override {
    for (const Header& field : response.headers) {
      if (!text::iequals(field.name, "Set-Cookie")) continue;
      std::string_view found;
      const auto take = [&](std::string_view piece) {
        found = text::trim(piece);
        return is_session(piece);
      };
      if (endpoints::any_piece(field.value, take)) return std::string(found);
    }
    return std::nullopt;
  }

  bool client_initiated() const noexcept override { return false; }
  /// EP-153; EP-154: Apache's takes the whole header away.
  void strip(Message& request) const override {
    if (apache_) request.headers.remove("Cookie");
    else endpoints::strip_cookies(request, [this](std::string_view piece) { return is_session(piece); });
  }
  Need request_need() const noexcept override { return Need::nothing; }
  Need response_need() const noexcept override { return Need::nothing; }

 private:
  bool is_session(std::string_view piece) const noexcept {
    const auto contains = [piece](std::string_view name) { return piece.find(name) != std::string_view::npos; };
    return apache_ ? contains(kNames[0]) : std::any_of(kNames.begin(), kNames.end(), contains);
  }

  bool apache_;
};

MYELIN_SESSION(HttpSession, "http");

}  // namespace
}  // namespace myelin
