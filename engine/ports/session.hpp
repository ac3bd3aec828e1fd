#pragma once
// A session dispatcher: how a session id is read from requests and answers (endpoints reference,
// 5.2). Stateless and shared by all shards.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "engine/base/clock.hpp"
#include "engine/base/registry.hpp"
#include "engine/flow/build.hpp"
#include "engine/message/message.hpp"
#include "engine/message/need.hpp"
#include "engine/xml/bind.hpp"

namespace myelin {

/// The children a session goes through, from the outermost session-affine group down: stable_hash() of
/// their identities, so it means the same on every server that has them.
using SessionPath = std::vector<std::uint64_t>;

class SessionDispatcher {
 public:
  virtual ~SessionDispatcher() = default;
  /// Ids the request may continue, best first; empty: none. Texts live as long as the exchange (Message::copy).
  virtual std::vector<std::string_view> request_ids(Message& request) const = 0;
  /// The id the answer starts or renews; nullopt: none. Server-initiated kinds only.
  virtual std::optional<std::string> response_id(Message& response) const = 0;
  /// The client makes up the id (simpleClientSession): bound as soon as the message is sent.
  virtual bool client_initiated() const noexcept = 0;
  /// Takes the id out of the first request of a session, as the reference says for this kind; of every
  /// request when the sessions are carried by their ids.
  virtual void strip(Message& request) const = 0;
  virtual Need request_need() const noexcept = 0;
  virtual Need response_need() const noexcept = 0;

  // --- sessions carried by their ids: no table ----------------------------------------------------
  /// The id holds the path itself, and Myelin gives it out.
  virtual bool carries_path() const noexcept { return false; }
  /// The path in an id of the endpoint with that state key; nullopt: not genuine, or its time is over.
  virtual std::optional<SessionPath> read_path(std::string_view /*id*/, std::string_view /*endpoint*/) const {
    return std::nullopt;
  }
  /// Puts the id into the answer.
  virtual void write_path(Message& /*response*/, const SessionPath&, Duration /*lifetime*/,
                          std::string_view /*endpoint*/) const {}
};

/// `session`: the `<session>` element, whose attributes `type`, `renew` and `onFailure` are read already.
using SessionFactory = std::unique_ptr<SessionDispatcher> (*)(xml::Bind& session, Build& build);
using SessionDispatchers = Registry<SessionFactory>;

template <class Type>
std::unique_ptr<SessionDispatcher> make_session([[maybe_unused]] xml::Bind& session, [[maybe_unused]] Build& build) {
  if constexpr (std::is_constructible_v<Type, xml::Bind&, Build&>) return std::make_unique<Type>(session, build);
  else return std::make_unique<Type>();
}

/// Last line of a dispatcher's file: the `type` it serves, in lower case, or its class name
/// as it is. Type is made from the `<session>` element and the build (xml::Bind&, Build&), or from nothing.
#define MYELIN_SESSION(Type, type_name)                                                                   \
  [[maybe_unused]] static const bool myelin_registered_##Type =                                           \
      ::myelin::SessionDispatchers::instance().add(type_name, &::myelin::make_session<Type>)

}  // namespace myelin
