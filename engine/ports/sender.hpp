#pragma once
// The way to a backend, as the engine sees it. Implemented by transports/http. One Sender per
// shard; used only on that shard.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/clock.hpp"
#include "engine/base/result.hpp"
#include "engine/base/task.hpp"
#include "engine/message/body_source.hpp"
#include "engine/message/headers.hpp"
#include "engine/message/identity.hpp"

namespace myelin {

/// A parsed http(s) URL; views into the text it was parsed from.
struct Url {
  std::string_view scheme;  ///< "http" or "https"
  std::string_view host;    ///< without brackets for IPv6
  std::uint16_t port = 0;   ///< default filled in
  std::string_view authority;  ///< as written, for Host
  std::string_view target;  ///< path and query, no fragment; may be empty ("http://h")

  /// nullopt unless it is an absolute http or https URL without userinfo trickery or control bytes.
  static std::optional<Url> parse(std::string_view text) noexcept;
};

/// `<forwardProxy>`: the proxy in front of a leaf's back ends. An HTTP proxy is asked for plain requests itself, in
/// absolute form; for TLS it opens a tunnel (CONNECT), a SOCKS5 proxy for both. Lives as long as its leaf.
struct ForwardProxy {
  enum class Type : std::uint8_t { http, socks5 };
  Type type = Type::http;
  std::string host;
  std::uint16_t port = 0;
  std::string authorization;  ///< value of Proxy-Authorization; empty: none. Never logged.
  std::string username, password;  ///< for SOCKS5, at most 255 bytes each. Never logged.
  std::string key;            ///< tells tunnels through different proxies apart
  bool tunnels(std::string_view scheme) const noexcept { return type == Type::socks5 || scheme != "http"; }
};

/// Which of a host's addresses may be used.
enum class IpFamily : std::uint8_t { any, ipv4, ipv6 };

/// One request to a backend. All views live until the response was released.
struct OutgoingRequest {
  std::string_view method;
  Url url;
  std::string_view target;       ///< what stands in the request line: origin or absolute form
  std::string_view host;         ///< Host header
  const Headers* headers = nullptr;  ///< forwarded but for hop-by-hop, framing and dropped ones
  std::string_view content_type;     ///< replaces Content-Type when not empty
  bool drop_content_type = false;
  std::string_view soap_action;      ///< written quoted when has_soap_action
  bool has_soap_action = false;
  std::string_view user_agent = "Myelin";  ///< used unless the headers' own is preserved
  bool preserve_user_agent = false;
  std::string_view credential_name;  ///< a field that `credential` replaces, or that goes when it is empty
  std::string_view credential;       ///< never logged, and no header of the message

  bool has_body = false;
  std::string_view bytes;        ///< the whole body, when stream is null
  BodySource* stream = nullptr;  ///< a body still arriving
  bool force_length = false;     ///< Content-Length even where chunked would be used
  bool http10 = false;
  bool http2 = false;            ///< by ALPN where TLS is spoken (else HTTP/1.1), without asking in clear text
  std::uint32_t http2_streams = 0;  ///< longest row of requests that share a connection; 0: the transport's own
  std::string_view received_version = "1.1";  ///< of HTTP, that the message came by; for Via. Empty: it came from nobody
  bool accepts_trailers = false; ///< TE: trailers, as gRPC wants it
  bool close = false;            ///< Connection: close
  bool guarded = false;          ///< the address is request data: not to link-local hosts nor our admin port (REL-084)
  bool idempotent = false;       ///< may be repeated once on a connection that was dead already

  const Identity* identity = nullptr;  ///< ids that go along; null: none
  Duration timeout{0};           ///< until the answer's head, then idle limit; 0: the transport's own
  Duration connect_timeout{0};   ///< 0: the transport's own
  bool timeout_is_endpoints = false;  ///< the endpoint's own timeout: base code, unshifted (101504)
  bool verify_tls = true;
  const void* tls = nullptr;     ///< made by TlsMakers (tls.hpp); null: the transport's default
  const ForwardProxy* proxy = nullptr;  ///< null: straight to the back end
  Duration idle_limit{0};        ///< longest time the connection is kept unused; 0: the transport's own
  std::size_t head_limit = 0;    ///< bytes of the answer's head; 0: the transport's own
  IpFamily ip_family = IpFamily::any;
  Duration dns_refresh{0};       ///< how old a host's addresses may be; 0: the transport's own
};

/// A backend's answer. Body bytes come through the BodySource. The object belongs to the
/// transport; release() gives the connection back (reused only if both messages ended cleanly).
class BackendResponse : public BodySource {
 public:
  virtual int status() const noexcept = 0;
  virtual std::string_view reason() const noexcept = 0;
  /// All fields as received, framing and hop-by-hop ones included; views valid until release().
  virtual const Headers& headers() const noexcept = 0;
  /// The bytes that reason() and headers() view into, where that is one piece; else empty.
  virtual std::string_view head_bytes() const noexcept { return {}; }
  virtual bool http10() const noexcept = 0;
  /// "host:port" of the backend; a view until release().
  virtual std::string_view backend() const noexcept { return {}; }
  /// The request body was fully sent.
  virtual bool request_sent() const noexcept = 0;
  virtual void release() noexcept = 0;
};

/// Also what its shard offers to those who wait there.
class Sender {
 public:
  virtual ~Sender() = default;
  /// Sends and waits for the head of the answer. Upload continues while the answer is read. Faults
  /// carry the pass-through code (base + state), base_code, and `sent`.
  virtual Task<Result<BackendResponse*>> send(const OutgoingRequest& request) = 0;
  /// Opens a connection, with the TLS handshake for https, and closes it again (health checks).
  virtual Task<Result<void>> probe(const OutgoingRequest& request) = 0;
  /// Waits until `signal` is set, at most for `time`; true: it was set. The caller resets it.
  virtual Task<bool> wait(Signal& signal, Duration time) = 0;
  /// Runs `work` on this shard, soon. Thread safe.
  virtual void post(std::function<void()> work) = 0;
  /// A flow that no client waits for begins, or ends: a stopping shard gives it the time of an exchange.
  virtual void flow_began() noexcept {}
  virtual void flow_ended() noexcept {}
};

}  // namespace myelin
