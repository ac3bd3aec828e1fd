#include "mediators/common/json_place.hpp"

#include "engine/base/text.hpp"

namespace myelin::mediators {

using Id = JsonDocument::Id;

/// Takes one step off `rest`: `.name`, `.*`, `['name']`, `[0]` or `[*]`.
bool JsonPlace::parse_step(std::string_view& rest, Step& step) {
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    const std::string_view name = rest.substr(0, rest.find_first_of(".["));
    if (name.empty()) return false;
    rest.remove_prefix(name.size());
    step.kind = name == "*" ? Step::Kind::all : Step::Kind::member;
    step.name = name;
    return true;
  }
  if (!rest.starts_with('[')) return false;
  const char mark = rest.size() > 1 ? rest[1] : '\0';
  const bool quoted = mark == '\'' || mark == '"';
  const std::size_t end = quoted ? rest.find(std::string{mark, ']'}, 2) : rest.find(']');
  if (end == std::string_view::npos) return false;
  const std::string_view inside = quoted ? rest.substr(2, end - 2) : text::trim(rest.substr(1, end - 1));
  rest.remove_prefix(end + (quoted ? 2 : 1));
  step.name = inside;
  step.kind = quoted ? Step::Kind::member : inside == "*" ? Step::Kind::all : Step::Kind::index;
  if (step.kind != Step::Kind::index) return true;
  const std::optional<std::int32_t> index = text::parse_int(inside);
  step.index = index.value_or(0);
  return index.has_value();
}

std::optional<JsonPlace> JsonPlace::parse(std::string_view path) {
  JsonPlace place;
  path = text::trim(path);
  if (!path.starts_with('$')) return std::nullopt;
  path.remove_prefix(1);
  if (path == ".") return place;
  while (!path.empty()) {
    Step step;
    if (!parse_step(path, step)) return std::nullopt;
    place.steps_.push_back(std::move(step));
  }
  return place;
}

const std::string& JsonPlace::member() const noexcept {
  static const std::string none;
  return steps_.empty() || steps_.back().kind != Step::Kind::member ? none : steps_.back().name;
}

std::vector<Id> JsonPlace::walk(const JsonDocument& document, std::size_t steps) const {
  std::vector<Id> here{document.root()};
  for (std::size_t i = 0; i < steps; ++i) {
    const Step& step = steps_[i];
    std::vector<Id> next;
    for (const Id id : here) {
      const JsonDocument::Kind kind = document.kind(id);
      if (step.kind == Step::Kind::all) {
        Id child = document.first(id);
        for (std::size_t n = document.size(id); n > 0; --n, child = document.end(child)) next.push_back(child);
      } else if (step.kind == Step::Kind::member && kind == JsonDocument::Kind::object) {
        if (const Id child = document.member(id, step.name); child != JsonDocument::kNone) next.push_back(child);
      } else if (step.kind == Step::Kind::index && kind == JsonDocument::Kind::array) {
        const auto size = static_cast<std::int64_t>(document.size(id));
        const std::int64_t index = step.index < 0 ? size + step.index : step.index;
        if (index >= 0 && index < size) next.push_back(document.item(id, static_cast<std::size_t>(index)));
      }
    }
    here.swap(next);
  }
  return here;
}

std::vector<Id> JsonPlace::lacking(const JsonDocument& document) const {
  std::vector<Id> objects;
  if (member().empty()) return objects;
  for (const Id id : walk(document, steps_.size() - 1))
    if (document.kind(id) == JsonDocument::Kind::object && document.member(id, member()) == JsonDocument::kNone)
      objects.push_back(id);
  return objects;
}

}  // namespace myelin::mediators
