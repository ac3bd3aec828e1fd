#pragma once
// A value or the Fault that prevented it. Message-level errors travel as values, never as
// exceptions (see ARCHITECTURE.md, "Errors").

#include <cassert>
#include <memory>
#include <utility>
#include <variant>

#include "engine/base/fault.hpp"

namespace myelin {

namespace detail {

/// A fault out of the way: a result without one is small and cheap to hand on. Copied deeply.
class FaultBox {
 public:
  FaultBox() noexcept = default;
  explicit FaultBox(Fault fault) : fault_(std::make_unique<Fault>(std::move(fault))) {}
  FaultBox(FaultBox&&) noexcept = default;
  FaultBox& operator=(FaultBox&&) noexcept = default;
  FaultBox(const FaultBox& other) : fault_(other.fault_ ? std::make_unique<Fault>(*other.fault_) : nullptr) {}
  FaultBox& operator=(const FaultBox& other) { return *this = FaultBox(other); }

  bool empty() const noexcept { return !fault_; }
  Fault& operator*() const noexcept { return *fault_; }

 private:
  std::unique_ptr<Fault> fault_;
};

}  // namespace detail

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}          // NOLINT(google-explicit-constructor)
  Result(Fault fault) : state_(std::in_place_index<1>, std::move(fault)) {}      // NOLINT(google-explicit-constructor)

  explicit operator bool() const noexcept { return state_.index() == 0; }
  bool ok() const noexcept { return state_.index() == 0; }

  T& operator*() & { assert(ok()); return *std::get_if<0>(&state_); }
  const T& operator*() const& { assert(ok()); return *std::get_if<0>(&state_); }
  T&& operator*() && { assert(ok()); return std::move(*std::get_if<0>(&state_)); }
  T* operator->() { assert(ok()); return std::get_if<0>(&state_); }
  const T* operator->() const { assert(ok()); return std::get_if<0>(&state_); }

  Fault& fault() & { assert(!ok()); return **std::get_if<1>(&state_); }
  const Fault& fault() const& { assert(!ok()); return **std::get_if<1>(&state_); }
  Fault&& fault() && { assert(!ok()); return std::move(**std::get_if<1>(&state_)); }

 private:
  std::variant<T, detail::FaultBox> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Fault fault) : fault_(std::move(fault)) {}  // NOLINT(google-explicit-constructor)

  explicit operator bool() const noexcept { return fault_.empty(); }
  bool ok() const noexcept { return fault_.empty(); }
  Fault& fault() & { assert(!ok()); return *fault_; }
  const Fault& fault() const& { assert(!ok()); return *fault_; }
  Fault&& fault() && { assert(!ok()); return std::move(*fault_); }

 private:
  detail::FaultBox fault_;
};

}  // namespace myelin
