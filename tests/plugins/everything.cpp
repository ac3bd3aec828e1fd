// One plug-in of each kind besides algorithms, for the cases in tests/cases/plugins.

#include "endpoints/common/leaf.hpp"
#include "engine/flow/build.hpp"
#include "engine/flow/class_parameters.hpp"
#include "engine/flow/mediator.hpp"
#include "engine/ports/class_endpoint.hpp"
#include "engine/ports/plugin.hpp"
#include "engine/ports/session.hpp"

namespace {

using namespace myelin;

/// Sets a header: as an element, and as a class with parameters.
struct Stamp final : Mediator {
  std::string header;
  std::int64_t times = 1;
  std::unique_ptr<expr::Expression> value;

  Flow run(Message& message) const override {
    const auto text = value->text(message);
    if (!text) return fail(message, text.fault());
    std::string all;
    for (std::int64_t i = 0; i < times; ++i) all += text->value_or("null");
    message.headers.set(message.copy(header), message.copy(all));
    return Flow::next;
  }
  Need need() const noexcept override { return value->need(); }
};

std::unique_ptr<Mediator> stamp_element(const xml::Element& element, Build& build) {
  xml::Bind bind(element, build.problems);
  auto stamp = std::make_unique<Stamp>();
  stamp->header = bind.required("header");
  stamp->value = build.value(bind.attribute("value"), element);
  bind.finish();
  if (!stamp->value) return nullptr;
  return stamp;
}

std::unique_ptr<Mediator> stamp_class(ClassParameters& parameters, Build&) {
  auto stamp = std::make_unique<Stamp>();
  stamp->header = parameters.required("header");
  stamp->times = parameters.integer("times").value_or(1);
  stamp->value = parameters.value("value");
  if (!stamp->value) parameters.error("value", "is missing");
  if (!stamp->value) return nullptr;
  return stamp;
}

/// Sends to the port of a number.
class Fixed final : public endpoints::SendingLeaf {
 public:
  Fixed(Build& build, std::string address) : SendingLeaf(build), address_(std::move(address)) {}
  std::string_view kind() const noexcept override { return "fixed"; }

 protected:
  std::string_view identity() const noexcept override { return address_; }
  Result<Destination> destination(Message&) const override { return parse(address_); }

 private:
  std::string address_;
};

std::unique_ptr<Endpoint> fixed(ClassParameters& parameters, Build& build) {
  const auto port = parameters.integer("port");
  const bool doubled = parameters.flag("doubled", false);
  if (!port) return nullptr;
  return std::make_unique<Fixed>(build, "http://127.0.0.1:" + std::to_string(*port) + (doubled ? "/x/x" : "/x"));
}

/// The id stands in the header X-Session of requests.
class HeaderSession final : public SessionDispatcher {
 public:
  std::vector<std::string_view> request_ids(Message& request) const override {
    const auto id = request.headers.get("X-Session");
    return id ? std::vector{*id} : std::vector<std::string_view>{};
  }
  std::optional<std::string> response_id(Message&) const override { return std::nullopt; }
  bool client_initiated() const noexcept override { return true; }
  void strip(Message&) const override {}
  Need request_need() const noexcept override { return Need::nothing; }
  Need response_need() const noexcept override { return Need::nothing; }
};

MYELIN_MEDIATOR("stamp", stamp_element);
MYELIN_CLASS_MEDIATOR("tests.Stamp", stamp_class);
MYELIN_CLASS_ENDPOINT("tests.Fixed", fixed);
MYELIN_SESSION(HeaderSession, "tests.HeaderSession");

}  // namespace

MYELIN_PLUGIN("2.5");
