// TLS on both sides, with certificates made here.

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "tests/unit/http/system_calls.hpp"
#include "tests/unit/http/wire.hpp"
#include "transports/http/counters.hpp"
#include "transports/http/tls.hpp"

namespace myelin::http::test {
namespace {

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
  void operator()(PKCS12* store) const { PKCS12_free(store); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

struct Identity {
  Owned<EVP_PKEY> key;
  Owned<X509> certificate;
};

void extend(X509* certificate, X509* issuer, int what, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

/// Signed by `issuer`, or by itself as an authority.
Identity identity(const std::string& name, const Identity* issuer = nullptr, const std::string& names = {}) {
  static long serial = 1;
  Identity made{Owned<EVP_PKEY>(EVP_EC_gen("P-256")), Owned<X509>(X509_new())};
  X509* certificate = made.certificate.get();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 36000);
  X509_set_pubkey(certificate, made.key.get());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509* parent = issuer ? issuer->certificate.get() : certificate;
  X509_set_issuer_name(certificate, X509_get_subject_name(parent));
  if (!issuer) extend(certificate, parent, NID_basic_constraints, "critical,CA:TRUE");
  if (!names.empty()) extend(certificate, parent, NID_subject_alt_name, names);
  X509_sign(certificate, issuer ? issuer->key.get() : made.key.get(), EVP_sha256());
  return made;
}

class Files {
 public:
  Files() {
    char name[] = "/tmp/myelin-tls-XXXXXX";
    folder_ = ::mkdtemp(name);
  }
  ~Files() { std::filesystem::remove_all(folder_); }
  std::string certificate(const std::string& name, const Identity& of) {
    const std::string path = folder_ + "/" + name;
    std::FILE* file = std::fopen(path.c_str(), "w");
    PEM_write_X509(file, of.certificate.get());
    std::fclose(file);
    return path;
  }
  std::string key(const std::string& name, const Identity& of, const std::string& password = {}) {
    const std::string path = folder_ + "/" + name;
    std::FILE* file = std::fopen(path.c_str(), "w");
    PEM_write_PrivateKey(file, of.key.get(), password.empty() ? nullptr : EVP_aes_256_cbc(), nullptr, 0, nullptr,
                         const_cast<char*>(password.empty() ? nullptr : password.c_str()));
    std::fclose(file);
    ::chmod(path.c_str(), 0600);
    return path;
  }
  std::string pkcs12(const std::string& name, const Identity& of, const char* password) {
    const std::string path = folder_ + "/" + name;
    Owned<PKCS12> store(PKCS12_create(password, "k", of.key.get(), of.certificate.get(), nullptr, 0, 0, 0, 0, 0));
    std::FILE* file = std::fopen(path.c_str(), "w");
    i2d_PKCS12_fp(file, store.get());
    std::fclose(file);
    ::chmod(path.c_str(), 0600);
    return path;
  }
  std::string text(const std::string& name, const std::string& content) {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path) << content;
    return path;
  }

 private:
  std::string folder_;
};

/// A blocking TLS client over a Peer's socket.
class TlsPeer {
 public:
  explicit TlsPeer(std::uint16_t port, const std::function<void(SSL_CTX*)>& configure = {},
                   const std::function<void(SSL*)>& prepare = {})
      : peer_(Peer::connect(port)), context_(SSL_CTX_new(TLS_client_method())) {
    if (configure) configure(context_.get());
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_fd(ssl_.get(), peer_.fd());
    if (prepare) prepare(ssl_.get());
    connected = SSL_connect(ssl_.get()) == 1;
    ERR_clear_error();
  }
  bool send(std::string_view text) { return SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size())) > 0; }
  /// Everything to the end of a message with Content-Length; empty when the peer ends before.
  std::string exchange(std::string_view request) {
    if (!send(request)) return {};
    std::string got;
    char bytes[16384];
    for (;;) {
      const std::size_t head = got.find("\r\n\r\n");
      if (head != std::string::npos) {
        const std::size_t at = got.find("Content-Length: ");
        if (at == std::string::npos || got.size() >= head + 4 + std::stoul(got.substr(at + 16))) return got;
      }
      const int more = SSL_read(ssl_.get(), bytes, sizeof bytes);
      if (more <= 0) return got;
      records += SSL_pending(ssl_.get()) == 0 ? 1 : 0;
      got.append(bytes, static_cast<std::size_t>(more));
    }
  }
  SSL* ssl() { return ssl_.get(); }
  bool connected = false;
  int records = 0;

