// A shared object of somebody else.

#include <cstdlib>

[[maybe_unused]] static const bool opened = (std::abort(), true);
