#pragma once
// What a message may look up by key while it runs: the deployment it began with, seen from the
// flow. Implemented by runtime/Deployment; immutable, shared by all shards.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/xml/problem.hpp"

namespace myelin {

class Endpoint;
class Mediator;
struct EndpointTemplate;  // engine/flow/endpoint_template.hpp

/// A named text or XML value (`<localEntry>`, or a registry resource).
struct LocalEntry {
  enum class Type { text, xml, url };
  struct Place {
    int line, column;
  };
  std::string key;
  Type type = Type::text;
  std::string value;  ///< trimmed text, or the XML of the element
  /// Where it was read, for messages about what it holds; without a line: the text is the whole file.
  xml::Location where{};
  std::vector<Place> places{};  ///< of XML: of each of its elements, in document order
};

class Artifacts {
 public:
  virtual ~Artifacts() = default;

  /// A sequence by key: a named one, or a local entry or registry resource that holds one. Null
  /// when nothing of that name exists.
  virtual const Mediator* sequence(std::string_view key) const = 0;
  virtual const Endpoint* endpoint(std::string_view key) const = 0;
  virtual const LocalEntry* entry(std::string_view key) const = 0;
  /// Used while linking: what it describes is made then.
  virtual const EndpointTemplate* endpoint_template(std::string_view /*key*/) const { return nullptr; }
  /// Settings of myelin.properties / synapse.properties; empty when not set.
  virtual std::string_view setting(std::string_view name) const = 0;
  /// `synapse.dialect=apache`
  virtual bool apache_dialect() const noexcept = 0;
};

}  // namespace myelin
