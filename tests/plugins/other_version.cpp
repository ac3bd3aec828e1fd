// Built for another version; whatever it would do when opened must not happen.

#include <cstdlib>

extern "C" const char myelin_plugin[] = "myelin plug-in\n0.0.1 headers 0123456789abcdef compiler 1.0\n1.0";

[[maybe_unused]] static const bool opened = (std::abort(), true);
