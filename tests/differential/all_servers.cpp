#include "tests/differential/all_servers.hpp"

#include <gtest/gtest.h>

#include <cstdio>

namespace myelin::differential {
namespace {

class Environment : public testing::Environment {
 public:
  void SetUp() override {
    if (!GTEST_FLAG_GET(list_tests)) all_servers().start();
  }
  void TearDown() override { all_servers().end(); }
};

const testing::Environment* const kEnvironment = testing::AddGlobalTestEnvironment(new Environment);

}  // namespace

void AllServers::start() {
  myelin = start_myelin(Version::http1);
  myelin_http2 = start_myelin(Version::http2);
  for (const char* name : kNames) {
    if (auto server = differential::start(name, Version::http1)) others.emplace(name, std::move(server));
    if (auto server = differential::start(name, Version::http2)) http2.emplace(name, std::move(server));
  }
}

void AllServers::end() {
  for (const auto& [name, rows] : stricter_) {
    std::printf("%s refuses of what Myelin accepts:", name.c_str());
    for (const std::string& row : rows) std::printf(" %s", row.c_str());
    std::printf("\n");
  }
  stricter_.clear();
  others.clear();
  http2.clear();
  myelin.reset();
  myelin_http2.reset();
}

AllServers& all_servers() {
  static AllServers all;
  return all;
}

}  // namespace myelin::differential
