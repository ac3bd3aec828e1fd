#pragma once
// The arguments of the commands that take files: flags and paths in any order, `--` before a path that
// looks like a flag.

#include <initializer_list>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace myelin::server {

struct Arguments {
  std::set<std::string_view> flags;
  std::vector<std::string> paths;
  std::string wrong;  ///< the last flag that is none of those allowed; empty: all is well

  bool has(std::string_view flag) const { return flags.contains(flag); }
};

Arguments parse_arguments(int argc, char** argv, std::initializer_list<std::string_view> allowed);

}  // namespace myelin::server
