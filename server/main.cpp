// The `myelin` program: picks the command.

#include <cstdio>
#include <string_view>

#include "server/backend.hpp"
#include "server/check.hpp"
#include "server/format.hpp"
#include "server/server.hpp"

namespace {

constexpr const char* kUsage =
    "usage: myelin run [--conf DIR] [--http [ADDR:]PORT] [--https [ADDR:]PORT] [--admin [ADDR:]PORT] [--threads N]\n"
    "       myelin check [--strict] [--json] PATH...\n"
    "       myelin format [-w] FILE\n"
    "       myelin backend [--name A] [--port N] [--status S] [--delay MS] [--soap] [--session-cookie NAME]\n"
    "       myelin version\n";

}  // namespace

int main(int argc, char** argv) {
  const std::string_view command = argc > 1 ? argv[1] : "";
  if (command == "run") {
    const auto options = myelin::server::parse_options(argc - 2, argv + 2);
    if (!options.error.empty()) {
      std::fprintf(stderr, "myelin run: %s\n", options.error.c_str());
      return 2;
    }
    return myelin::server::run(options);
  }
  if (command == "check") return myelin::check_command(argc - 2, argv + 2);
  if (command == "format") return myelin::format_command(argc - 2, argv + 2);
  if (command == "backend") return myelin::backend_command(argc - 2, argv + 2);
  if (command == "version" || command == "--version") {
    std::puts("myelin " MYELIN_VERSION);
    return 0;
  }
  const bool help = command == "help" || command == "--help" || command == "-h";
  std::fputs(kUsage, help ? stdout : stderr);
  return help ? 0 : 2;
}
