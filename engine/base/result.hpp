#pragma once
// A value or the Fault that prevented it. Message-level errors travel as values, never as
// exceptions (see ARCHITECTURE.md, "Errors").

#include <cassert>
#include <utility>
#include <variant>

#include "engine/base/fault.hpp"

namespace myelin {

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

  Fault& fault() & { assert(!ok()); return *std::get_if<1>(&state_); }
  const Fault& fault() const& { assert(!ok()); return *std::get_if<1>(&state_); }
  Fault&& fault() && { assert(!ok()); return std::move(*std::get_if<1>(&state_)); }

 private:
  std::variant<T, Fault> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Fault fault) : fault_(std::move(fault)), ok_(false) {}  // NOLINT(google-explicit-constructor)

  explicit operator bool() const noexcept { return ok_; }
  bool ok() const noexcept { return ok_; }
  Fault& fault() & { assert(!ok_); return fault_; }
  const Fault& fault() const& { assert(!ok_); return fault_; }
  Fault&& fault() && { assert(!ok_); return std::move(fault_); }

 private:
  Fault fault_;
  bool ok_ = true;
};

}  // namespace myelin
