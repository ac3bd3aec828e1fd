#pragma once
// A load-balance algorithm: picks a member, nothing else; the group retries, suspends and fails over.
// One instance belongs to one group and is shared by all shards: pick() must be thread safe and must
// not block or allocate. It outlives redeploys of an unchanged group.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/registry.hpp"
#include "engine/message/message.hpp"

namespace myelin {

class Endpoint;

/// One member when the algorithm is configured.
struct Member {
  const Endpoint* endpoint = nullptr;  ///< null for host/port members
  std::int64_t weight = 1;             ///< as written: 0 or less when it is no whole number above 0
  bool weight_is_set = false;          ///< by property or attribute
  /// Its name, else its address: unlike those of all other members, and the same on every server that
  /// has it. Only valid during configure().
  std::string_view identity;
};

/// The members as they stand for one message. Numbers are those of configure().
class Candidates {
 public:
  virtual ~Candidates() = default;
  virtual std::size_t size() const noexcept = 0;
  /// May be picked now: usable, and not tried by this message.
  virtual bool ready(std::size_t member) const = 0;
  /// The weight in force: as configured, set while running, or 1. Never 0.
  virtual std::uint32_t weight(std::size_t member) const noexcept = 0;
  /// Messages the member has in flight, over all shards.
  virtual std::uint32_t in_flight(std::size_t member) const noexcept = 0;
  /// Running average of the time to its answers' heads, in µs; 0: none yet.
  virtual std::uint32_t latency(std::size_t member) const noexcept = 0;
  /// What the message is hashed by (`hashKey`, else the client's address).
  virtual std::uint64_t hash_key() const = 0;
};

class Algorithm {
 public:
  virtual ~Algorithm() = default;
  /// Called once before the first pick; an instance never sees other members. Returns what is wrong
  /// with weights or properties; empty: fine. (A config error, reported at the group.)
  virtual std::string configure(std::span<const Member> members, const Endpoint& group) = 0;
  /// The member to use, or nullopt when none is ready.
  virtual std::optional<std::size_t> pick(const Candidates& candidates, const Message& message) noexcept = 0;
};

using AlgorithmFactory = std::unique_ptr<Algorithm> (*)();
/// By Synapse class name (`algorithm=`).
using Algorithms = Registry<AlgorithmFactory>;

/// By short name (`policy=`). A type of its own, so that it has its own registry.
struct PolicyFactory {
  AlgorithmFactory make = nullptr;
  std::string_view class_name;  ///< under which it is registered too; empty: only as a policy
};
using Policies = Registry<PolicyFactory>;

/// Last line of an algorithm's file: its Synapse class name.
#define MYELIN_ALGORITHM(Type, class_name) \
  [[maybe_unused]] static const bool myelin_registered_##Type = ::myelin::Algorithms::instance().add( \
      class_name, +[]() -> std::unique_ptr<::myelin::Algorithm> { return std::make_unique<Type>(); })

/// The short name of an algorithm; `class_name` is empty or what MYELIN_ALGORITHM registers.
#define MYELIN_POLICY(Type, policy, class_name) \
  [[maybe_unused]] static const bool myelin_policy_##Type = ::myelin::Policies::instance().add( \
      policy, ::myelin::PolicyFactory{ \
                  +[]() -> std::unique_ptr<::myelin::Algorithm> { return std::make_unique<Type>(); }, class_name})

}  // namespace myelin
