// Fuzz target: JSONPath (REL-005, REL-172). The first line is a path, looked up in the document that
// follows, or in a fixed one.

#include "engine/expr/jsonpath.hpp"
#include "tests/fuzz/target.hpp"

using namespace myelin;
using namespace myelin::fuzz;

namespace {

constexpr std::string_view kDocument =
    R"({"store":{"book":[{"author":"A","price":8.95},{"author":"B","price":12.50,"isbn":"i"},{"t":[1,2,[3]]}],"b c":null},)"
    R"("n":10,"yes":true,"text":"\u00e4b"})";

void run(std::string_view input) {
  const std::string_view text = take_line(input);
  expr::SyntaxError error;
  const auto path = expr::JsonPath::compile(text, error);
  if (!path) return require(!error.message.empty() && error.offset <= text.size());
  const auto parsed = JsonDocument::parse(input.empty() ? kDocument : input.substr(0, 4096));
  if (!parsed.ok()) return;
  const JsonDocument& document = **parsed;
  const auto found = path->find(document);
  if (!found.ok()) return require(!found.fault().message.empty());
  for (const auto node : found->nodes) require(node < document.end(document.root()));
  require(!path->definite() || found->computed || found->nodes.size() <= 1);
  require(!path->whole() || found->nodes.size() == 1);
  if (found->computed) require(JsonDocument::parse(*found->computed).ok(), *found->computed);
  if (path->last_name()) require(path->find_parent(document).ok());
}

}  // namespace

MYELIN_FUZZ_TARGET(jsonpath, run);
