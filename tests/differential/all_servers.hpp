#pragma once
// Every server that is there, started once for all rows and ended behind them.

#include <map>
#include <memory>
#include <set>
#include <string>

#include "tests/differential/servers.hpp"

namespace myelin::differential {

class AllServers {
 public:
  void start();
  /// Ends them, and tells what was noted.
  void end();
  /// A row that this server refuses although Myelin accepts it, with what it answers.
  void stricter(const std::string& server, const std::string& row) { stricter_[server].insert(row); }

  std::unique_ptr<Server> myelin;
  std::map<std::string, std::unique_ptr<Server>> others;  ///< by name
  // The same for clients that speak HTTP/2:
  std::unique_ptr<Server> myelin_http2;
  std::map<std::string, std::unique_ptr<Server>> http2;

 private:
  std::map<std::string, std::set<std::string>> stricter_;
};

AllServers& all_servers();

}  // namespace myelin::differential
