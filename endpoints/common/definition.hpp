#pragma once
// The endpoint definition (endpoints reference, 2): the attributes and children that `<address>`,
// `<default>`, `<wsdl>` and `<http>` have in common. Immutable after reading.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "endpoints/common/suspension.hpp"
#include "engine/expr/expression.hpp"
#include "engine/flow/build.hpp"
#include "engine/flow/environment.hpp"
#include "engine/message/formats.hpp"
#include "engine/ports/endpoint.hpp"
#include "engine/xml/bind.hpp"

namespace myelin::endpoints {

struct Definition {
  EndpointFormat format = EndpointFormat::as_is;
  Attachments attachments = Attachments::dropped;            ///< optimize=
  std::string encoding;
  AddressingVersion addressing = AddressingVersion::off;
  bool separate_listener = false;

  std::int64_t timeout = 0;                                  ///< ms; 0 or less: the transport's own
  std::unique_ptr<expr::Expression> timeout_expression;      ///< wins over `timeout`
  std::int64_t global_timeout = 86'400'000;                  ///< ms; bounds the expression (EP-106)
  Leaf::Action action = Leaf::Action::never;

  SuspensionPolicy suspension;
  std::int64_t group_fault_limit = -1;                       ///< maximum.failover.recursive.retries
  std::int64_t group_fault_suspension = 30'000;              ///< ms
  std::vector<int> disabled_codes, enabled_codes;            ///< retryConfig

  /// For children of groups: their own hard limit, if one is set, replaces the plain one (3.5).
  void use_group_limit() noexcept;
  bool allows_failover(int code, int base_code) const noexcept;
  FormatOptions format_options() const noexcept;
  /// For one message; 0: the transport's own.
  Duration timeout_for(Message& message) const;
};

/// Reads what the element has of it; bad values become errors. `bind` is finished by the caller.
void read_definition(Definition& definition, xml::Bind& bind, Build& build);

/// "101504, 101505 101506": nullopt when a token is no Java int.
std::optional<std::vector<int>> parse_codes(std::string_view text);

using myelin::resolve_environment;  // of an address (endpoints reference, 1.3)

}  // namespace myelin::endpoints
