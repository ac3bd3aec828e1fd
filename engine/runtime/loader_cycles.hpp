#pragma once
// Finds sequences that run themselves for ever: references that no condition guards. A guarded
// recursion is legal, and the nesting limit holds it at run time (REL-026).

#include <map>
#include <string>

#include "engine/xml/element.hpp"

namespace myelin {

/// Adds one error per cycle, at the reference that closes it, naming all sequences on it.
void check_cycles(const std::map<std::string, const xml::Element*, std::less<>>& sequences, xml::Problems& problems);

}  // namespace myelin
