#pragma once
// Who is told about each exchange of a listening socket when it is over: metrics, access log. Called
// on the shard's thread, so it must not wait.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>

#include "engine/ports/client.hpp"
#include "transports/http/pressure.hpp"

namespace myelin::http {

class TlsServer;

/// One exchange that is over, or a request that was refused. Views live during the call.
struct ExchangeReport {
  const Message* message = nullptr;  ///< null: refused before it was one
  std::string_view client;           ///< numeric address
  std::string_view request_line;     ///< as received; of a refused request as much as came
  std::string_view referer, user_agent;
  int status = 0;                    ///< of the answer; 0: the client left before one began
  bool complete = false;             ///< the answer went out whole
  std::uint64_t body = 0;            ///< bytes of the answer's body
  std::uint64_t received = 0;        ///< bytes on the wire since the last report, heads and TLS included
  std::uint64_t sent = 0;
  std::chrono::nanoseconds took{0};  ///< from the end of the request's head to the end of the answer
};

class Observer {
 public:
  virtual void ended(const ExchangeReport& report) = 0;

 protected:
  ~Observer() = default;
};

/// What is behind a listening socket. Pipeline and observer outlive the shard's connections.
struct Entrance {
  Pipeline* pipeline = nullptr;
  std::shared_ptr<const TlsServer> tls;  ///< null: plain HTTP
  Observer* observer = nullptr;
  /// Answers under overload and while the shard drains; its connections count nowhere.
  bool management = false;

  /// What requests that came in here have to expect.
  Pressure pressure(Gauge* gauge) const noexcept {
    return gauge && !management ? gauge->pressure(Clock::now()) : Pressure::none;
  }
};

}  // namespace myelin::http
