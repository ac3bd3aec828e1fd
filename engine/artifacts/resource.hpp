#pragma once
// Texts that configurations refer to by URI: file: (relative to the configuration) and http(s):.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/clock.hpp"
#include "engine/base/result.hpp"

namespace myelin {

/// How a resource is fetched over HTTP (`synapse.connection.*`).
struct FetchLimits {
  Duration connect{20'000};
  Duration read{100'000};
  std::size_t bytes = 64u << 20;
};

/// True for `file:` URIs and for plain paths.
bool is_file_uri(std::string_view uri);
/// The existing file or folder that a file URI means; nullopt when there is none. Relative ones
/// stand in the configuration folder `base`; Synapse's `repository/conf/sample/` form is also looked
/// for in the folders above it, with and without that prefix.
std::optional<std::filesystem::path> find_file(std::string_view uri, const std::filesystem::path& base);
/// The whole text. Blocks; not for the message path.
Result<std::string> fetch(std::string_view uri, const std::filesystem::path& base, const FetchLimits& limits = {});

}  // namespace myelin
