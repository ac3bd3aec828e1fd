#pragma once
// Resident memory of a process under test, and whether measuring it means anything.

#include <sys/types.h>

#include <cstdint>
#include <fstream>
#include <string>

namespace myelin::test {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;  // shadow memory and quarantine hide what the program holds
#else
inline constexpr bool kSanitized = false;
#endif

/// A field of /proc/PID/status ("VmRSS", "VmHWM") in KiB; 0 when it is not there.
inline long memory_kib(pid_t process, const std::string& field) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(field + ":")) return std::stol(line.substr(field.size() + 1));
  return 0;
}

}  // namespace myelin::test
