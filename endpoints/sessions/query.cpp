// <session type="query" name="sid">: an id the client makes up, in a query parameter of the request it
// sent.

#include "endpoints/common/client_session.hpp"
#include "engine/base/text.hpp"

namespace myelin {
namespace {

class QuerySession final : public endpoints::ClientSession {
 public:
  QuerySession(xml::Bind& session, Build&) : name_(session.required("name")) {}

  std::vector<std::string_view> request_ids(Message& request) const override {
    for (const std::string_view parameter : text::split(request.incoming.query(), "&")) {
      const auto equals = parameter.find('=');
      if (equals == std::string_view::npos || text::percent_decode(parameter.substr(0, equals), true) != name_) continue;
      if (const std::string id = text::percent_decode(parameter.substr(equals + 1), true); !id.empty()) return {request.copy(id)};
    }
    return {};
  }

 private:
  std::string name_;
};

MYELIN_SESSION(QuerySession, "query");

}  // namespace
}  // namespace myelin
