#pragma once
// What a proxy publishes as its WSDL, as far as keys lead there (server reference, 2.2).

#include "engine/artifacts/service.hpp"
#include "engine/runtime/loader_parts.hpp"

namespace myelin {

/// Resolves the keys of a `<publishWSDL>`, and reads the WSDL of its endpoint's service. May block. One that
/// cannot be had is a warning.
void link_wsdl(Proxy& proxy, Linker& linker, const BindContext& context);

}  // namespace myelin