 private:
  Peer peer_;
  Owned<SSL_CTX> context_;
  Owned<SSL> ssl_;
};

class Tls : public ::testing::Test {
 protected:
  std::shared_ptr<const TlsServer> server(TlsServer::Options options = {}) {
    if (options.pkcs12.empty() && options.certificate.empty()) {
      options.certificate = files.certificate("server.pem", leaf);
      options.key = files.key("server.key", leaf);
    }
    auto made = TlsServer::make(options);
    EXPECT_TRUE(made.ok()) << made.fault().message;
    return *made;
  }
  std::shared_ptr<const TlsClient> trusting() {
    TlsClient::Options options;
    options.ca = files.certificate("ca.pem", authority);
    auto made = TlsClient::make(options);
    EXPECT_TRUE(made.ok());
    return *made;
  }

  Files files;
  Identity authority = identity("Test Authority");
  Identity leaf = identity("server", &authority, "DNS:localhost,IP:127.0.0.1");
};

constexpr std::string_view kGet = "GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n";

TEST_F(Tls, ServesHttps) {  // REL-110
  EchoPipeline echo;
  Running running(Config(), echo, server());
  running.start();
  TlsPeer client(running.port, {}, [](SSL* ssl) {
    static const unsigned char kOffer[] = "\x08http/1.1";
    SSL_set_alpn_protos(ssl, kOffer, sizeof kOffer - 1);
  });
  ASSERT_TRUE(client.connected);
  EXPECT_STREQ(SSL_get_version(client.ssl()), "TLSv1.3");
  EXPECT_STREQ(SSL_get_cipher_name(client.ssl()), "TLS_AES_128_GCM_SHA256");
  const unsigned char* chosen = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(client.ssl(), &chosen, &size);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(chosen), size), "http/1.1");
  for (int i = 0; i < 3; ++i) EXPECT_NE(client.exchange(kGet).find("X-Line: GET /x"), std::string::npos);
  const std::string body(100'000, 'b');
  const std::string answer =
      client.exchange("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n" + body);
  EXPECT_EQ(answer.substr(answer.find("\r\n\r\n") + 4), body);
}

TEST_F(Tls, TooManyOfOneAddressAreClosedBeforeTheHandshake) {  // REL-021
  EchoPipeline echo;
  Config config;
  config.per_address = 1;
  Running running(config, echo, server());
  running.start();
  TlsPeer first(running.port);
  ASSERT_TRUE(first.connected);
  Peer second = running.connect();
  EXPECT_TRUE(second.ends());  // without a word of either side
  EXPECT_NE(first.exchange(kGet).find("X-Line: GET /x"), std::string::npos);
  EXPECT_EQ(running.shard->counters().over_address.get(), 1u);
}

TEST_F(Tls, OffersHttp2UnlessItIsOff) {
  for (const bool on : {true, false}) {
    TlsServer::Options options;
    options.certificate = files.certificate("server.pem", leaf);
    options.key = files.key("server.key", leaf);
    options.http2 = on;
    EchoPipeline echo;
    Running running(Config(), echo, server(options));
    running.start();
    TlsPeer client(running.port, {}, [](SSL* ssl) {
      static const unsigned char kOffer[] = "\x08http/1.1\x02h2";
      SSL_set_alpn_protos(ssl, kOffer, sizeof kOffer - 1);
    });
    ASSERT_TRUE(client.connected);
    const unsigned char* chosen = nullptr;
    unsigned int size = 0;
    SSL_get0_alpn_selected(client.ssl(), &chosen, &size);
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(chosen), size), on ? "h2" : "http/1.1");
  }
}

