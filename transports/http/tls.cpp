// TLS contexts: 1.2 and later, ECDHE + AEAD for 1.2, no compression, renegotiation or early data
// (REL-110, REL-111).

#include "transports/http/tls.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>

#include <atomic>
#include <cstring>

#include "engine/base/log.hpp"
#include "engine/base/text.hpp"
#include "engine/ports/tls.hpp"
#include "transports/http/tls_context.hpp"
#include "transports/http/tls_files.hpp"

namespace myelin::http {

namespace {

constexpr const char* kSuites =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

// 128 bits first, as above: SHA-256 and AES-128 cost half of what SHA-384 and AES-256 do, and nobody breaks either.
constexpr const char* kSuites13 = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";

ContextPtr new_context(const SSL_METHOD* method) {
  ContextPtr context(SSL_CTX_new(method));
  if (!context) throw std::bad_alloc();
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(context.get(), kSuites);
  SSL_CTX_set_ciphersuites(context.get(), kSuites13);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                         SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  return context;
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
    return tls_fault(options.client_ca, "no certificates: " + tls_error());
  SSL_CTX_set_client_CA_list(context, names);
  return {};
}

/// RFC 6066: a session is not resumed under another server name than it began with.
int keep_to_name(SSL* ssl, int*, void*) {
  const unsigned char* name = nullptr;
  std::size_t size = 0;
  if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &name, &size) != 1) size = 0;
  unsigned char digest[SSL_MAX_SID_CTX_LENGTH];
  const bool made = EVP_Digest(name, size, digest, nullptr, EVP_sha256(), nullptr) == 1;
  return made && SSL_set_session_id_context(ssl, digest, sizeof digest) == 1 ? SSL_CLIENT_HELLO_SUCCESS
                                                                           : SSL_CLIENT_HELLO_ERROR;
}

/// A certificate that clients will refuse, or soon, is used all the same: said where it is looked for.
void tell_of_dates(const X509* certificate) {
  constexpr int kSoon = 14;  // days
  int days = 0, seconds = 0;
  if (!certificate || ASN1_TIME_diff(&days, &seconds, nullptr, X509_get0_notAfter(certificate)) != 1) return;
  if (days < 0 || seconds < 0) log::warn("http", "the certificate of https has expired");
  else if (days < kSoon) log::warn("http", fmt::format("the certificate of https expires in {} days", days));
  if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0)
    log::warn("http", "the certificate of https is not valid yet");
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
  auto loaded = options.pkcs12.empty() ? use_pem(context.get(), options.certificate, options.key, options.password)
                                       : use_pkcs12(context.get(), options.pkcs12, options.password);
  if (!loaded) return std::move(loaded.fault());
  if (auto asked = ask_clients(context.get(), options); !asked) return std::move(asked.fault());
  SSL_CTX_set_client_hello_cb(context.get(), keep_to_name, nullptr);
  SSL_CTX_set_max_early_data(context.get(), 0);
  const unsigned char* spoken = options.http2 ? kProtocols : kProtocols + kHttp2Size;
  SSL_CTX_set_alpn_select_cb(context.get(), select_protocol, const_cast<unsigned char*>(spoken));
  tell_of_dates(SSL_CTX_get0_certificate(context.get()));
  const bool asks = options.client_auth != Options::ClientAuth::none;
  return std::shared_ptr<const TlsServer>(std::make_shared<TlsServerContext>(std::move(context), asks));
}

void TlsClientContext::trust() const {
  if (!system_trust) return;
  std::call_once(trusted_, [this] { SSL_CTX_set_default_verify_paths(context.get()); });
}

namespace {

ContextPtr new_client_context() {
  ContextPtr context = new_context(TLS_client_method());
  static constexpr unsigned char kHttp11[] = "\x08http/1.1";
  SSL_CTX_set_alpn_protos(context.get(), kHttp11, sizeof kHttp11 - 1);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context.get(), keep_session);
  return context;
}

/// REL-111 holds for what a configuration asks for, too.
Result<void> use_ciphers(SSL_CTX* context, const std::string& names) {
  std::string old_ones, new_ones;
  for (const std::string_view name : text::split(names, ":, ")) {
    std::string& list = name.starts_with("TLS_") ? new_ones : old_ones;
    list += list.empty() ? "" : ":";
    list += name;
  }
  if (!new_ones.empty() && SSL_CTX_set_ciphersuites(context, new_ones.c_str()) != 1)
    return Fault("ciphers: " + new_ones + ": " + tls_error());
  if (!old_ones.empty() && SSL_CTX_set_cipher_list(context, old_ones.c_str()) != 1)
    return Fault("ciphers: " + old_ones + ": " + tls_error());
  const STACK_OF(SSL_CIPHER)* all = SSL_CTX_get_ciphers(context);
  for (int i = 0; i < sk_SSL_CIPHER_num(all); ++i) {
    const SSL_CIPHER* cipher = sk_SSL_CIPHER_value(all, i);
    const int exchange = SSL_CIPHER_get_kx_nid(cipher);
    if (SSL_CIPHER_is_aead(cipher) != 1 || (exchange != NID_kx_ecdhe && exchange != NID_kx_any))
      return Fault(std::string("ciphers: ") + SSL_CIPHER_get_name(cipher) + " is refused, ECDHE with AEAD is needed");
  }
  return {};
}

int version_of(TlsSettings::Version version) noexcept {
  return version == TlsSettings::Version::tls12 ? TLS1_2_VERSION : TLS1_3_VERSION;
}

/// For one leaf.
Result<std::shared_ptr<const void>> make_for_leaf(const TlsSettings& settings) {
  ContextPtr context = new_client_context();
  SSL_CTX_set_min_proto_version(context.get(), version_of(settings.least));
  SSL_CTX_set_max_proto_version(context.get(), version_of(settings.most));
  Result<void> done = settings.ciphers.empty() ? Result<void>() : use_ciphers(context.get(), settings.ciphers);
  if (done) done = use_trust_store(context.get(), settings.trust);
  if (done) done = use_key_store(context.get(), settings.key);
  if (!done) return std::move(done).fault();
  const bool system_trust = settings.trust.type == TlsSettings::StoreType::none;
  auto made = std::make_shared<TlsClientContext>(std::move(context), settings.verify, system_trust);
  made->verify_host = settings.verify_host;
  made->server_name = settings.server_name;
  const std::shared_ptr<const TlsClient> client = std::move(made);
  return std::shared_ptr<const void>(client);
}

[[maybe_unused]] const bool registered = TlsMakers::instance().add("http", make_for_leaf);

}  // namespace

Result<std::shared_ptr<const TlsClient>> TlsClient::make(const Options& options) {
  ContextPtr context = new_client_context();
  if (!options.ca.empty() && SSL_CTX_load_verify_file(context.get(), options.ca.c_str()) != 1)
    return tls_fault(options.ca, "no certificates: " + tls_error());
  if (!options.certificate.empty()) {
    auto loaded = use_pem(context.get(), options.certificate, options.key);
    if (!loaded) return std::move(loaded.fault());
  }
  const bool system_trust = options.ca.empty();
  return std::shared_ptr<const TlsClient>(
      std::make_shared<TlsClientContext>(std::move(context), options.verify, system_trust));
}

}  // namespace myelin::http
