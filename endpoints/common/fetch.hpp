#pragma once
// Documents that endpoints refer to, read while a configuration is built. Blocks; only the thread that
// builds calls it.

#include <string>
#include <string_view>

#include "engine/base/result.hpp"
#include "engine/flow/build.hpp"

namespace myelin::endpoints {

/// An http(s) address, which `check` does not ask.
bool is_remote(std::string_view uri) noexcept;

/// The text of a file (relative to the configuration) or of an http(s) address; at most 16 MiB, 10 s.
Result<std::string> fetch_document(const std::string& uri, const Build& build);

}  // namespace myelin::endpoints
