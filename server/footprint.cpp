#include "server/footprint.hpp"

#include <malloc.h>
#include <sys/mman.h>

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace myelin::server {

namespace {

struct Mapping {
  std::uintptr_t begin = 0, end = 0;
  bool readable_only = false;  ///< of a file, never written
  bool untouched = false;      ///< no page of it differs from the file
};

/// Relocated pages look read-only too, but hold what the file does not: they must stay.
void release(const Mapping& mapping) {
  if (!mapping.readable_only || !mapping.untouched) return;
  madvise(reinterpret_cast<void*>(mapping.begin), mapping.end - mapping.begin, MADV_DONTNEED);
}

}  // namespace

void release_start_up_memory() {
  malloc_trim(0);
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> maps(std::fopen("/proc/self/smaps", "r"), &std::fclose);
  if (!maps) return;
  Mapping mapping;
  char line[1024];
  while (std::fgets(line, sizeof line, maps.get())) {
    std::uintptr_t begin = 0, end = 0;
    unsigned long inode = 0;
    char access[8] = {};
    if (std::sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %7s %*s %*s %lu", &begin, &end, access, &inode) == 4) {
      release(mapping);
      mapping = Mapping();
      mapping.begin = begin;
      mapping.end = end;
      mapping.readable_only = access[0] == 'r' && access[1] == '-' && access[3] == 'p' && inode != 0;
    } else if (std::strncmp(line, "Anonymous:", 10) == 0) {
      mapping.untouched = std::strtoul(line + 10, nullptr, 10) == 0;
    }
  }
  release(mapping);
}

}  // namespace myelin::server
