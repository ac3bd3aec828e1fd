#pragma once
// One message on its way through the pipeline: Synapse's message context. The request's Message
// becomes the response's: properties stay, headers, payload and direction change (MED 1.6). It
// lives on one shard, is reused by its connection, and is not thread safe.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/arena.hpp"
#include "engine/base/fault.hpp"
#include "engine/message/headers.hpp"
#include "engine/message/identity.hpp"
#include "engine/message/payload.hpp"
#include "engine/message/properties.hpp"

namespace myelin {

class Artifacts;      // engine/flow/artifacts.hpp
class Endpoint;       // engine/ports/endpoint.hpp
class Mediator;       // engine/flow/mediator.hpp
class Sender;         // engine/ports/sender.hpp
class SpawnedFlows;   // engine/runtime

/// What the client sent, as it came; never changed while the message lives. Views into the arena.
struct Incoming {
  std::string_view method;
  std::string_view target;    ///< request target as received, origin form ("/a/b?x=1")
  std::string_view absolute;  ///< the target as sent, when it was in absolute form ("http://h/a"); else empty
  std::string_view host;      ///< Host header
  std::string_view scheme;    ///< "http" or "https"
  std::string_view remote_address;  ///< numeric, without port
  std::string_view local_address;   ///< "address:port" of the accepting socket
  std::string_view version = "1.1";  ///< of HTTP: "1.0", "1.1", "2.0"
  bool accepts_trailers = false;     ///< TE: trailers

  std::string_view path() const noexcept { return target.substr(0, target.find('?')); }
  std::string_view query() const noexcept {  ///< without '?'
    const auto at = target.find('?');
    return at == std::string_view::npos ? std::string_view{} : target.substr(at + 1);
  }
};

/// WS-Addressing values; they exist even when addressing is off. In Synapse Action and SOAPAction
/// are one value: `action` is what goes out, `soap_action` stands in when it is empty; who removes
/// the action clears both.
struct Addressing {
  std::string to, from, reply_to, fault_to, relates_to, message_id, action;
  std::string soap_action;  ///< SOAPAction header or `action` parameter, unquoted
  bool operator==(const Addressing&) const = default;
};

/// Where a list goes on after a wait: the owner's resume(message, position) is called, after the
/// fault stack was cut back to `handlers` and the nesting set to `depth`. See Message::suspend_at().
struct Frame {
  const Mediator* owner = nullptr;
  std::uint32_t position = 0;
  std::uint32_t handlers = 0;
  std::uint32_t depth = 0;
};

/// Work off the flow: waits (on the shard or on the worker pool) and is then resumed. `shard` is that of
/// the message: its wait() and post() lead back from another thread. The work may be destroyed while it
/// waits, when its exchange goes away.
class Work {
 public:
  virtual ~Work() = default;
  virtual Task<Result<void>> run(class Message& message, Sender& shard) = 0;
};

/// What the flow asked for before it stopped or was suspended. The exchange driver carries it out.
struct Pending {
  enum class Kind : std::uint8_t {
    none,
    load,   ///< read the body to its end, then resume
    send,   ///< to `endpoint` (null: the message's To), then the response flow
    call,   ///< the same, then resume the frames
    work,   ///< run `work`, then resume
    reply,  ///< answer the client with this message
    out     ///< run the out path of the current service without a backend (loopback)
  };
  Kind kind = Kind::none;
  const Endpoint* endpoint = nullptr;
  std::shared_ptr<const void> pin; ///< keeps an endpoint that may be replaced meanwhile
  std::string receive;             ///< sequence for the response; empty: the service's own
  std::unique_ptr<Work> work;
  std::vector<const Mediator*> handlers;  ///< the fault stack as it stood at send/call

  /// Nothing is asked for; memory is kept.
  void clear() noexcept {
    kind = Kind::none;
    endpoint = nullptr;
    pin.reset();
    receive.clear();
    work.reset();
    handlers.clear();
  }
  /// Becomes what `other` is, which becomes nothing; both keep their memory. `this` asks for nothing.
  void take(Pending& other) noexcept {
    kind = std::exchange(other.kind, Kind::none);
    endpoint = std::exchange(other.endpoint, nullptr);
    if (other.pin) pin = std::move(other.pin);
    if (!other.receive.empty()) receive.swap(other.receive);
    if (other.work) work = std::move(other.work);
    handlers.swap(other.handlers);
  }
};

/// What a mediator keeps of a message over its own suspension.
class Kept {
 public:
  virtual ~Kept() = default;
  /// The same for a copy of the message, when that goes on after the suspension.
  virtual std::unique_ptr<Kept> copy_for(class Message& copy) const = 0;
};

/// The template parameters of one call-template.
struct FunctionFrame {
  Properties parameters;
};

class Message {
 public:
  Message();
  ~Message();
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;

