#pragma once
// A fuzz target is one file of this folder: a function of any bytes whose require()s hold, and as its
// last line MYELIN_FUZZ_TARGET(name, function). libFuzzer drives it in the preset `fuzz`; replay.cpp
// runs it over corpus/NAME, and over damaged copies of that, as an ordinary test. The first line of an
// input may hold what goes beside the rest: take_line().

#include <cstdio>
#include <cstdlib>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace myelin::fuzz {

using Function = void (*)(std::string_view bytes);

/// All targets of this program, by name.
inline std::map<std::string_view, Function>& targets() {
  static std::map<std::string_view, Function> all;
  return all;
}

/// Something that has to hold does not.
struct Broken : std::logic_error {
  using logic_error::logic_error;
};

inline void require(bool holds, std::string_view what = {}, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  if (!holds) throw Broken(std::string(file) + ':' + std::to_string(line) + ": does not hold " + std::string(what));
}

/// The first line, which is taken away from `bytes`.
inline std::string_view take_line(std::string_view& bytes) {
  const auto end = bytes.find('\n');
  const std::string_view line = bytes.substr(0, end);
  bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
  return line;
}

/// A copy of exactly this size, so that a sanitizer sees a read past its end.
inline std::vector<char> exact(std::string_view bytes) { return {bytes.begin(), bytes.end()}; }

}  // namespace myelin::fuzz

#ifdef MYELIN_LIBFUZZER
// What is thrown ends the process, which is what libFuzzer calls a crash.
#define MYELIN_FUZZ_TARGET(name, function)                                                        \
  extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) noexcept {   \
    try {                                                                                         \
      function({reinterpret_cast<const char*>(data), size});                                      \
    } catch (const std::exception& thrown) {                                                      \
      std::fprintf(stderr, "%s\n", thrown.what());                                                \
      std::abort();                                                                               \
    }                                                                                             \
    return 0;                                                                                     \
  }                                                                                               \
  static_assert(true)
#else
#define MYELIN_FUZZ_TARGET(name, function) \
  [[maybe_unused]] static const bool myelin_fuzz_##name = ::myelin::fuzz::targets().emplace(#name, function).second
#endif
