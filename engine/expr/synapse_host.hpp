#pragma once
// Synapse's variables and functions of XPath expressions, read from one message (expressions
// reference, 4.2). Lives for one evaluation.

#include <string>
#include <string_view>
#include <vector>

#include "engine/expr/xpath.hpp"
#include "engine/message/message.hpp"
#include "engine/message/need.hpp"

namespace myelin::expr {

class SynapseHost final : public xpath::Host {
 public:
  explicit SynapseHost(Message& message) : message_(message) {}

  Result<Value> variable(std::string_view prefix, std::string_view name) override;
  Result<Value> function(std::string_view ns, std::string_view name, const std::vector<xpath::Object>& arguments) override;

 private:
  Result<Value> envelope_part(std::string_view name);
  Value url_parameter(std::string_view name);
  Result<Value> template_parameter(std::string_view name);
  Result<Value> map_entry(std::string_view prefix, std::string_view name);
  Result<Value> get_property(const std::vector<xpath::Object>& arguments);
  Result<Value> scoped_property(std::string_view scope, std::string_view name);
  Result<Value> default_property(std::string_view name);
  Value system_property(std::string_view name) const;
  Result<Value> is_fault();
  std::string_view message_format() const;

  Message& message_;
};

/// What the message must have loaded before `expr` can be evaluated with its envelope as context.
Need need_of(const xpath::Expr& expr);
/// The literal keys in get-property('registry', ...).
std::vector<std::string> registry_keys_of(const xpath::Expr& expr);

}  // namespace myelin::expr
