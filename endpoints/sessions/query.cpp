// <session type="query" name="sid">: an id the client makes up, in a query parameter of the request it
// sent.

#include "engine/base/text.hpp"
#include "engine/ports/session.hpp"

namespace myelin {
namespace {

class QuerySession final : public SessionDispatcher {
 public:
  QuerySession(xml::Bind& session, Build&) : name_(session.required("name")) {}

  std::vector<std::string> request_ids(Message& request) const override {
    for (const std::string_view parameter : text::split(request.incoming.query(), "&")) {
      const auto equals = parameter.find('=');
      if (equals == std::string_view::npos || text::percent_decode(parameter.substr(0, equals), true) != name_) continue;
      if (std::string id = text::percent_decode(parameter.substr(equals + 1), true); !id.empty()) return {std::move(id)};
    }
    return {};
  }
  std::optional<std::string> response_id(Message&) const override { return std::nullopt; }
  bool client_initiated() const noexcept override { return true; }
  void strip(Message&) const override {}
  Need request_need() const noexcept override { return Need::nothing; }
  Need response_need() const noexcept override { return Need::nothing; }

 private:
  std::string name_;
};

MYELIN_SESSION(QuerySession, "query");

}  // namespace
}  // namespace myelin
