// Certificates and keys from PEM and PKCS#12 files; private keys nobody else can read (REL-116).

#include "transports/http/tls_files.hpp"

#include <openssl/err.h>
#include <openssl/pkcs12.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace myelin::http {

namespace {

struct FreeParts {
  void operator()(PKCS12* store) const noexcept { PKCS12_free(store); }
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const noexcept { X509_free(certificate); }
  void operator()(STACK_OF(X509) * chain) const noexcept { sk_X509_pop_free(chain, X509_free); }
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};
template <class T>
using Owned = std::unique_ptr<T, FreeParts>;

/// REL-116
Result<void> check_private(const std::string& file) {
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0) return tls_fault(file, std::strerror(errno));
  if ((info.st_mode & (S_IROTH | S_IWOTH)) != 0)
    return tls_fault(file, "the private key can be read by others; take their rights away (chmod o-rwx)");
  return {};
}

/// The password of an encrypted key; without one, nobody is asked at a terminal.
int give_password(char* to, int size, int, void* password) {
  const auto& text = *static_cast<const std::string*>(password);
  if (text.empty() || text.size() > static_cast<std::size_t>(size)) return 0;
  std::memcpy(to, text.data(), text.size());
  return static_cast<int>(text.size());
}

struct Pkcs12Content {
  Owned<EVP_PKEY> key;
  Owned<X509> certificate;
  Owned<STACK_OF(X509)> chain;
};

Fault unreadable_store(const std::string& path) {
  if (ERR_GET_REASON(ERR_peek_error()) == ERR_R_UNSUPPORTED)
    return tls_fault(path, "is encrypted as OpenSSL did before version 3; make it anew: openssl pkcs12 -legacy -in OLD -nodes | "
                           "openssl pkcs12 -export -out NEW");
  return tls_fault(path, "cannot be opened, is the password right? " + tls_error());
}

Result<Pkcs12Content> open_pkcs12(const std::string& path, const std::string& password) {
  Owned<std::FILE> file(std::fopen(path.c_str(), "rb"));
  if (!file) return tls_fault(path, std::strerror(errno));
  Owned<PKCS12> store(d2i_PKCS12_fp(file.get(), nullptr));
  if (!store) return tls_fault(path, "no PKCS#12 store: " + tls_error());
  EVP_PKEY* key = nullptr;
  X509* certificate = nullptr;
  STACK_OF(X509)* chain = nullptr;
  if (PKCS12_parse(store.get(), password.c_str(), &key, &certificate, &chain) != 1)
    return unreadable_store(path);
  return Pkcs12Content{Owned<EVP_PKEY>(key), Owned<X509>(certificate), Owned<STACK_OF(X509)>(chain)};
}

}  // namespace

std::string tls_error() {
  const unsigned long error = ERR_get_error();
  ERR_clear_error();
  const char* reason = ERR_reason_error_string(error);
  return reason ? reason : "not readable";
}

Fault tls_fault(const std::string& file, const std::string& what) { return Fault(file + ": " + what); }

Result<void> use_pem(SSL_CTX* context, const std::string& certificate, const std::string& key,
                     const std::string& password) {
  if (SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) != 1)
    return tls_fault(certificate, "no certificate chain: " + tls_error());
  if (auto safe = check_private(key); !safe) return safe;
  SSL_CTX_set_default_passwd_cb(context, give_password);
  SSL_CTX_set_default_passwd_cb_userdata(context, const_cast<std::string*>(&password));
  const bool read = SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) == 1;
  SSL_CTX_set_default_passwd_cb(context, nullptr);
  SSL_CTX_set_default_passwd_cb_userdata(context, nullptr);
  if (!read) return tls_fault(key, "no private key: " + tls_error());
  if (SSL_CTX_check_private_key(context) != 1) return tls_fault(key, "the key does not belong to " + certificate);
  return {};
}

Result<void> use_pkcs12(SSL_CTX* context, const std::string& path, const std::string& password) {
  if (auto safe = check_private(path); !safe) return safe;
  auto content = open_pkcs12(path, password);
  if (!content) return std::move(content).fault();
  if (!content->key || !content->certificate) return tls_fault(path, "holds no key with its certificate");
  if (SSL_CTX_use_cert_and_key(context, content->certificate.get(), content->key.get(), content->chain.get(), 1) != 1)
    return tls_fault(path, tls_error());
  return {};
}

Result<void> use_trust_store(SSL_CTX* context, const TlsSettings::Store& store) {
  if (store.type == TlsSettings::StoreType::none) return {};
  if (store.type == TlsSettings::StoreType::pem) {
    if (SSL_CTX_load_verify_file(context, store.path.c_str()) == 1) return {};
    return tls_fault(store.path, "no certificates: " + tls_error());
  }
  auto content = open_pkcs12(store.path, store.password);
  if (!content) return std::move(content).fault();
  X509_STORE* trusted = SSL_CTX_get_cert_store(context);
  const int others = content->chain ? sk_X509_num(content->chain.get()) : 0;
  if (content->certificate) X509_STORE_add_cert(trusted, content->certificate.get());
  for (int i = 0; i < others; ++i) X509_STORE_add_cert(trusted, sk_X509_value(content->chain.get(), i));
  if (!content->certificate && others == 0) return tls_fault(store.path, "holds no certificate");
  return {};
}

Result<void> use_key_store(SSL_CTX* context, const TlsSettings::Store& store) {
  switch (store.type) {
    case TlsSettings::StoreType::pem:
      return use_pem(context, store.path, store.key_path.empty() ? store.path : store.key_path, store.password);
    case TlsSettings::StoreType::pkcs12: return use_pkcs12(context, store.path, store.password);
    default: return {};
  }
}

}  // namespace myelin::http
