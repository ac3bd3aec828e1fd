#include "engine/flow/environment.hpp"

#include <cstdlib>

#include "engine/base/text.hpp"
#include "engine/xml/words.hpp"

namespace myelin {

namespace {

std::string_view name_at_start(std::string_view text) {
  const auto part_of_name = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
  };
  std::size_t size = 0;
  while (size < text.size() && part_of_name(text[size])) ++size;
  return text.substr(0, size);
}

/// Where the text stands, for the error.
struct Place {
  const xml::Location& where;
  const std::string& what;
};

std::string from_environment(const std::string& variable, const Place& at, Build& build) {
  // Read while one thread builds a configuration; nothing in this process writes the environment.
  if (const char* value = std::getenv(variable.c_str())) return value;
  build.problems.error(at.where, "environment variable " + xml::quote(variable) + " of " + at.what + " is not set");
  return {};
}

std::string from_settings(std::string_view key, const Place& at, Build& build) {
  const std::string_view value = build.settings.setting(key);
  if (value.empty()) build.problems.error(at.where, "setting " + xml::quote(key) + " of " + at.what + " is not defined");
  return std::string(value);
}

}  // namespace

std::string resolve_environment(std::string_view text, const xml::Location& where, const std::string& what, Build& build) {
  constexpr std::string_view kSystem = "$SYSTEM", kFile = "$FILE:", kConfigs = "${configs.";
  const Place at{where, what};
  text = text::trim(text);
  if (text.starts_with(kSystem)) {
    if (build.settings.apache_dialect())  // EP-013: named after the last colon
      return from_environment(std::string(text.substr(text.rfind(':') + 1)), at, build);
    if (text.starts_with("$SYSTEM:"))     // EP-014: what follows the name is dropped
      return from_environment(std::string(name_at_start(text.substr(kSystem.size() + 1))), at, build);
  }
  if (text.starts_with(kFile)) return from_settings(name_at_start(text.substr(kFile.size())), at, build);
  if (text.starts_with(kConfigs)) {
    const std::string_view rest = text.substr(kConfigs.size());
    return from_settings(rest.substr(0, rest.find('}')), at, build);
  }
  return std::string(text);
}

std::string resolve_environment(const xml::Attribute& attribute, Build& build) {
  return resolve_environment(attribute.value, attribute.where, "attribute " + xml::quote(attribute.name), build);
}

}  // namespace myelin
