#pragma once
// Where a configuration's files are and what each may hold (server reference, 1.2).

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/xml/problem.hpp"

namespace myelin {

/// A kind of top-level artifact: its element, its folder and its name in failsafe.mode.enable.
struct Category {
  std::string_view element;
  std::string_view folder;
  std::string_view failsafe;
};
std::span<const Category> categories();
const Category* category_of(std::string_view element);

struct SourceFile {
  enum class Role {
    single,       ///< the file the user named: `<definitions>` or one artifact
    definitions,  ///< synapse.xml
    artifact,     ///< one artifact of `category`
    loose         ///< beside synapse.xml: an artifact, or a file of somebody else
  };
  std::filesystem::path path;
  Role role = Role::single;
  const Category* category = nullptr;
};

/// The files of a configuration in loading order: synapse.xml first, then folder by folder, each
/// sorted by name.
std::vector<SourceFile> find_sources(const std::filesystem::path& path, xml::Problems& problems);

}  // namespace myelin
