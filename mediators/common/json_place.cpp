#include "mediators/common/json_place.hpp"

#include <algorithm>

#include "engine/base/text.hpp"

namespace myelin::mediators {

namespace {

/// Where the next path of a list begins: behind a comma that no bracket or quote encloses; npos: nowhere.
std::size_t next_path(std::string_view paths) {
  int depth = 0;
  char quote = '\0';
  for (std::size_t i = 0; i < paths.size(); ++i) {
    const char c = paths[i];
    if (quote != '\0') {
      if (c == '\\') ++i;
      else if (c == quote) quote = '\0';
      continue;
    }
    if (c == '\'' || c == '"') quote = c;
    if (c == '[' || c == '(') ++depth;
    if (c == ']' || c == ')') --depth;
    if (c == ',' && depth == 0) return i + 1;
  }
  return std::string_view::npos;
}

}  // namespace

std::optional<JsonPlace> JsonPlace::parse(std::string_view path, expr::SyntaxError& error) {
  std::optional<expr::JsonPath> compiled = expr::JsonPath::compile(text::trim(path), error);
  if (!compiled) return std::nullopt;
  JsonPlace place;
  place.paths_.push_back(*std::move(compiled));
  return place;
}

std::optional<JsonPlace> JsonPlace::parse_list(std::string_view paths, expr::SyntaxError& error) {
  JsonPlace places;
  for (std::size_t end = 0; end != std::string_view::npos;) {
    end = next_path(paths);
    std::optional<JsonPlace> place = parse(paths.substr(0, end == std::string_view::npos ? end : end - 1), error);
    if (!place) return std::nullopt;
    places.paths_.push_back(std::move(place->paths_.front()));
    if (end != std::string_view::npos) paths.remove_prefix(end);
  }
  return places;
}

Result<JsonPlace::Ids> JsonPlace::find(const JsonDocument& document) const {
  Ids ids;
  for (const expr::JsonPath& path : paths_) {
    const Result<expr::JsonPath::Found> found = path.find(document);
    if (!found) return found.fault();
    ids.insert(ids.end(), found->nodes.begin(), found->nodes.end());
  }
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

Result<JsonPlace::Ids> JsonPlace::lacking(const JsonDocument& document) const {
  Ids objects;
  const std::string name = member();
  if (name.empty()) return objects;
  const Result<expr::JsonPath::Found> found = paths_.front().find_parent(document);
  if (!found) return found.fault();
  for (const JsonDocument::Id id : found->nodes)
    if (document.kind(id) == JsonDocument::Kind::object && document.member(id, name) == JsonDocument::kNone)
      objects.push_back(id);
  return objects;
}

std::string JsonPlace::member() const {
  return paths_.size() == 1 ? paths_.front().last_name().value_or(std::string()) : std::string();
}

}  // namespace myelin::mediators
