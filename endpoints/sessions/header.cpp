// <session type="header" name="X-Session">: an id the client makes up, in a header field of the request.

#include "endpoints/common/client_session.hpp"
#include "engine/base/text.hpp"

namespace myelin {
namespace {

class HeaderSession final : public endpoints::ClientSession {
 public:
  HeaderSession(xml::Bind& session, Build&) : name_(session.required("name")) {
    if (!name_.empty() && !text::is_token(name_))
      session.error(session.attribute("name")->where, "name of <session> is \"" + name_ + "\"", "a header name is needed");
  }

  std::vector<std::string_view> request_ids(Message& request) const override {
    const std::string_view id = text::trim(request.headers.get(name_).value_or(""));
    return id.empty() ? std::vector<std::string_view>{} : std::vector{id};
  }

 private:
  std::string name_;
};

MYELIN_SESSION(HeaderSession, "header");

}  // namespace
}  // namespace myelin
