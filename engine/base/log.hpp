#pragma once
// Logging. Boost.Log does the work behind this facade (log.cpp alone includes it): asynchronous,
// bounded to 8 MiB, dropping with a counter when the sink cannot follow (REL-138). Thread safe.
// Text is escaped (control characters) and capped at 8 KiB per field by write() (REL-089).

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/result.hpp"

namespace myelin::log {

enum class Severity { trace, debug, info, warning, error, fatal };

/// Starts the sink. `file` empty: standard error. Call once, before threads start. Fault: the file cannot be
/// opened, and nothing is started.
Result<void> start(std::string_view file, Severity least);
/// Flushes and ends the sink; a reader that does not read is not waited for.
void stop();
/// Opens the log file anew (SIGUSR1); if that fails the old one goes on, and holds the reason.
void reopen();

bool enabled(Severity severity) noexcept;
/// One line. `channel` names the part that speaks: "mediator", "endpoint", "deployment", "http" ...
void write(Severity severity, std::string_view channel, std::string_view text);

inline void info(std::string_view channel, std::string_view text) { write(Severity::info, channel, text); }
inline void warn(std::string_view channel, std::string_view text) { write(Severity::warning, channel, text); }
inline void error(std::string_view channel, std::string_view text) { write(Severity::error, channel, text); }
inline void debug(std::string_view channel, std::string_view text) {
  if (enabled(Severity::debug)) write(Severity::debug, channel, text);
}

/// Lines lost because the sink could not follow.
std::uint64_t dropped() noexcept;

}  // namespace myelin::log