TEST_F(Tls, HeadAndSmallBodyAreOneRecord) {
  PlainPipeline plain;
  Running running(Config(), plain, server());
  running.start();
  TlsPeer client(running.port);
  const std::string answer = client.exchange(kGet);
  EXPECT_NE(answer.find("plain"), std::string::npos);
  EXPECT_EQ(client.records, 1);
}

#ifdef MYELIN_COUNTS_SYSTEM_CALLS
TEST_F(Tls, RecordsOfALargeAnswerGoOutTogether) {
  const std::string body(60'000, 'b');  // what any socket takes at once
  PlainPipeline plain([&](Message&, Client& client) -> Task<void> {
    const Reply reply = Reply::document(200, "text/plain", body);
    co_await client.reply(reply);
  });
  Running running(Config(), plain, server());
  running.start();
  TlsPeer client(running.port);
  ASSERT_GT(client.exchange(kGet).size(), body.size());
  running.run([] { counted = true; });
  running.settle();
  calls.forget();
  ASSERT_GT(client.exchange(kGet).size(), body.size());
  EXPECT_LE(calls.send, 2);
}
#endif

TEST_F(Tls, RefusesOldVersionsAndWeakSuites) {  // REL-110, REL-111
  EchoPipeline echo;
  Running running(Config(), echo, server());
  running.start();
  TlsPeer old(running.port, [](SSL_CTX* context) {
    SSL_CTX_set_security_level(context, 0);
    SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context, TLS1_1_VERSION);
  });
  EXPECT_FALSE(old.connected);
  TlsPeer weak(running.port, [](SSL_CTX* context) {
    SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(context, "ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA384");
  });
  EXPECT_FALSE(weak.connected);
  TlsPeer good(running.port, [](SSL_CTX* context) { SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION); });
  EXPECT_TRUE(good.connected);
  EXPECT_NE(good.exchange(kGet).find("200 OK"), std::string::npos);
}

TEST_F(Tls, ResumesSessions) {
  EchoPipeline echo;
  Running running(Config(), echo, server());
  running.start();
  Owned<SSL_SESSION> session;
  {
    TlsPeer first(running.port);
    first.exchange(kGet);
    session.reset(SSL_get1_session(first.ssl()));
    SSL_shutdown(first.ssl());  // OpenSSL forgets sessions of connections that were cut
  }
  TlsPeer second(running.port, {}, [&](SSL* ssl) { SSL_set_session(ssl, session.get()); });
  ASSERT_TRUE(second.connected);
  EXPECT_EQ(SSL_session_reused(second.ssl()), 1);
}

// REL-113: a session is for the name it was made for; in TLS 1.2 the server would be told that name for the new one.
TEST_F(Tls, ResumesNoSessionUnderAnotherName) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    EchoPipeline echo;
    Running running(Config(), echo, server());
    running.start();
    const auto limit = [version](SSL_CTX* context) { SSL_CTX_set_max_proto_version(context, version); };
    Owned<SSL_SESSION> session;
    {
      TlsPeer first(running.port, limit, [](SSL* ssl) { SSL_set_tlsext_host_name(ssl, "one.example"); });
      first.exchange(kGet);
      session.reset(SSL_get1_session(first.ssl()));
      SSL_shutdown(first.ssl());
    }
    for (const char* name : {"two.example", "one.example"}) {
      TlsPeer again(running.port, limit, [&](SSL* ssl) {
        SSL_set_session(ssl, session.get());
        SSL_set_tlsext_host_name(ssl, name);
      });
      ASSERT_TRUE(again.connected);
      EXPECT_EQ(SSL_session_reused(again.ssl()) == 1, name == std::string("one.example")) << version;
    }
  }
}

TEST_F(Tls, ReadsPkcs12) {
  TlsServer::Options options;
  options.pkcs12 = files.pkcs12("server.p12", leaf, "secret");
  options.password = "secret";
  EchoPipeline echo;
  Running running(Config(), echo, server(options));
  running.start();
  TlsPeer client(running.port);
  EXPECT_NE(client.exchange(kGet).find("200 OK"), std::string::npos);
  options.password = "wrong";
  auto made = TlsServer::make(options);
  ASSERT_FALSE(made.ok());
  EXPECT_NE(made.fault().message.find("password"), std::string::npos);
}

