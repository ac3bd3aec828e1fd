// <localEntry key= [src=URI]> text | one element </localEntry>   (server reference, 1.8)
#include "engine/artifacts/build.hpp"
#include "engine/artifacts/resource.hpp"
#include "engine/base/text.hpp"
#include "engine/xml/reader.hpp"
#include "engine/xml/words.hpp"

namespace myelin {

namespace {

FetchLimits limits_of(const Artifacts& settings) {
  FetchLimits limits;
  if (const auto ms = text::parse_long(settings.setting("synapse.connection.connect_timeout"))) limits.connect = Duration(*ms);
  if (const auto ms = text::parse_long(settings.setting("synapse.connection.read_timeout"))) limits.read = Duration(*ms);
  return limits;
}

/// SRV-039: a URI needs a scheme that can be fetched.
bool fetchable(std::string_view uri) {
  return is_file_uri(uri) || text::istarts_with(uri, "http://") || text::istarts_with(uri, "https://");
}

/// XML when the text is XML, else plain text.
BuiltEntry parse_value(const std::string& text, const std::string& uri, std::string key, Build& build) {
  xml::Problems not_xml;
  if (text::trim(text).starts_with('<'))
    if (const auto document = xml::read(text, uri, not_xml)) return build_entry_value(*document->root, std::move(key), build);
  BuiltEntry built;
  built.entry = {std::move(key), LocalEntry::Type::text, text, {uri, 0, 0}};
  return built;
}

/// A resource that is not asked for here.
BuiltEntry unread(std::string key) {
  BuiltEntry built;
  built.entry = {std::move(key), LocalEntry::Type::url, {}};
  return built;
}

std::optional<BuiltEntry> load(const xml::Attribute& src, std::string key, Build& build) {
  const std::string uri{text::trim(src.value)};
  if (uri.empty() || !fetchable(uri)) {
    build.problems.error(src.where, "attribute 'src' on <localEntry> is " + xml::quote(src.value),
                         "a file:, http: or https: URI is needed");
    return std::nullopt;
  }
  if (build.offline && !is_file_uri(uri)) {
    build.problems.warning(src.where, xml::quote(uri) + " was not fetched");
    return unread(std::move(key));
  }
  auto text = fetch(uri, build.base, limits_of(build.settings));
  if (text) {
    const auto file = is_file_uri(uri) ? find_file(uri, build.base) : std::nullopt;
    return parse_value(*text, file ? file->string() : uri, std::move(key), build);
  }
  // What is not there now may be there where the configuration will run.
  if (build.offline) build.problems.warning(src.where, text.fault().message);
  else build.problems.error(src.where, text.fault().message);
  return build.offline ? std::optional(unread(std::move(key)))
                       : std::nullopt;
}

/// The one element that is the value; null for text.
const xml::Element* value_element(const xml::Element& element, xml::Problems& problems) {
  const xml::Element* value = nullptr;
  for (const xml::Element* child : element.children()) {
    if (child->is("description")) continue;
    if (value) problems.warning(child->where, "a second element in <localEntry> is ignored", "one is the value");
    else value = child;
  }
  return value;
}

}  // namespace

namespace {

void note_places(const xml::Element& element, std::vector<LocalEntry::Place>& places) {
  places.push_back({element.where.line, element.where.column});
  for (const xml::Element* child : element.children()) note_places(*child, places);
}

}  // namespace

BuiltEntry build_entry_value(const xml::Element& root, std::string key, Build& build) {
  BuiltEntry built;
  if (root.is("sequence")) built.sequence = build_sequence(root, build);
  if (root.is("endpoint")) built.endpoint = build.endpoint(root);
  if (root.is("template") && !root.child("sequence")) built.endpoint_template = build_endpoint_template(root, build.problems);
  built.entry = {std::move(key), LocalEntry::Type::xml, root.outer_xml(), root.where};
  note_places(root, built.entry.places);
  return built;
}

std::optional<BuiltEntry> build_local_entry(const xml::Element& element, Build& build) {
  xml::Bind bind(element, build.problems);
  std::string key{text::trim(bind.required("key"))};
  const auto* src = bind.attribute("src");
  bind.all_children_known();
  bind.finish();
  if (key.empty()) return std::nullopt;
  if (src) return load(*src, std::move(key), build);
  if (const auto* value = value_element(element, build.problems))
    return build_entry_value(*value, std::move(key), build);
  BuiltEntry built;
  built.entry = {std::move(key), LocalEntry::Type::text, std::string(text::trim(element.text())), element.where};
  return built;
}

}  // namespace myelin
