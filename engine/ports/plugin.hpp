#pragma once
// A shared object with plug-ins (algorithms, session dispatchers, mediators, classes) for the folder
// `plugins` says once, at its end:   MYELIN_PLUGIN("1.0");   its own version. That leaves a mark in the file,
// which the server reads before it runs anything of it: only what was built with the same compiler against
// the same version of these headers is loaded (docs/plugins.md).

#include "engine/ports/plugin_abi.hpp"  // made by the build: MYELIN_HEADERS, version and digest of the headers

#if defined(__SANITIZE_ADDRESS__)
#define MYELIN_SANITIZED " address"
#elif defined(__SANITIZE_THREAD__)
#define MYELIN_SANITIZED " thread"
#else
#define MYELIN_SANITIZED ""
#endif

/// What the server and a plug-in have to agree on.
#define MYELIN_ABI MYELIN_HEADERS " compiler " __VERSION__ MYELIN_SANITIZED
#define MYELIN_PLUGIN_MARK "myelin plug-in\n"

#define MYELIN_PLUGIN(version)                                                                       \
  extern "C" __attribute__((visibility("default"))) const char myelin_plugin[];                      \
  extern "C" __attribute__((used)) const char myelin_plugin[] = MYELIN_PLUGIN_MARK MYELIN_ABI "\n" version