TEST_F(Tls, ReadsAnEncryptedKey) {
  TlsServer::Options options;
  options.certificate = files.certificate("server.pem", leaf);
  options.key = files.key("server.key", leaf, "secret");
  EXPECT_FALSE(TlsServer::make(options).ok());
  options.password = "secret";
  EXPECT_TRUE(TlsServer::make(options).ok());
}

TEST_F(Tls, WrongFilesAreNamed) {  // REL-160
  TlsServer::Options options;
  options.certificate = files.text("broken.pem", "nothing");
  options.key = files.key("server.key", leaf);
  auto broken = TlsServer::make(options);
  ASSERT_FALSE(broken.ok());
  EXPECT_NE(broken.fault().message.find("broken.pem"), std::string::npos);
  options.certificate = files.certificate("server.pem", leaf);
  options.key = files.key("other.key", authority);
  auto mismatch = TlsServer::make(options);
  ASSERT_FALSE(mismatch.ok());
  EXPECT_NE(mismatch.fault().message.find("other.key"), std::string::npos);
}

TEST_F(Tls, KeyThatOthersCanReadIsRefused) {  // REL-116
  TlsServer::Options options;
  options.certificate = files.certificate("server.pem", leaf);
  options.key = files.key("server.key", leaf);
  ::chmod(options.key.c_str(), 0644);
  auto made = TlsServer::make(options);
  ASSERT_FALSE(made.ok());
  EXPECT_NE(made.fault().message.find("server.key"), std::string::npos);
}

TEST_F(Tls, ClientCertificateIsRequired) {  // SRV-170
  TlsServer::Options options;
  options.certificate = files.certificate("server.pem", leaf);
  options.key = files.key("server.key", leaf);
  options.client_auth = TlsServer::Options::ClientAuth::require;
  options.client_ca = files.certificate("ca.pem", authority);
  const Identity someone = identity("client", &authority);
  EchoPipeline echo;
  Running running(Config(), echo, server(options));
  running.start();
  TlsPeer without(running.port);
  EXPECT_EQ(without.exchange(kGet), "");
  const auto show = [&](SSL_CTX* context) {
    SSL_CTX_use_certificate(context, someone.certificate.get());
    SSL_CTX_use_PrivateKey(context, someone.key.get());
  };
  TlsPeer with(running.port, show, [](SSL* ssl) { SSL_set_tlsext_host_name(ssl, "localhost"); });
  EXPECT_NE(with.exchange(kGet).find("200 OK"), std::string::npos);
}

TEST_F(Tls, HostMustMatchTheServerNameWhereClientsShowCertificates) {  // REL-114
  TlsServer::Options options;
  options.certificate = files.certificate("server.pem", leaf);
  options.key = files.key("server.key", leaf);
  options.client_auth = TlsServer::Options::ClientAuth::optional;
  options.client_ca = files.certificate("ca.pem", authority);
  EchoPipeline echo;
  Running running(Config(), echo, server(options));
  running.start();
  TlsPeer client(running.port, {}, [](SSL* ssl) { SSL_set_tlsext_host_name(ssl, "public.example"); });
  EXPECT_NE(client.exchange("GET / HTTP/1.1\r\nHost: private.example\r\n\r\n").find("HTTP/1.1 421"), std::string::npos);
  EXPECT_EQ(echo.served, 0);
  TlsPeer honest(running.port, {}, [](SSL* ssl) { SSL_set_tlsext_host_name(ssl, "public.example"); });
  EXPECT_NE(honest.exchange("GET / HTTP/1.1\r\nHost: Public.example:8243\r\n\r\n").find("200 OK"), std::string::npos);
}

