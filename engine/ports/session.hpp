#pragma once
// A session dispatcher: how a session id is read from requests and answers (endpoints reference,
// 5.2). Stateless and shared by all shards.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/registry.hpp"
#include "engine/message/message.hpp"
#include "engine/message/need.hpp"

namespace myelin {

class SessionDispatcher {
 public:
  virtual ~SessionDispatcher() = default;
  /// Ids the request may continue, best first; empty: none.
  virtual std::vector<std::string> request_ids(Message& request) const = 0;
  /// The id the answer starts or renews; nullopt: none. Server-initiated kinds only.
  virtual std::optional<std::string> response_id(Message& response) const = 0;
  /// The client makes up the id (simpleClientSession): bound as soon as the message is sent.
  virtual bool client_initiated() const noexcept = 0;
  /// Takes the id out of the first request of a session, as the reference says for this kind.
  virtual void strip(Message& request) const = 0;
  virtual Need request_need() const noexcept = 0;
  virtual Need response_need() const noexcept = 0;
};

using SessionFactory = std::unique_ptr<SessionDispatcher> (*)();
using SessionDispatchers = Registry<SessionFactory>;

/// Last line of a dispatcher's file: the `type` it serves, in lower case; or its class name as it is.
#define MYELIN_SESSION(Type, type_name) \
  [[maybe_unused]] static const bool myelin_registered_##Type = ::myelin::SessionDispatchers::instance().add( \
      type_name, +[]() -> std::unique_ptr<::myelin::SessionDispatcher> { return std::make_unique<Type>(); })

}  // namespace myelin
