#pragma once
// A property's value, and what an expression yields. Kinds follow what mediators can tell apart:
// nothing, text, boolean, integer, number, XML nodes, JSON.

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/message/tree.hpp"

namespace myelin {

/// JSON text with a type of its own, so that it is not taken for a string.
struct Json {
  std::string text;
};

/// XML nodes. `owner` keeps a foreign document alive (an OM property); null: nodes of the
/// message's own envelope, valid while that envelope is not replaced.
struct Nodes {
  std::vector<tree::NodeRef> items;
  std::shared_ptr<const tree::Document> owner;
};

class Value {
 public:
  using State = std::variant<std::monostate, std::string, bool, std::int64_t, double, Nodes, Json>;

  Value() = default;
  Value(std::string text) : state_(std::move(text)) {}        // NOLINT(google-explicit-constructor)
  Value(std::string_view text) : state_(std::string(text)) {} // NOLINT(google-explicit-constructor)
  Value(const char* text) : state_(std::string(text)) {}      // NOLINT(google-explicit-constructor)
  Value(bool value) : state_(value) {}                        // NOLINT(google-explicit-constructor)
  Value(std::int64_t value) : state_(value) {}                // NOLINT(google-explicit-constructor)
  Value(int value) : state_(std::int64_t{value}) {}           // NOLINT(google-explicit-constructor)
  Value(double value) : state_(value) {}                      // NOLINT(google-explicit-constructor)
  Value(Nodes nodes) : state_(std::move(nodes)) {}            // NOLINT(google-explicit-constructor)
  Value(Json json) : state_(std::move(json)) {}               // NOLINT(google-explicit-constructor)

  bool is_null() const noexcept { return state_.index() == 0; }
  bool is_string() const noexcept { return std::holds_alternative<std::string>(state_); }
  bool is_nodes() const noexcept { return std::holds_alternative<Nodes>(state_); }
  bool is_json() const noexcept { return std::holds_alternative<Json>(state_); }

  template <class T>
  const T* as() const noexcept { return std::get_if<T>(&state_); }
  const State& state() const noexcept { return state_; }

  /// Java's String.valueOf of the property: text as it is, `true`, `3`, JSON text; nodes by the
  /// Synapse string rule (expressions reference 4.2, WSO2 dialect). Null: "".
  std::string text() const;
  /// `true` for boolean true and for the text "true" in any case.
  bool truth() const;

 private:
  State state_;
};

}  // namespace myelin