TEST_F(Tls, UnfinishedHandshakeIsClosedSilently) {  // REL-031
  EchoPipeline echo;
  Running running(Config(), echo, server());
  running.start();
  Peer client = Peer::connect(running.port);
  client.send("\x16\x03\x01");
  running.settle();
  EXPECT_TRUE(advance_until(Duration(3'000), [&] { return readable(client); }));
  EXPECT_EQ(client.rest(), "");
}

TEST_F(Tls, PlainTextOnATlsPortIsNotServed) {
  EchoPipeline echo;
  Running running(Config(), echo, server());
  running.start();
  Peer client = Peer::connect(running.port);
  client.send(kGet);
  EXPECT_EQ(client.rest().find("HTTP"), std::string::npos);
  EXPECT_EQ(echo.served, 0);
  EXPECT_EQ(running.shard->counters().handshakes_failed.get(), 1u);
}

/// A shard that proxies to an https backend, itself a shard.
class TlsProxy {
 public:
  TlsProxy(Pipeline& target, std::shared_ptr<const TlsServer> server, std::shared_ptr<const TlsClient> client,
           std::string host = "localhost")
      : backend(Config(), target, std::move(server)), pipeline(backend.port, std::move(host), "https") {
    Config config;
    config.backend_tls = std::move(client);
    front = std::make_unique<Running>(config, pipeline);
    pipeline.use(*front->shard);
  }
  Peer start() {
    backend.start();
    front->start();
    return front->connect();
  }
  Running backend;
  ProxyPipeline pipeline;
  std::unique_ptr<Running> front;
};

TEST_F(Tls, SpeaksTlsToBackends) {
  for (const char* host : {"localhost", "127.0.0.1"}) {  // REL-112, REL-113
    EchoPipeline echo;
    TlsProxy proxy(echo, server(), trusting(), host);
    Peer client = proxy.start();
    for (int i = 0; i < 3; ++i) {
      client.send("POST /s HTTP/1.1\r\nHost: h\r\nContent-Length: 50000\r\n\r\n" + std::string(50'000, 't'));
      const auto answer = client.read_message();
      EXPECT_EQ(answer.status(), 200) << answer.head;
      EXPECT_EQ(answer.body, std::string(50'000, 't'));
    }
  }
}

TEST_F(Tls, UntrustedBackendIs101503AndSeesNothing) {  // REL-112
  EchoPipeline echo;
  TlsClient::Options options;
  options.ca = files.certificate("other.pem", identity("Other Authority"));
  TlsProxy proxy(echo, server(), *TlsClient::make(options));
  Peer client = proxy.start();
  client.send(kGet);
  const auto answer = client.read_message();
  EXPECT_EQ(answer.field("X-Code"), "101503");
  EXPECT_EQ(answer.field("X-Sent"), "no");
  EXPECT_EQ(echo.served, 0);
}

TEST_F(Tls, BackendOfAnotherNameIs101503) {  // REL-112
  leaf = identity("server", &authority, "DNS:elsewhere.example");
  EchoPipeline echo;
  TlsProxy proxy(echo, server(), trusting());
  Peer client = proxy.start();
  client.send(kGet);
  const auto answer = client.read_message();
  EXPECT_EQ(answer.field("X-Code"), "101503");
  EXPECT_NE(answer.field("X-Detail").find("ostname"), std::string::npos);
  EXPECT_EQ(echo.served, 0);
}

TEST_F(Tls, EndpointMayOptOutOfVerification) {  // REL-112
  leaf = identity("server", &authority, "DNS:elsewhere.example");
  EchoPipeline echo;
  TlsProxy proxy(echo, server(), trusting());
  proxy.pipeline.adjust = [](OutgoingRequest& request) { request.verify_tls = false; };
  Peer client = proxy.start();
  client.send(kGet);
  EXPECT_EQ(client.read_message().status(), 200);
}

TEST_F(Tls, ResumesSessionsWithBackends) {
  std::atomic<int> resumed{0};
  const std::string certificate = files.certificate("server.pem", leaf);
  const std::string key = files.key("server.key", leaf);
  Owned<SSL_CTX> context(SSL_CTX_new(TLS_server_method()));
  SSL_CTX_use_certificate_chain_file(context.get(), certificate.c_str());
  SSL_CTX_use_PrivateKey_file(context.get(), key.c_str(), SSL_FILETYPE_PEM);
  Backend backend([&](Peer& peer) {
    Owned<SSL> ssl(SSL_new(context.get()));
    SSL_set_fd(ssl.get(), peer.fd());
    if (SSL_accept(ssl.get()) != 1) return;
    resumed += SSL_session_reused(ssl.get());
    char bytes[4096];
    SSL_read(ssl.get(), bytes, sizeof bytes);
    const std::string answer = ok("ok", "Connection: close\r\n");
    SSL_write(ssl.get(), answer.data(), static_cast<int>(answer.size()));
    SSL_shutdown(ssl.get());
  });
  ProxyPipeline pipeline(backend.port(), "localhost", "https");
  Config config;
  config.backend_tls = trusting();
  Running front(config, pipeline);
  pipeline.use(*front.shard);
  front.start();
  Peer client = front.connect();
  for (int i = 0; i < 3; ++i) {
    client.send(kGet);
    EXPECT_EQ(client.read_message().body, "ok");
  }
  EXPECT_EQ(resumed, 2);
}

// REL-002: a body without a length ends with the peer's close_notify, also when that came together with the last
// bytes and the peer leaves the connection open; without it the answer was cut.
TEST_F(Tls, AnAnswerUntilCloseEndsByCloseNotify) {
  for (const bool whole : {true, false}) {
    std::promise<void> over;
    Owned<SSL_CTX> context(SSL_CTX_new(TLS_server_method()));
    SSL_CTX_use_certificate_chain_file(context.get(), files.certificate("server.pem", leaf).c_str());
    SSL_CTX_use_PrivateKey_file(context.get(), files.key("server.key", leaf).c_str(), SSL_FILETYPE_PEM);
    Backend backend([&](Peer& peer) {
      Owned<SSL> ssl(SSL_new(context.get()));
      SSL_set_fd(ssl.get(), peer.fd());
      char bytes[4096];
      if (SSL_accept(ssl.get()) != 1 || SSL_read(ssl.get(), bytes, sizeof bytes) <= 0) return;
      const int together = 1, apart = 0;
      ::setsockopt(peer.fd(), IPPROTO_TCP, TCP_CORK, &together, sizeof together);
      const std::string answer = "HTTP/1.1 200 OK\r\n\r\nall of it";
      SSL_write(ssl.get(), answer.data(), static_cast<int>(answer.size()));
      if (whole) SSL_shutdown(ssl.get());
      ::setsockopt(peer.fd(), IPPROTO_TCP, TCP_CORK, &apart, sizeof apart);
      if (whole) over.get_future().wait();
    });
    ProxyPipeline pipeline(backend.port(), "localhost", "https");
    Config config;
    config.backend_tls = trusting();
    Running front(config, pipeline);
    pipeline.use(*front.shard);
    front.start();
    Peer client = front.connect();
    client.send(kGet);
    const std::string body = client.read_message().body;
    EXPECT_EQ(body == "all of it", whole) << body;
    over.set_value();
  }
}

TEST_F(Tls, ShowsItsCertificateToBackends) {
  TlsServer::Options demanding;
  demanding.certificate = files.certificate("server.pem", leaf);
  demanding.key = files.key("server.key", leaf);
  demanding.client_auth = TlsServer::Options::ClientAuth::require;
  demanding.client_ca = files.certificate("ca.pem", authority);
  const Identity own = identity("myelin", &authority);
  TlsClient::Options options;
  options.ca = demanding.client_ca;
  options.certificate = files.certificate("own.pem", own);
  options.key = files.key("own.key", own);
  EchoPipeline echo;
  TlsProxy proxy(echo, server(demanding), *TlsClient::make(options));
  proxy.pipeline.adjust = [](OutgoingRequest& request) { request.host = "localhost"; };
  Peer client = proxy.start();
  client.send(kGet);
  EXPECT_EQ(client.read_message().status(), 200);
}

}  // namespace
}  // namespace myelin::http::test