  /// Ready for the next request; memory is kept.
  void reset() noexcept;
  /// A backend's answer takes the request's place: transport data, addressing values, axis2 and
  /// client scope start anew; default scope, variables and operation scope stay (MED-027). The
  /// caller fills headers, payload, status and direction.
  void begin_response() noexcept {
    headers.clear();
    payload.reset();
    axis2.clear();
    client.clear();
    if (addressing_state_ != AddressingState::unread) forget_addressing();
    has_postfix = false;
    frames_done();
  }
  /// Forgets what a flow left behind: frames, unwinding, pending work.
  void frames_done() noexcept {
    unwinding.clear();
    pending.clear();
  }
  /// Copies a text so that it lives as long as this exchange.
  std::string_view copy(std::string_view text) { return arena.copy(text); }

  // --- content ----------------------------------------------------------------------------------
  Incoming incoming;
  Headers headers;          ///< transport scope
  std::string_view received;  ///< the bytes the client's header fields stand in; others were set by mediators
  Payload payload;
  Properties properties;    ///< default scope
  Properties axis2;
  Properties client;        ///< axis2-client
  Properties operation;
  Properties variables;
  std::vector<FunctionFrame> functions;  ///< $func: innermost last

  bool response = false;    ///< direction; see is_response()
  int status = 0;           ///< HTTP status of the backend's answer; 0 before there is one
  std::string_view reason;

  /// RESPONSE in default scope as a string replaces the flag (MED-040, MED-041).
  bool is_response() const;
  /// The addressing values; reads the WS-A headers of a loaded SOAP body on first use, else what
  /// the transport told (To = request URL). When the body is loaded only later, its headers are read
  /// then, except where a mediator has changed the value meanwhile.
  Addressing& addressing();
  /// Somebody asked for addressing() since the message (or the answer) came.
  bool addressing_read() const noexcept { return addressing_state_ != AddressingState::unread; }
  bool client_is_soap11() const noexcept { return client_kind == MediaKind::soap11; }
  bool client_is_rest() const noexcept { return client_kind != MediaKind::soap11 && client_kind != MediaKind::soap12; }
  MediaKind client_kind = MediaKind::none;  ///< how the client spoke, for the way back
  bool unwrapped = false;   ///< a SOAP client's request left as POX, GET or REST: the answer is wrapped again
  bool rest = false;        ///< axis2 doingREST: no SOAP envelope on the wire

  /// A property as get-property(scope, name) sees it, engine-written ones (REST_METHOD,
  /// REMOTE_ADDR, TRANSPORT_IN_NAME ...) included. Null Value when there is none.
  Value property(std::string_view name) const;
  Value axis2_property(std::string_view name) const;

  // --- who handles it -----------------------------------------------------------------------------
  const Artifacts* artifacts = nullptr;  ///< the deployment this message began with
  std::string_view proxy;         ///< name of the proxy service, or empty
  std::string_view api;           ///< effective name of the API, or empty
  std::string_view api_context;
  std::string_view resource;      ///< uri-template or url-mapping that matched
  std::string_view sub_path;      ///< path after context and version, query included
  /// REST_URL_POSTFIX as dispatch found it. An entry of that name in `axis2` wins; removing the
  /// property means axis2.remove() and has_postfix = false.
  std::string_view postfix;
  bool has_postfix = false;
  const void* service = nullptr;  ///< the Service (proxy, API resource, main) that runs it
  std::string log_prefix() const; ///< "[request id] {proxy:NAME} " ...
  Identity identity;
  std::string_view endpoint;      ///< the leaf whose answer came last: its name, or its key
  std::string_view backend;       ///< and the host:port that gave it
  /// Keeps alive what the names above point to until reset(), when the exchange itself is over.
  std::shared_ptr<const void> deployment;

  // --- flow state -----------------------------------------------------------------------------------
  std::vector<const Mediator*> handlers;  ///< fault stack, innermost last
  std::vector<Frame> frames;              ///< where to go on, innermost last
  std::vector<Frame> unwinding;           ///< frames of the suspension under way, innermost first
  /// A mediator that suspends says where it is to be resumed.
  void suspend_at(const Mediator* owner, std::uint32_t position) {
    unwinding.push_back(Frame{owner, position, static_cast<std::uint32_t>(handlers.size()), depth});
  }
  Pending pending;
  Fault fault;                            ///< set by a mediator that returns Flow::fault
  std::vector<std::unique_ptr<Message>> spawned;  ///< clones to be run beside this one
  std::vector<Pending> spawned_pending;           ///< what each of them is to do
  std::uint32_t depth = 0;     ///< sequence and template nesting (REL-026)
  /// By the mediator that waits; cleared by reset(), not copied by clone(): see Kept::copy_for().
  std::vector<std::pair<const Mediator*, std::unique_ptr<Kept>>> kept;
  std::size_t body_limit = std::size_t{64} << 20;  ///< a body built for mediation (REL-017)

  /// A copy with its own properties and payload (must be loaded), a new MessageID, the same fault
  /// stack (MED 1.8). Frames and pending work are not copied.
  std::unique_ptr<Message> clone();

  Arena arena;
  std::string formatted;  ///< bytes that format_request() or format_reply() made; see OutgoingBody

 private:
  enum class AddressingState : std::uint8_t { unread, transport, complete };
  void forget_addressing() noexcept;
  void read_transport_addressing();
  void read_soap_addressing();

  Addressing addressing_;
  Addressing addressing_told_;  // what the transport told, to see what was changed since
  AddressingState addressing_state_ = AddressingState::unread;
};

}  // namespace myelin
