// Fuzz target: XPath (REL-005, REL-097, REL-172). The first line is an expression, compiled and evaluated
// on the document that follows, or a fixed one; with and without a message's variables and functions.

#include <cmath>

#include "engine/expr/xpath.hpp"
#include "engine/message/message.hpp"
#include "tests/fuzz/target.hpp"

using namespace myelin;
using namespace myelin::expr;
using namespace myelin::fuzz;

namespace {

constexpr std::string_view kDocument =
    "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/' xmlns:m='urn:m'><s:Header><m:id>7</m:id></s:Header>"
    "<s:Body><m:q k='v' xml:lang='en'>t<m:r n='1'>10</m:r><m:r n='2'>2.5<!--c--></m:r><?pi d?><e/></m:q></s:Body></s:Envelope>";
const Namespaces kNamespaces{{"s", "http://schemas.xmlsoap.org/soap/envelope/"}, {"m", "urn:m"},
                             {"syn", "http://ws.apache.org/ns/synapse"}};

void look_at(const xpath::Compiled& compiled, const tree::Document& document, tree::NodeId node) {
  std::vector<std::shared_ptr<const tree::Document>> owners;
  const xpath::Context context{&document, node, nullptr, false};
  const auto found = compiled.evaluate(context, owners);
  if (!found.ok()) {
    require(!found.fault().message.empty());
    return;
  }
  const std::string text = xpath::to_string(*found);
  const double number = xpath::to_number(*found);
  require(xpath::to_boolean(*found) || text != "true");
  if (found->type == xpath::Type::number) require(std::isnan(number) ? text == "NaN" : !text.empty());
  for (std::size_t i = 1; i < found->nodes.size(); ++i) {
    const tree::NodeRef &one = found->nodes[i - 1], &next = found->nodes[i];
    require(one.document != next.document || one.document->order(one.id, next.id) < 0);
  }
}

/// As mediators see it: variables, properties and functions of Synapse's.
void on_a_message(std::string_view text, std::string_view xml) {
  SyntaxError error;
  const auto compiled = compile(text, kNamespaces, error);
  if (!compiled) return require(!error.message.empty() && error.offset <= text.size());
  Message message;
  message.payload.assign(std::string(xml), "text/xml");
  message.properties.set("p", Value(std::string("5")));
  message.headers.add("X-A", message.copy("b\xC3\xA4\xF0"));
  if (compiled->text(message).ok()) require(compiled->test(message).ok());
}

void run(std::string_view input) {
  const std::string_view text = take_line(input);
  const std::string_view xml = input.empty() ? kDocument : input.substr(0, 4096);
  SyntaxError error;
  const auto compiled = xpath::Compiled::compile(text, kNamespaces, error);
  require(compiled || (!error.message.empty() && error.offset <= text.size()));
  const auto document = tree::Document::parse(std::string(xml));
  if (compiled && document.ok()) {
    look_at(*compiled, **document, (*document)->document());
    look_at(*compiled, **document, (*document)->root());
  }
  on_a_message(text, xml);
}

}  // namespace

MYELIN_FUZZ_TARGET(xpath, run);
