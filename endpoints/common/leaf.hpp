#pragma once
// What all leaves do alike: state, the request for the transport, the REST suffix. A kind says where
// a message goes. Immutable after link(); its Suspension is shared and thread safe.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "endpoints/common/definition.hpp"
#include "endpoints/common/suspension.hpp"
#include "engine/ports/endpoint.hpp"
#include "engine/ports/sender.hpp"
#include "engine/ports/state.hpp"

namespace myelin::endpoints {

class SendingLeaf : public Leaf {
 public:
  explicit SendingLeaf(Build& build);

  Definition definition;

  bool ready(TimePoint now) const override { return suspension_->ready(now); }
  bool admit(TimePoint now) const override;
  Choice choose(Delivery& delivery, Message& message) const override;
  Need need() const noexcept override { return need_; }
  void link(Linker& linker) override;

  Result<void> prepare(Message& message, OutgoingRequest& request) const override;
  void succeeded(TimePoint now) const override;
  void failed(const Fault& fault, TimePoint began, TimePoint now) const override;
  bool allows_failover(int code, int base_code) const noexcept override {
    return definition.allows_failover(code, base_code);
  }

  Suspension& suspension() const noexcept { return *suspension_; }

 protected:
  /// Where one message goes. `url` views into a text that outlives the request.
  struct Destination {
    Url url;
    std::string_view text;        ///< the whole address
    bool from_request = false;    ///< parts of it are request data (REL-084)
    bool takes_postfix = true;
  };
  virtual Result<Destination> destination(Message& message) const = 0;
  /// Method set on the endpoint itself; empty: the message's.
  virtual std::string_view own_method() const noexcept { return {}; }
  /// What besides the definition and the properties choosing a destination needs.
  virtual Need destination_need() const noexcept { return Need::nothing; }
  /// Tells states of one key apart when its address changes.
  virtual std::string_view identity() const noexcept { return {}; }

  /// `text` as a destination. A text that is no http(s) URL is a fault.
  static Result<Destination> parse(std::string_view text);
  /// DYNAMIC_URL_VALUE wins over a static address (1.3) and is used up.
  static std::optional<std::string_view> take_dynamic_url(Message& message);

 private:
  std::string_view method_of(Message& message) const;
  Result<void> address(Message& message, const Destination& to, OutgoingRequest& request) const;
  bool takes_postfix(Message& message, std::string_view method) const;
  Need compute_need() const noexcept;

  StateStore* states_;
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
