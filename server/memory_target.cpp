#include "server/memory_target.hpp"

#include <fstream>
#include <string>

#include "engine/base/text.hpp"

namespace myelin::server {

namespace {

/// The lowest limit in the folder of a control group or one above it; 0: none.
std::size_t lowest_limit(const std::string& root, std::string path, const char* name) {
  constexpr std::int64_t kNone = std::int64_t{1} << 60;  // version 1 writes a huge number
  std::size_t lowest = 0;
  for (;;) {
    std::ifstream file(root + path + "/" + name);
    std::string text;
    if (file >> text) {
      const auto bytes = text::parse_long(text).value_or(kNone);  // version 2 writes "max"
      if (bytes < kNone && (lowest == 0 || static_cast<std::size_t>(bytes) < lowest))
        lowest = static_cast<std::size_t>(bytes);
    }
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos) return lowest;
    path.resize(slash);
  }
}

/// Of this process; a container sees its own group as the root.
std::size_t cgroup_limit() {
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    const std::size_t path = line.find(':', line.find(':') + 1) + 1;
    if (line.find(":memory:") != std::string::npos)
      return lowest_limit("/sys/fs/cgroup/memory", line.substr(path), "memory.limit_in_bytes");
    std::size_t limit = 0;
    if (line.starts_with("0::")) limit = lowest_limit("/sys/fs/cgroup", line.substr(path), "memory.max");
    if (limit > 0) return limit;
  }
  return 0;
}

}  // namespace

std::size_t memory_target(const Settings& settings) {
  const std::int64_t set = settings.number("memory.limit", 0);
  if (set < 0) return 0;
  if (set > 0) return static_cast<std::size_t>(set);
  return cgroup_limit() / 4 * 3;
}

}  // namespace myelin::server
