#include "tests/support/tls.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <stdexcept>
#include <string>

namespace myelin::test {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

void require(bool good, const char* what) {
  if (!good) throw std::runtime_error(std::string("certificates for the tests: ") + what);
}

void extend(X509* certificate, X509* issuer, int extension, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* made = X509V3_EXT_conf_nid(nullptr, &context, extension, value);
  require(made != nullptr, value);
  X509_add_ext(certificate, made, -1);
  X509_EXTENSION_free(made);
}

struct Identity {
  Key key{nullptr, &EVP_PKEY_free};
  Certificate certificate{nullptr, &X509_free};
};

/// `issuer` null: self-signed authority.
Identity make(const char* name, long serial, const Identity* issuer, const char* alternatives = "") {
  Identity made;
  made.key.reset(EVP_EC_gen("P-256"));
  require(made.key != nullptr, "no key");
  made.certificate.reset(X509_new());
  X509* certificate = made.certificate.get();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -86'400);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 30 * 86'400);
  X509_set_pubkey(certificate, made.key.get());
  X509_NAME* subject = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  X509* signer = issuer ? issuer->certificate.get() : certificate;
  X509_set_issuer_name(certificate, X509_get_subject_name(signer));
  if (issuer) {
    extend(certificate, signer, NID_subject_alt_name, alternatives);
  } else {
    extend(certificate, signer, NID_basic_constraints, "critical,CA:TRUE");
    extend(certificate, signer, NID_key_usage, "critical,keyCertSign,cRLSign");
  }
  EVP_PKEY* signing = issuer ? issuer->key.get() : made.key.get();
  require(X509_sign(certificate, signing, EVP_sha256()) != 0, "cannot sign");
  return made;
}

struct Identities {
  Identity authority = make("Test authority", 1, nullptr);
  Identity server = make("localhost", 2, &authority, "DNS:localhost,IP:127.0.0.1");
  Identity other = make("other.example", 3, &authority, "DNS:other.example");
};

const Identities& identities() {
  static const Identities all;
  return all;
}

template <class Write>
void write_pem(const std::filesystem::path& path, Write write) {
  std::FILE* file = std::fopen(path.c_str(), "w");
  require(file != nullptr, path.c_str());
  const bool good = write(file) != 0;
  std::fclose(file);
  require(good, path.c_str());
}

void write_pkcs12(const std::filesystem::path& path, EVP_PKEY* key, X509* certificate, STACK_OF(X509) * others) {
  PKCS12* store = PKCS12_create("changeit", nullptr, key, certificate, others, 0, 0, 0, 0, 0);
  require(store != nullptr, "PKCS#12");
  write_pem(path, [&](std::FILE* f) { return i2d_PKCS12_fp(f, store); });
  PKCS12_free(store);
}

}  // namespace

namespace {

const Identity& identity_for(CertificateFor whom) {
  return whom == CertificateFor::localhost ? identities().server : identities().other;
}

}  // namespace

void replace_certificate(const CertificateFiles& files, CertificateFor whom) {
  const Identity& identity = identity_for(whom);
  write_pem(files.certificate, [&](std::FILE* f) { return PEM_write_X509(f, identity.certificate.get()); });
  write_pem(files.key, [&](std::FILE* f) {
    return PEM_write_PrivateKey(f, identity.key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
}

CertificateFiles write_certificates(const std::filesystem::path& folder) {
  CertificateFiles files{folder / "ca.pem", folder / "cert.pem", folder / "key.pem", folder / "key.p12",
                         folder / "trust.p12"};
  const Identities& all = identities();
  write_pem(files.authority, [&](std::FILE* f) { return PEM_write_X509(f, all.authority.certificate.get()); });
  replace_certificate(files, CertificateFor::localhost);
  write_pkcs12(files.key_store, all.server.key.get(), all.server.certificate.get(), nullptr);
  STACK_OF(X509)* trusted = sk_X509_new_null();
  sk_X509_push(trusted, all.authority.certificate.get());
  write_pkcs12(files.trust_store, nullptr, nullptr, trusted);
  sk_X509_free(trusted);
  for (const auto& secret : {files.key, files.key_store})
    std::filesystem::permissions(secret, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  return files;
}

TlsContext tls_server_context(CertificateFor whom) {
  TlsContext context(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
  const Identity& identity = identity_for(whom);
  require(SSL_CTX_use_certificate(context.get(), identity.certificate.get()) == 1, "certificate");
  require(SSL_CTX_use_PrivateKey(context.get(), identity.key.get()) == 1, "key");
  return context;
}

void demand_client_certificate(const TlsContext& context) {
  X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), identities().authority.certificate.get());
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
}

TlsContext tls_client_context() {
  TlsContext context(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free);
  X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), identities().authority.certificate.get());
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  return context;
}

}  // namespace myelin::test
