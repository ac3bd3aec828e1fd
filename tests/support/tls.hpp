#pragma once
// Certificates and OpenSSL contexts for tests: one throw-away authority per process, which signs a
// certificate for localhost and 127.0.0.1.

#include <openssl/ssl.h>

#include <filesystem>
#include <memory>

namespace myelin::test {

struct CertificateFiles {
  std::filesystem::path authority, certificate, key;  ///< PEM
  std::filesystem::path key_store, trust_store;       ///< PKCS#12 of the same, password "changeit"
};

/// Writes the files into `folder` (ca.pem, cert.pem, key.pem, key.p12, trust.p12). Made once per process, then copied.
CertificateFiles write_certificates(const std::filesystem::path& folder);

/// Whom a server's certificate is for.
enum class CertificateFor { localhost, other_host };
/// Puts another certificate and its key in place of cert.pem and key.pem.
void replace_certificate(const CertificateFiles& files, CertificateFor whom);

using TlsContext = std::shared_ptr<SSL_CTX>;
/// A server's context with the certificate above, or one of the same authority for other.example.
TlsContext tls_server_context(CertificateFor whom = CertificateFor::localhost);
/// Only clients with a certificate of the authority above.
void demand_client_certificate(const TlsContext& context);
/// A client's, which trusts the authority above.
TlsContext tls_client_context();

}  // namespace myelin::test
