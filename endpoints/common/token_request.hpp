#pragma once
// One request to an OAuth token endpoint (endpoints reference, 1.3), and libcurl sending it. Holds secrets:
// nothing of it is logged, and fault texts tell no part of it.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/clock.hpp"
#include "engine/base/result.hpp"

namespace myelin::endpoints {

struct TokenProxy {
  std::string host, protocol, username, password;
  std::uint16_t port = 0;
  std::string bypassed;   ///< host patterns, `*` at either end, separated by `|` or comma: not for these
  std::string only;       ///< the same; not empty: for these only
  bool serves(std::string_view target_host) const;
};

struct TokenRequest {
  std::string url;
  std::string form;            ///< application/x-www-form-urlencoded, without the refresh token
  std::string refresh_token;
  std::string authorization;   ///< value of Authorization; empty: the client's secret is in the form
  std::vector<std::pair<std::string, std::string>> headers;
  std::optional<TokenProxy> proxy;
  Duration connect_timeout{10'000}, timeout{30'000};
  std::string ca;              ///< PEM file; empty: the system's

  TokenRequest() = default;
  TokenRequest(TokenRequest&&) noexcept = default;
  TokenRequest& operator=(TokenRequest&&) noexcept = default;
  ~TokenRequest();             ///< wipes the secrets

  void add(std::string_view name, std::string_view value);
  /// Tells requests for different tokens apart; a hash, from which no secret can be read.
  std::string key() const;
};

struct TokenAnswer {
  std::string token;
  std::string refresh_token;                 ///< empty: none came with it
  std::optional<std::int64_t> lifetime;      ///< seconds, `expires_in`
};

/// Blocks. Faults: 303003.
Result<TokenAnswer> request_token(const TokenRequest& request);

}  // namespace myelin::endpoints
