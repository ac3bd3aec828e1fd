#pragma once
// Files that configurations refer to. Used while a configuration is built, by one thread.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace myelin {

/// The file that `file:...` (or a plain path) names. A relative one is looked for below `base`, then
/// below its parents, as written and, for Synapse's `repository/conf/sample/resources/...`, from its
/// `resources/` on. Nothing there: the path below `base`.
std::filesystem::path resolve_file_uri(std::string_view uri, const std::filesystem::path& base);

/// A whole file; nullopt when it cannot be read or is larger than `limit` bytes.
std::optional<std::string> read_whole_file(const std::filesystem::path& path, std::size_t limit = std::size_t{64} << 20);

}  // namespace myelin
