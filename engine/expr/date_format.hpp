#pragma once
// Java's SimpleDateFormat for get-property('SYSTEM_DATE', pattern): English names, US weeks, the
// server's time zone.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace myelin::expr {

/// Nullopt when the pattern has a letter without meaning or an open quote.
std::optional<std::string> format_date(std::chrono::system_clock::time_point time, std::string_view pattern);

}  // namespace myelin::expr
