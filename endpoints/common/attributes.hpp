#pragma once
// Attributes of the extension blocks (gateways reference, 4.3): counts, durations in milliseconds,
// lists of statuses. A bad value is an error at the attribute, and the target keeps its default.

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "engine/base/clock.hpp"
#include "engine/ports/rules.hpp"
#include "engine/xml/bind.hpp"

namespace myelin::endpoints {

void read_count(xml::Bind& bind, std::string_view name, std::uint32_t& to, std::uint32_t least = 0,
                std::uint32_t most = std::numeric_limits<std::uint32_t>::max());
void read_duration(xml::Bind& bind, std::string_view name, Duration& to, std::int64_t least = 0);
/// "502, 503-504 5xx".
void read_statuses(xml::Bind& bind, std::string_view name, StatusSet& to);
std::optional<StatusSet> parse_statuses(std::string_view text);

}  // namespace myelin::endpoints
