#include "mediators/common/header_fields.hpp"

#include "engine/base/log.hpp"
#include "engine/base/text.hpp"
#include "engine/message/field_value.hpp"

namespace myelin::mediators {

namespace {

bool frames_the_body(std::string_view name) {
  return text::iequals(name, "Content-Length") || text::iequals(name, "Transfer-Encoding");
}

Fault refused(std::string text) {
  Fault fault(std::move(text));
  fault.status = 500;
  return fault;
}

}  // namespace

Result<void> check_wire_value(std::string_view name, std::string_view value) {
  if (is_field_value(value)) return {};
  return refused("the value of '" + std::string(name) + "' contains a control character");
}

Result<void> set_header_field(Message& message, std::string_view name, std::string_view value) {
  if (!text::is_token(name)) return refused("'" + std::string(name) + "' cannot be the name of a transport header");
  Result<void> checked = check_wire_value(name, value);
  if (!checked) return checked;
  if (frames_the_body(name)) {
    log::warn("mediator", message.log_prefix() + "transport header '" + std::string(name) +
                              "' is the transport's own and was not set");
    return {};
  }
  message.headers.set(message.copy(name), message.copy(value));
  return {};
}

void announce_type(Message& message, std::string_view type) {
  message.axis2.set("messageType", type);
  if (type.starts_with("multipart/")) return;
  message.axis2.set("ContentType", type);
  message.headers.set("Content-Type", message.copy(type));
}

}  // namespace myelin::mediators
