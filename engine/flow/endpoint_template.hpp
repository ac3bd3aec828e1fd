#pragma once
// `<template name=><parameter name=/>*<endpoint/></template>`: an endpoint that is made anew for each
// `<endpoint template=>` (endpoints reference, 1.12). Immutable.

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/flow/artifacts.hpp"
#include "engine/xml/element.hpp"

namespace myelin {

struct EndpointTemplate {
  std::string name;
  std::vector<std::string> parameters;      ///< declared
  std::unique_ptr<xml::Element> endpoint;   ///< a copy that stands alone
  xml::Location where;

  /// `name` and `uri` always are.
  bool declares(std::string_view parameter) const noexcept;
};

/// What one instance supplies.
struct TemplateValue {
  std::string value;
  xml::Location where;
};
using TemplateValues = std::map<std::string, TemplateValue, std::less<>>;

/// A copy without a parent, which declares all namespaces in scope.
std::unique_ptr<xml::Element> stand_alone(const xml::Element& element);

/// EP-048: null after an error.
std::unique_ptr<EndpointTemplate> build_endpoint_template(const xml::Element& element, xml::Problems& problems);

/// An element that holds the template's `<endpoint>` with the values put in: attributes and texts that are
/// `$parameter` and nothing else (EP-047). Problems in them are then found at the value.
std::unique_ptr<xml::Element> instantiate(const EndpointTemplate& from, const TemplateValues& values,
                                          const Artifacts& settings);

}  // namespace myelin
