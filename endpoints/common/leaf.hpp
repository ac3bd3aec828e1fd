#pragma once
// What all leaves do alike: state, the request for the transport, the REST suffix. A kind says where
// a message goes. Immutable after link(); its Suspension is shared and thread safe.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "endpoints/common/breaker.hpp"
#include "endpoints/common/credentials.hpp"
#include "endpoints/common/definition.hpp"
#include "endpoints/common/suspension.hpp"
#include "engine/ports/endpoint.hpp"
#include "engine/ports/sender.hpp"
#include "engine/ports/state.hpp"

namespace myelin::endpoints {

/// `<header name= value=|expression= action="set|add|remove"/>` of `<headers>`.
struct HeaderRule {
  enum class Action : std::uint8_t { set, add, remove };
  Action action = Action::set;
  std::string name;
  std::unique_ptr<expr::Expression> value;  ///< null with remove
};

class SendingLeaf : public Leaf {
 public:
  explicit SendingLeaf(Build& build);

  Definition definition;
  std::optional<BreakerRules> breaker_rules;
  std::vector<HeaderRule> headers;     ///< `<headers>`, in order
  std::shared_ptr<const Credentials> credentials;  ///< `<authentication>`; null: none
  Duration connect_timeout{0};         ///< ms; 0: the transport's own
  std::shared_ptr<const void> tls;     ///< `<tls>`; null: the transport's own
  std::optional<ForwardProxy> proxy;   ///< `<forwardProxy>`
  Duration idle_limit{0};              ///< ms; 0: the transport's own
  std::uint32_t head_limit = 0;        ///< bytes of an answer's head; 0: the transport's own
  bool http2 = false;                  ///< asked for by HTTP/2
  std::uint32_t http2_streams = 0;     ///< requests at once on a connection of it; 0: the transport's own
  IpFamily ip_family = IpFamily::any;
  Duration dns_refresh{0};             ///< ms; 0: the transport's own
  bool keep_alive = true;              ///< false: each request has a connection of its own
  bool preserve_host = false;          ///< the client's Host goes on

  bool ready(TimePoint now, Use use) const override;
  bool admit(TimePoint now, Use use) const override;
  Choice choose(Delivery& delivery, Message& message) const override;
  Need need() const noexcept override { return need_; }
  void set_switch(Switch position) const override;
  Standing standing(TimePoint now) const override;
  void reset_counters() const override;

  Result<void> prepare(Message& message, OutgoingRequest& request) const override;
  std::unique_ptr<Work> before(Message& message) const override;
  bool credentials_refused(Delivery& delivery, Message& message, const BackendResponse& answer) const override;
  bool follow(Message& message, const BackendResponse& answer, OutgoingRequest& request,
              Headers& headers) const override;
  bool resends() const noexcept override { return follows_redirects || (credentials && credentials->renews()); }
  void succeeded(int status, TimePoint began, TimePoint now) const override;
  void failed(const Fault& fault, TimePoint began, TimePoint now) const override;
  void spared(Message& message) const override;
  void reach(OutgoingRequest& request) const override;
  void check_passed(TimePoint began) const override;
  bool allows_failover(int code, int base_code) const noexcept override {
    return definition.allows_failover(code, base_code);
  }

  Suspension& suspension() const noexcept { return *suspension_; }
  /// Null without `<circuitBreaker>`.
  Breaker* breaker() const noexcept { return breaker_.get(); }

 protected:
  void do_link(Linker& linker) override;
  /// Where one message goes. `url` views into a text that outlives the request.
  struct Destination {
    Url url;
    std::string_view text;        ///< the whole address
    bool from_request = false;    ///< parts of it are request data (REL-084)
    bool takes_postfix = true;
  };
  virtual Result<Destination> destination(Message& message) const = 0;
  /// The address that health checks ask; none: "", or one with variables.
  virtual std::string check_target() const { return std::string(identity()); }
  /// Method set on the endpoint itself; empty: the message's.
  virtual std::string_view own_method() const noexcept { return {}; }
  /// What besides the definition and the properties choosing a destination needs.
  virtual Need destination_need() const noexcept { return Need::nothing; }
  /// `text` as a destination. A text that is no http(s) URL is a fault.
  static Result<Destination> parse(std::string_view text);
  /// DYNAMIC_URL_VALUE wins over a static address (1.3) and is used up.
  static std::optional<std::string_view> take_dynamic_url(Message& message);

 private:
  std::string_view method_of(Message& message) const;
  Result<void> address(Message& message, const Destination& to, OutgoingRequest& request) const;
  bool takes_postfix(Message& message, std::string_view method) const;
  Need compute_need() const noexcept;
  Result<void> apply_headers(Message& message) const;
  void link_health_check(Linker& linker);
  Result<void> authenticate(std::string_view presented, Message& message, OutgoingRequest& request) const;
  void choose_axes() noexcept;

  StateStore* states_;
  bool by_traffic_ = true;   ///< suspension decides whether it is ready
  bool by_checks_ = false;   ///< health does
  std::shared_ptr<Breaker> breaker_;
  bool allow_link_local_;
  FormatOptions options_;
  Need need_ = Need::nothing;
  std::shared_ptr<Suspension> suspension_ = std::make_shared<Suspension>();
};

/// 169.254.0.0/16 and fe80::/10, also in the spellings resolvers understand.
bool is_link_local(std::string_view host) noexcept;

/// The host of an address template is written out: no `mark` stands before its path.
bool host_is_literal(std::string_view text, std::string_view mark) noexcept;

/// The address and the REST suffix as one request target (2.2, EP-065).
std::string_view join_postfix(std::string_view target, std::string_view postfix, Arena& arena);

}  // namespace myelin::endpoints
