#pragma once
// Command-line arguments of `myelin run`.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace myelin::server {

struct Address {
  std::string host;
  std::uint16_t port = 0;
};

struct Options {
  std::filesystem::path conf = "conf";
  std::optional<Address> http, https, admin;   ///< given on the command line
  unsigned threads = 0;                        ///< 0: one per core
  std::vector<std::string> arguments;          ///< all of them, as they were given
  std::string error;                           ///< not empty: what is wrong with the arguments
};

Options parse_options(int argc, char** argv);

/// `[ADDR:]PORT`, `[IPv6]:PORT`; nullopt when it is neither. An absent address stays empty.
std::optional<Address> parse_address(std::string_view text);

}  // namespace myelin::server
