#pragma once
// A load-balance algorithm: picks a member, nothing else; the group retries, suspends and fails
// over. One instance belongs to one group and is shared by all shards: pick() must be thread safe
// and must not block. It outlives redeploys of an unchanged group.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "engine/base/clock.hpp"
#include "engine/base/registry.hpp"
#include "engine/message/message.hpp"

namespace myelin {

class Endpoint;

/// One candidate as the algorithm sees it.
struct Member {
  const Endpoint* endpoint = nullptr;  ///< null for host/port members
  std::int64_t weight = 1;
  bool tried = false;                  ///< this message failed there already
};

/// Whether member `index` may be picked now: ready and not tried.
class Readiness {
 public:
  virtual ~Readiness() = default;
  virtual bool operator()(std::size_t index) const = 0;
};

class Algorithm {
 public:
  virtual ~Algorithm() = default;
  /// Called once before the first pick and again when the members change. Returns what is wrong
  /// with weights or properties; empty: fine. (A config error, reported at the group.)
  virtual std::string configure(std::span<const Member> members, const Endpoint& group) = 0;
  /// The index of the member to use, or nullopt when none is ready.
  virtual std::optional<std::size_t> pick(std::size_t members, const Readiness& ready, const Message& message) noexcept = 0;
};

using AlgorithmFactory = std::unique_ptr<Algorithm> (*)();
using Algorithms = Registry<AlgorithmFactory>;

/// Last line of an algorithm's file: its Synapse class name.
#define MYELIN_ALGORITHM(Type, class_name) \
  [[maybe_unused]] static const bool myelin_registered_##Type = ::myelin::Algorithms::instance().add( \
      class_name, +[]() -> std::unique_ptr<::myelin::Algorithm> { return std::make_unique<Type>(); })

}  // namespace myelin
