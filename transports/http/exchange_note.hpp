#pragma once
// What is noted of an exchange for its report, whatever the version of HTTP.

#include "engine/base/clock.hpp"
#include "engine/message/message.hpp"
#include "transports/http/observer.hpp"

namespace myelin::http {

/// The request line in what was received, behind the empty line a client may send before it.
inline std::string_view first_line(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == '\r' || text.front() == '\n')) text.remove_prefix(1);
  text = text.substr(0, text.find('\n'));
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

/// Views of texts that live as long as the message.
struct ExchangeNote {
  std::string_view request_line, referer, user_agent;
  TimePoint began{};        ///< the head was complete; of a refused request: had begun
  int status = 0;           ///< of the answer
  std::uint64_t body = 0;   ///< bytes of it that went out

  /// A request whose head is complete; the fields are still the client's.
  void begin(std::string_view line, const Headers& fields) noexcept {
    *this = ExchangeNote{};
    began = Clock::now();
    request_line = line;
    for (const Header& field : fields) {
      if (field.name.size() == 7 && text::iequals(field.name, "referer")) referer = field.value;
      if (field.name.size() == 10 && text::iequals(field.name, "user-agent")) user_agent = field.value;
    }
  }

  ExchangeReport report(const Message& message, bool complete) const noexcept {
    ExchangeReport told;
    told.message = &message;
    told.request_line = request_line;
    told.referer = referer;
    told.user_agent = user_agent;
    told.body = body;
    told.status = status;
    told.complete = complete;
    told.took = Clock::now() - began;
    return told;
  }
};

}  // namespace myelin::http
