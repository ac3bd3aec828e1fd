#pragma once
// Transport headers set by mediators: checked before they can reach a wire (REL-080, REL-081).

#include <string_view>

#include "engine/base/result.hpp"
#include "engine/message/message.hpp"

namespace myelin::mediators {

/// Replaces the header fields of that name. `name` and `value` are copied. Faults on a name that is no
/// token and on control characters in the value; names that frame the body are ignored with a warning.
Result<void> set_header_field(Message& message, std::string_view name, std::string_view value);

/// Faults when a value that ends up in a head on the wire contains a control character but HTAB.
Result<void> check_wire_value(std::string_view name, std::string_view value);

/// What the message is from now on: axis2 messageType and ContentType, and the Content-Type header. A
/// multipart Content-Type keeps its boundary.
void announce_type(Message& message, std::string_view type);

}  // namespace myelin::mediators
