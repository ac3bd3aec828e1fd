#include "engine/runtime/loader_files.hpp"

#include <algorithm>
#include <array>
#include <system_error>

namespace myelin {

namespace fs = std::filesystem;

namespace {

/// In loading order.
constexpr std::array kCategories{
    Category{"registry", "", "registry"},
    Category{"taskManager", "", "taskManager"},
    Category{"import", "imports", "import"},
    Category{"localEntry", "local-entries", "localentries"},
    Category{"endpoint", "endpoints", "endpoints"},
    Category{"sequence", "sequences", "sequences"},
    Category{"template", "templates", "templates"},
    Category{"proxy", "proxy-services", "proxyservices"},
    Category{"task", "tasks", "task"},
    Category{"eventSource", "event-sources", "eventsources"},
    Category{"priorityExecutor", "priority-executors", "executors"},
    Category{"messageStore", "message-stores", "messagestores"},
    Category{"messageProcessor", "message-processors", "messageprocessors"},
    Category{"api", "api", "api"},
    Category{"api", "apis", "api"},
    Category{"inboundEndpoint", "inbound-endpoints", "inboundendpoint"},
};

/// Below the configuration folder; the last is the layout of the WSO2 products.
constexpr std::string_view kRoots[] = {"", "synapse-config", "synapse-configs/default"};

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

/// `*.xml` right in `folder`, sorted by name.
std::vector<fs::path> xml_files(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code failed;
  for (fs::directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed))
    if (at->path().extension() == ".xml" && is_file(at->path())) found.push_back(at->path());
  std::sort(found.begin(), found.end());
  return found;
}

bool has_own_role(const fs::path& file) {
  const auto name = file.filename();
  return name == "synapse.xml" || name == "registry.xml" || name == "task-manager.xml";
}

void find_in_root(const fs::path& root, std::vector<SourceFile>& found) {
  const auto add = [&](fs::path path, SourceFile::Role role, const Category* category) {
    if (is_file(path)) found.push_back({std::move(path), role, category});
  };
  add(root / "synapse.xml", SourceFile::Role::definitions, nullptr);
  add(root / "registry.xml", SourceFile::Role::artifact, category_of("registry"));
  add(root / "task-manager.xml", SourceFile::Role::artifact, category_of("taskManager"));
  for (const Category& category : kCategories)
    if (!category.folder.empty())
      for (fs::path& file : xml_files(root / category.folder)) add(std::move(file), SourceFile::Role::artifact, &category);
}

}  // namespace

std::span<const Category> categories() { return kCategories; }

const Category* category_of(std::string_view element) {
  const auto found = std::find_if(kCategories.begin(), kCategories.end(),
                                  [&](const Category& category) { return category.element == element; });
  return found == kCategories.end() ? nullptr : &*found;
}

std::vector<SourceFile> find_sources(const fs::path& path, xml::Problems& problems) {
  std::error_code failed;
  if (is_file(path)) return {{path, SourceFile::Role::single, nullptr}};
  if (!fs::is_directory(path, failed)) {
    problems.error({path.string(), 0, 0}, "there is no such file or folder");
    return {};
  }
  if (fs::directory_iterator(path, failed); failed) {
    problems.error({path.string(), 0, 0}, "the folder cannot be read");
    return {};
  }
  std::vector<SourceFile> found;
  for (const std::string_view root : kRoots)
    find_in_root(root.empty() ? path : path / root, found);
  for (fs::path& file : xml_files(path))
    if (!has_own_role(file)) found.push_back({std::move(file), SourceFile::Role::loose, nullptr});
  return found;
}

}  // namespace myelin
