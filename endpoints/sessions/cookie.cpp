// <session type="cookie" name="SID">: a cookie of that name which a backend sets. An id is the whole
// `name=value`; a cookie that is set to nothing begins no session.

#include "endpoints/common/cookies.hpp"
#include "engine/ports/session.hpp"

namespace myelin {
namespace {

class CookieSession final : public SessionDispatcher {
 public:
  CookieSession(xml::Bind& session, Build&) : name_(session.required("name")) {
    if (!name_.empty() && !text::is_token(name_))
      session.error(session.attribute("name")->where, "name of <session> is \"" + name_ + "\"", "a cookie name is needed");
  }

  std::vector<std::string_view> request_ids(Message& request) const override {
    return endpoints::request_cookies(request, [this](std::string_view piece) { return is_own(piece); });
  }

  std::optional<std::string> response_id(Message& response) const override {
    for (const Header& field : response.headers) {
      if (!text::iequals(field.name, "Set-Cookie")) continue;
      const std::string_view cookie = text::trim(field.value.substr(0, field.value.find(';')));
      if (is_own(cookie) && cookie.back() != '=') return std::string(cookie);
    }
    return std::nullopt;
  }

  bool client_initiated() const noexcept override { return false; }
  void strip(Message& request) const override {
    endpoints::strip_cookies(request, [this](std::string_view piece) { return is_own(piece); });
  }
  Need request_need() const noexcept override { return Need::nothing; }
  Need response_need() const noexcept override { return Need::nothing; }

 private:
  bool is_own(std::string_view piece) const noexcept { return endpoints::is_cookie(piece, name_); }

  std::string name_;
};

MYELIN_SESSION(CookieSession, "cookie");

}  // namespace
}  // namespace myelin
