#include "server/options.hpp"

#include <string_view>

#include "engine/base/text.hpp"

namespace myelin::server {

std::optional<Address> parse_address(std::string_view text) {
  Address address;
  const std::size_t colon = text.rfind(':');
  std::string_view port = text;
  if (colon != std::string_view::npos) {
    port = text.substr(colon + 1);
    std::string_view host = text.substr(0, colon);
    if (host.size() >= 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
    if (host.empty()) return std::nullopt;
    address.host = host;
  }
  const auto number = text::parse_int(port);
  if (!number || *number < 0 || *number > 65535) return std::nullopt;
  address.port = static_cast<std::uint16_t>(*number);
  return address;
}

namespace {

/// The value of `--name VALUE` or `--name=VALUE`; moves `i` past it.
std::optional<std::string_view> value_of(std::string_view name, int argc, char** argv, int& i) {
  const std::string_view argument = argv[i];
  if (argument == name && i + 1 < argc) return argv[++i];
  if (argument.size() > name.size() && argument.starts_with(name) && argument[name.size()] == '=')
    return argument.substr(name.size() + 1);
  return std::nullopt;
}

}  // namespace

Options parse_options(int argc, char** argv) {
  Options options;
  options.arguments.assign(argv, argv + argc);
  for (int i = 0; i < argc && options.error.empty(); ++i) {
    const std::string argument = argv[i];
    if (const auto conf = value_of("--conf", argc, argv, i)) {
      options.conf = *conf;
    } else if (const auto http = value_of("--http", argc, argv, i)) {
      options.http = parse_address(*http);
      if (!options.http) options.error = "--http takes [ADDR:]PORT, found '" + std::string(*http) + "'";
    } else if (const auto https = value_of("--https", argc, argv, i)) {
      options.https = parse_address(*https);
      if (!options.https) options.error = "--https takes [ADDR:]PORT, found '" + std::string(*https) + "'";
    } else if (const auto admin = value_of("--admin", argc, argv, i)) {
      options.admin = parse_address(*admin);
      if (!options.admin) options.error = "--admin takes [ADDR:]PORT, found '" + std::string(*admin) + "'";
    } else if (const auto threads = value_of("--threads", argc, argv, i)) {
      const auto number = text::parse_int(*threads);
      if (!number || *number < 1 || *number > 1024)
        options.error = "--threads takes a number from 1 to 1024, found '" + std::string(*threads) + "'";
      else
        options.threads = static_cast<unsigned>(*number);
    } else {
      options.error = "unknown argument '" + argument + "'; allowed: --conf, --http, --https, --admin, --threads";
    }
  }
  return options;
}

}  // namespace myelin::server
