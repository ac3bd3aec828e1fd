#pragma once
// Certificates and keys from files into an OpenSSL context. Faults name the file and what is wrong with it.

#include <openssl/ssl.h>

#include <string>

#include "engine/base/result.hpp"
#include "engine/ports/tls.hpp"

namespace myelin::http {

/// Why OpenSSL refused something last.
std::string tls_error();
Fault tls_fault(const std::string& file, const std::string& what);

/// A key file that others can read is refused (REL-116).
Result<void> use_pem(SSL_CTX* context, const std::string& certificate, const std::string& key,
                     const std::string& password = {});
Result<void> use_pkcs12(SSL_CTX* context, const std::string& path, const std::string& password);
Result<void> use_trust_store(SSL_CTX* context, const TlsSettings::Store& store);
Result<void> use_key_store(SSL_CTX* context, const TlsSettings::Store& store);

}  // namespace myelin::http
