#pragma once
// Replaces the running program by the one that is now installed in its place, without a refused
// connection: a successor is started with the listening sockets, and when it serves, this process
// drains (REL-157). Suspensions, cursors and sessions do not move over.

#include <sys/types.h>

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "server/listeners.hpp"

namespace myelin::server {

class Upgrade {
 public:
  /// `arguments` of the successor, behind the program's name.
  explicit Upgrade(std::vector<std::string> arguments);
  ~Upgrade();

  /// Starts the successor; `succeeded` is called on another thread when it serves. A second one is
  /// refused while one is under way. A successor that ends before changes nothing.
  void start(const std::vector<Listeners::Open>& sockets, std::function<void(pid_t)> succeeded);

 private:
  pid_t launch(const std::vector<Listeners::Open>& sockets, int told);
  void await(pid_t successor, int told);

  const std::string program_;
  const std::vector<std::string> arguments_;
  std::function<void(pid_t)> succeeded_;
  std::atomic<bool> under_way_{false}, ending_{false};
  std::thread waiting_;
};

}  // namespace myelin::server
