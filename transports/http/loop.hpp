#pragma once
// What all parts of one shard share: its event loop, timers, memory, settings and counters.

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <vector>

#include "transports/http/calm.hpp"
#include "transports/http/counters.hpp"
#include "transports/http/inbound.hpp"
#include "transports/http/poller.hpp"
#include "transports/http/shard.hpp"
#include "transports/http/wheel.hpp"

namespace myelin::http {

class Http2Stream;

struct Loop {
  explicit Loop(Config settings) : config(std::move(settings)) {}

  Config config;
  boost::asio::io_context io{BOOST_ASIO_CONCURRENCY_HINT_1};
  Wheel wheel{io};
  Poller poller{io};
  BlockPool blocks;
  Counters counters;
  std::atomic<std::size_t> active{0};  ///< written by the shard's thread only
  std::atomic<std::size_t> flows{0};   ///< that no client waits for; likewise
  std::size_t managing = 0;            ///< open management connections
  bool draining = false;
  bool ended = false;                  ///< being destroyed: completions do nothing any more
  /// Streams of HTTP/2 clients that are over, for the next ones of any connection: idle connections keep none
  /// (REL-131). Made by the first that ends; uses most of the above.
  std::shared_ptr<std::vector<std::unique_ptr<Http2Stream>>> spare_streams;
  std::function<void()> less_to_do;    ///< called while draining whenever something has ended
  std::function<bool()> give_back;     ///< see Calm; memory is the matter
  Calm calm{wheel, give_back};         ///< by `active`

  void exchange_begins() noexcept {
    const std::size_t now = active.load(std::memory_order_relaxed) + 1;
    active.store(now, std::memory_order_relaxed);
    calm.more(now);
    counters.requests.add();
  }
  void exchange_ends(bool answered) {
    const std::size_t now = active.load(std::memory_order_relaxed) - 1;
    active.store(now, std::memory_order_relaxed);
    calm.less(now);
    (answered ? counters.answered : counters.aborted).add();
  }
};

}  // namespace myelin::http
