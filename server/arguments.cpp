#include "server/arguments.hpp"

#include <algorithm>

namespace myelin::server {

Arguments parse_arguments(int argc, char** argv, std::initializer_list<std::string_view> allowed) {
  Arguments arguments;
  bool options = true;
  for (int i = 0; i < argc; ++i) {
    const std::string_view word = argv[i];
    const bool known = std::find(allowed.begin(), allowed.end(), word) != allowed.end();
    if (options && word == "--") options = false;
    else if (options && known) arguments.flags.insert(word);
    else if (options && word.starts_with('-')) arguments.wrong = "unknown option '" + std::string(word) + "'";
    else arguments.paths.emplace_back(word);
  }
  return arguments;
}

}  // namespace myelin::server
