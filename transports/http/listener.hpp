#pragma once
// A listening socket of one shard: accepts several connections per wake-up, pauses at the connection
// limit and when descriptors run out (REL-020, REL-134).

#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <string>

#include "engine/base/result.hpp"
#include "transports/http/loop.hpp"
#include "transports/http/observer.hpp"

namespace myelin::http {

class Listener {
 public:
  /// Gets a connected, non-blocking descriptor.
  using Accepted = std::function<void(Listener&, const boost::asio::ip::tcp::endpoint& remote, int descriptor)>;

  Listener(Loop& loop, Entrance entrance, Accepted accepted);

  /// Serves a bound socket, which it owns from now on, also when this fails.
  Result<void> adopt(int descriptor);
  void close() noexcept;
  /// There is room again: goes on after may_accept() said no.
  void resume();

  const Entrance& entrance() const noexcept { return entrance_; }
  /// Connections accepted from now on use these settings; those that are open keep theirs.
  void renew(std::shared_ptr<const TlsServer> tls) noexcept { entrance_.tls = std::move(tls); }
  const std::string& local() const noexcept { return local_; }

 private:
  void wait();
  bool has_room() const noexcept;
  void accept_some();
  void pause();

  Loop& loop_;
  Entrance entrance_;
  Accepted accepted_;
  boost::asio::ip::tcp::acceptor acceptor_;
  Timer pause_timer_;
  std::string local_;
  bool waiting_ = false;
};

/// Open client connections of the whole process against the limit of Config (0: from the limit of
/// descriptors). Counted over all shards, as descriptors are.
class ConnectionLimit {
 public:
  static bool room(const Config& config) noexcept;
  static void opened() noexcept;
  static void closed() noexcept;
};

}  // namespace myelin::http
