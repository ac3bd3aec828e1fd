#pragma once
// HTTP digest authentication (RFC 7616): MD5 and SHA-256, also their -sess forms, with qop=auth or none.
// Pure functions.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace myelin::endpoints::digest {

enum class Hash : std::uint8_t { md5, sha256 };

struct Challenge {
  Hash hash = Hash::md5;
  bool session = false;       ///< a -sess algorithm
  bool has_qop = false;       ///< `auth` is offered; else the form before qop existed
  bool stale = false;         ///< only the nonce was refused
  std::string realm, nonce, opaque;
  bool has_opaque = false;
  std::string algorithm;      ///< as it was told; empty: not told
};

/// The strongest challenge of a WWW-Authenticate value that we can answer; other schemes are passed over.
std::optional<Challenge> parse(std::string_view value);

struct Answer {
  std::string_view user, password, method, uri;
  std::uint32_t count = 1;    ///< how often this nonce was used, this time included
  std::string_view client_nonce;
};

/// The value of Authorization.
std::string answer(const Challenge& challenge, const Answer& answer);

}  // namespace myelin::endpoints::digest
