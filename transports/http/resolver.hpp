#pragma once
// Host names to addresses, off the event loop (REL-040): getaddrinfo on a worker thread, answers
// kept 30 s unless who asks wants them fresher, the last good ones for as long as the name server
// fails. Belongs to one shard.

#include <boost/asio/ip/address.hpp>
#include <coroutine>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/task.hpp"
#include "transports/http/loop.hpp"

namespace myelin::http {

using Addresses = std::vector<boost::asio::ip::address>;

class Resolver {
 public:
  explicit Resolver(Loop& loop);
  ~Resolver();

  /// All addresses in the order to be tried; empty: the name is not known, or not in time. They are
  /// asked for anew when they are older than `keep` (0: 30 s).
  Task<Addresses> resolve(const std::string& host, Duration keep = Duration(0));

 private:
  struct Entry;
  struct Worker;
  class Answer;

  void answered(const std::string& host, Addresses addresses);
  void forget_old();

  Loop& loop_;
  std::map<std::string, std::unique_ptr<Entry>, std::less<>> entries_;
  std::shared_ptr<Worker> worker_;
};

}  // namespace myelin::http
