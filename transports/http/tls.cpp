// TLS contexts: 1.2 and later, ECDHE + AEAD for 1.2, no compression, renegotiation or early data
// (REL-110, REL-111); certificates from PEM or PKCS#12; private keys nobody else can read (REL-116).

#include "transports/http/tls.hpp"

#include <openssl/err.h>
#include <openssl/pkcs12.h>
#include <openssl/ssl.h>
#include <sys/stat.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "transports/http/tls_context.hpp"

namespace myelin::http {

namespace {

constexpr const char* kSuites =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

struct FreeParts {
  void operator()(PKCS12* store) const noexcept { PKCS12_free(store); }
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const noexcept { X509_free(certificate); }
  void operator()(STACK_OF(X509) * chain) const noexcept { sk_X509_pop_free(chain, X509_free); }
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};
template <class T>
using Owned = std::unique_ptr<T, FreeParts>;

std::string last_error() {
  const unsigned long error = ERR_get_error();
  ERR_clear_error();
  const char* reason = ERR_reason_error_string(error);
  return reason ? reason : "not readable";
}

Fault wrong(const std::string& file, const std::string& what) { return Fault(file + ": " + what); }

/// REL-116
Result<void> check_private(const std::string& file) {
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0) return wrong(file, std::strerror(errno));
  if ((info.st_mode & (S_IROTH | S_IWOTH)) != 0)
    return wrong(file, "the private key can be read by others; take their rights away (chmod o-rwx)");
  return {};
}

ContextPtr new_context(const SSL_METHOD* method) {
  ContextPtr context(SSL_CTX_new(method));
  if (!context) throw std::bad_alloc();
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(context.get(), kSuites);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                         SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  return context;
}

Result<void> use_pem(SSL_CTX* context, const std::string& certificate, const std::string& key) {
  if (SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) != 1)
    return wrong(certificate, "no certificate chain: " + last_error());
  if (auto safe = check_private(key); !safe) return safe;
  if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1)
    return wrong(key, "no private key: " + last_error());
  if (SSL_CTX_check_private_key(context) != 1) return wrong(key, "the key does not belong to " + certificate);
  return {};
}

Result<void> use_pkcs12(SSL_CTX* context, const std::string& path, const std::string& password) {
  if (auto safe = check_private(path); !safe) return safe;
  Owned<std::FILE> file(std::fopen(path.c_str(), "rb"));
  if (!file) return wrong(path, std::strerror(errno));
  Owned<PKCS12> store(d2i_PKCS12_fp(file.get(), nullptr));
  if (!store) return wrong(path, "no PKCS#12 store: " + last_error());
  EVP_PKEY* key = nullptr;
  X509* certificate = nullptr;
  STACK_OF(X509)* chain = nullptr;
  if (PKCS12_parse(store.get(), password.c_str(), &key, &certificate, &chain) != 1)
    return wrong(path, "cannot be opened, is the password right? " + last_error());
  const Owned<EVP_PKEY> own_key(key);
  const Owned<X509> own_certificate(certificate);
  const Owned<STACK_OF(X509)> own_chain(chain);
  if (!key || !certificate) return wrong(path, "holds no key with its certificate");
  if (SSL_CTX_use_cert_and_key(context, certificate, key, chain, 1) != 1) return wrong(path, last_error());
  return {};
}

/// In the order of our preference; the second half is what we speak without HTTP/2.
constexpr unsigned char kProtocols[] = "\x02h2\x08http/1.1";
constexpr std::size_t kHttp2Size = 3;

int select_protocol(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                    unsigned int offered_size, void* spoken) {
  const auto* ours = static_cast<const unsigned char*>(spoken);
  const auto ours_size = static_cast<unsigned int>(std::strlen(static_cast<const char*>(spoken)));
  unsigned char* found = nullptr;
  if (SSL_select_next_proto(&found, size, ours, ours_size, offered, offered_size) != OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

Result<void> ask_clients(SSL_CTX* context, const TlsServer::Options& options) {
  using Auth = TlsServer::Options::ClientAuth;
  if (options.client_auth == Auth::none) return {};
  const int strict = options.client_auth == Auth::require ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | strict, nullptr);
  if (options.client_ca.empty()) return Fault("https.client_ca must name the issuers of client certificates");
  STACK_OF(X509_NAME)* names = SSL_load_client_CA_file(options.client_ca.c_str());
  if (!names || SSL_CTX_load_verify_file(context, options.client_ca.c_str()) != 1)
    return wrong(options.client_ca, "no certificates: " + last_error());
  SSL_CTX_set_client_CA_list(context, names);
  return {};
}

/// The newest session is the one worth resuming; its place is the connection's app data.
int keep_session(SSL* ssl, SSL_SESSION* session) {
  auto* place = static_cast<SessionPtr*>(SSL_get_app_data(ssl));
  if (!place) return 0;
  place->reset(session);
  return 1;
}

}  // namespace

std::uint64_t TlsClientContext::next_number() noexcept {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

Result<std::shared_ptr<const TlsServer>> TlsServer::make(const Options& options) {
  ContextPtr context = new_context(TLS_server_method());
  auto loaded = options.pkcs12.empty() ? use_pem(context.get(), options.certificate, options.key)
                                       : use_pkcs12(context.get(), options.pkcs12, options.password);
  if (!loaded) return std::move(loaded.fault());
  if (auto asked = ask_clients(context.get(), options); !asked) return std::move(asked.fault());
  static constexpr unsigned char kSessions[] = "myelin";
  SSL_CTX_set_session_id_context(context.get(), kSessions, sizeof kSessions - 1);
  SSL_CTX_set_max_early_data(context.get(), 0);
  const unsigned char* spoken = options.http2 ? kProtocols : kProtocols + kHttp2Size;
  SSL_CTX_set_alpn_select_cb(context.get(), select_protocol, const_cast<unsigned char*>(spoken));
  const bool asks = options.client_auth != Options::ClientAuth::none;
  return std::shared_ptr<const TlsServer>(std::make_shared<TlsServerContext>(std::move(context), asks));
}

void TlsClientContext::trust() const {
  if (!system_trust) return;
  std::call_once(trusted_, [this] { SSL_CTX_set_default_verify_paths(context.get()); });
}

Result<std::shared_ptr<const TlsClient>> TlsClient::make(const Options& options) {
  ContextPtr context = new_context(TLS_client_method());
  if (!options.ca.empty() && SSL_CTX_load_verify_file(context.get(), options.ca.c_str()) != 1)
    return wrong(options.ca, "no certificates: " + last_error());
  if (!options.certificate.empty()) {
    auto loaded = use_pem(context.get(), options.certificate, options.key);
    if (!loaded) return std::move(loaded.fault());
  }
  static constexpr unsigned char kHttp11[] = "\x08http/1.1";
  SSL_CTX_set_alpn_protos(context.get(), kHttp11, sizeof kHttp11 - 1);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context.get(), keep_session);
  const bool system_trust = options.ca.empty();
  return std::shared_ptr<const TlsClient>(
      std::make_shared<TlsClientContext>(std::move(context), options.verify, system_trust));
}

}  // namespace myelin::http
