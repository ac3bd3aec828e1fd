#pragma once
// Myelin and the servers it is compared with, each as a proxy in front of a recorder of its own. Their
// settings are those of Debian where these say how a request is read; only time-outs are short, and paths
// are passed on as they came.

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tests/differential/recorder.hpp"
#include "tests/support/myelin.hpp"

namespace myelin::differential {

/// What became of some bytes: how they were read, and the statuses that were answered.
struct Outcome {
  std::vector<Reading> readings;
  std::vector<int> statuses;
  bool closed = false;  ///< the server ended the connection

  std::string text() const;
};

class Server {
 public:
  virtual ~Server() = default;
  virtual std::uint16_t port() const = 0;
  /// Sends it all at once, and takes what comes until the end, or nothing more comes for `patience`.
  Outcome send(std::string_view bytes, test::Millis patience);
  Recorder& recorder() { return recorder_; }

 private:
  Recorder recorder_;
};

/// What its clients speak; HTTP/2 by prior knowledge.
enum class Version { http1, http2 };

std::unique_ptr<Server> start_myelin(Version version);

inline constexpr const char* kNames[] = {"haproxy", "nginx", "apache", "lighttpd"};
/// Null when the program is neither installed nor in build/incumbents (scripts/incumbents).
std::unique_ptr<Server> start(const std::string& name, Version version);

}  // namespace myelin::differential
