#pragma once
// TLS settings of both sides (OpenSSL): 1.2 and later, ECDHE + AEAD suites for 1.2, no compression,
// renegotiation or early data (REL-110, 111). Immutable once made, shared by all shards.

#include <memory>
#include <string>

#include "engine/base/result.hpp"

namespace myelin::http {

class TlsServer {
 public:
  struct Options {
    std::string certificate, key;          ///< PEM files, or:
    std::string pkcs12;                    ///< a PKCS#12 file
    std::string password;                  ///< of that file, or of the key
    enum class ClientAuth { none, optional, require } client_auth = ClientAuth::none;
    std::string client_ca;                 ///< PEM file of accepted issuers
    bool http2 = true;                     ///< offered to clients, by ALPN
  };
  /// Fault: what is wrong with which file.
  static Result<std::shared_ptr<const TlsServer>> make(const Options& options);
  virtual ~TlsServer() = default;
};

class TlsClient {
 public:
  struct Options {
    std::string ca;                        ///< PEM file; empty: the system's
    bool verify = true;                    ///< certificate and host name (REL-112)
    std::string certificate, key;          ///< PEM, for mutual TLS
  };
  static Result<std::shared_ptr<const TlsClient>> make(const Options& options);
  virtual ~TlsClient() = default;
};

}  // namespace myelin::http
