#pragma once
// Native classes for `<endpoint><class name="..."/></endpoint>`, by class name.

#include <memory>

#include "engine/flow/class_parameters.hpp"
#include "engine/ports/endpoint.hpp"

namespace myelin {

/// Builds the endpoint of `<class name=>`, a Leaf or a group of its own. Null after an error.
using ClassEndpointFactory = std::unique_ptr<Endpoint> (*)(ClassParameters&, Build&);
using ClassEndpoints = Registry<ClassEndpointFactory>;

/// Last line of a native class endpoint: the name `<class name=>` gives.
#define MYELIN_CLASS_ENDPOINT(class_name, factory) \
  [[maybe_unused]] static const bool myelin_class_##factory = ::myelin::ClassEndpoints::instance().add(class_name, factory)

}  // namespace myelin
