#pragma once
// A mediator: one const verb on a message. It never blocks and never waits; one that has to wait
// sets message.pending and returns Flow::suspend. A mediator is immutable after link() and is run
// by all shards at once: all per-message state lives in the message.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "engine/base/registry.hpp"
#include "engine/message/message.hpp"
#include "engine/message/need.hpp"
#include "engine/xml/bind.hpp"

namespace myelin {

class Build;   // engine/flow/build.hpp
class Linker;  // engine/flow/build.hpp

enum class Flow : std::uint8_t {
  next,     ///< go on with the next sibling (Synapse: true)
  stop,     ///< unwind all enclosing lists; no error (Synapse: false)
  suspend,  ///< message.pending must be done first; lists on the way out record Frames
  fault     ///< message.fault says why; the innermost fault handler runs
};

class Mediator {
 public:
  virtual ~Mediator() = default;

  virtual Flow run(Message& message) const = 0;
  /// Goes on after a suspension recorded with this owner. Only those that push frames override it.
  virtual Flow resume(Message& message, std::uint32_t position) const;
  /// What must be loaded before run(). A list asks before each child, so a list needs nothing.
  virtual Need need() const noexcept { return Need::nothing; }
  /// Resolves keys; called once, after all artifacts were bound. Lists link their children.
  virtual void link(Linker&) {}

  std::string_view kind() const noexcept { return kind_; }  ///< element name, for logs and tracing
  void set_kind(std::string_view element) noexcept { kind_ = element; }

 private:
  std::string_view kind_;
};

/// Returns Flow::fault with that fault.
inline Flow fail(Message& message, Fault fault) {
  message.fault = std::move(fault);
  return Flow::fault;
}

/// Builds a mediator from its element; adds problems and returns null when it cannot be used.
using MediatorFactory = std::unique_ptr<Mediator> (*)(const xml::Element&, Build&);
using Mediators = Registry<MediatorFactory>;

/// Last line of a mediator's file. `element` is its local name in the Synapse namespace.
#define MYELIN_MEDIATOR(element, factory) \
  [[maybe_unused]] static const bool myelin_registered_##factory = \
      ::myelin::Mediators::instance().add(element, factory)

}  // namespace myelin
