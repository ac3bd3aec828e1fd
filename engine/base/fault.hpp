#pragma once
// What went wrong with one message, as a value. Codes are Synapse's (endpoints reference, 3.8).

#include <string>
#include <utility>

namespace myelin {

/// Error codes that configurations name in errorCodes lists and read from ERROR_CODE.
namespace code {
inline constexpr int kException = 0;             // any other failure while mediating or sending
inline constexpr int kSendIo = 101500;           // sender I/O error sending
inline constexpr int kReceiveIo = 101501;        // sender I/O error receiving
inline constexpr int kConnectFailed = 101503;    // refused, unreachable, TLS failure
inline constexpr int kTimeout = 101504;          // no answer in time
inline constexpr int kClosed = 101505;           // peer closed
inline constexpr int kProtocol = 101506;         // the peer does not speak HTTP properly
inline constexpr int kCancelled = 101507;
inline constexpr int kConnectTimeout = 101508;
inline constexpr int kNoneReady = 303000;        // group without a ready child
inline constexpr int kEndpointNotReady = 303001; // root leaf suspended, off, or without address
inline constexpr int kAuthentication = 303003;
inline constexpr int kNoCase = 303004;           // <switch> of endpoints: no case matches
inline constexpr int kBreakerOpen = 303005;      // the circuit breaker of a group or endpoint is open
inline constexpr int kLoadBalanceRetry = 303100; // counted only: a group moved on to another child
inline constexpr int kFailoverRetry = 304100;
inline constexpr int kUnresolved = 305100;       // a key that leads nowhere
inline constexpr int kSessionNotReady = 309001;
inline constexpr int kSessionPath = 309002;
inline constexpr int kSessionFailed = 309003;
inline constexpr int kCall = 401003;
inline constexpr int kForcedSoapFault = 500000;
inline constexpr int kMissingArgument = 500101;
inline constexpr int kParse = 601000;
}  // namespace code

/// Made out of line: failures are rare, and their code stays out of the way of success.
struct Fault {
  Fault() = default;
  [[gnu::noinline]] explicit Fault(std::string text) : message(std::move(text)) {}
  [[gnu::noinline]] Fault(int error_code, std::string text)
      : code(error_code), base_code(error_code), message(std::move(text)) {}
  [[gnu::noinline]] Fault(int error_code, std::string text, std::string more)
      : code(error_code), base_code(error_code), message(std::move(text)), detail(std::move(more)) {}

  int code = code::kException;       ///< ERROR_CODE, with the pass-through shift (base + state)
  int base_code = code::kException;  ///< BASE_ERROR_CODE, never shifted
  int status = 0;      ///< HTTP status when no fault sequence answers: 413, 415 ...; 0: 502, timeouts 504
  std::string message; ///< ERROR_MESSAGE
  std::string detail;  ///< ERROR_DETAIL; empty: same as message
  bool sent = false;   ///< at least one byte of the request went out
  bool of_body = false;  ///< the message could not be read, or made a request: the receiver is blameless

  /// As made by Fault().
  bool blank() const noexcept {
    return code == 0 && base_code == 0 && status == 0 && message.empty() && detail.empty() && !sent && !of_body;
  }
};

}  // namespace myelin
