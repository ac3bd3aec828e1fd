#pragma once
// TLS towards one leaf's back ends, as its `<tls>` says (gateways reference, 4.3). The transport makes of it
// what OutgoingRequest::tls points to; it is made once, when the configuration is built, so that a bad
// file is found then.

#include <cstdint>
#include <memory>
#include <string>

#include "engine/base/registry.hpp"
#include "engine/base/result.hpp"

namespace myelin {

struct TlsSettings {
  enum class Version : std::uint8_t { tls12, tls13 };
  enum class StoreType : std::uint8_t { none, pem, pkcs12 };
  struct Store {
    StoreType type = StoreType::none;
    std::string path;       ///< absolute
    std::string password;   ///< of the file, or of the key in a PEM file
    std::string key_path;   ///< PEM key stores: the key, when it is not in `path`
  };

  bool verify = true;       ///< the certificate chain (REL-112)
  bool verify_host = true;  ///< the name in the certificate
  Version least = Version::tls12, most = Version::tls13;
  std::string ciphers;      ///< OpenSSL names, separated by colons; empty: the transport's own
  std::string server_name;  ///< sent and verified instead of the host; empty: the host (REL-113)
  Store trust, key;
};

/// Fault: what is wrong with which file. The object is immutable and shared by all shards.
using TlsMaker = Result<std::shared_ptr<const void>> (*)(const TlsSettings& settings);
/// Filled by the transport under "http".
using TlsMakers = Registry<TlsMaker>;

}  // namespace myelin
