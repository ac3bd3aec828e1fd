// Has the mark and registers nothing.

#include "engine/ports/plugin.hpp"

MYELIN_PLUGIN("1.0");
