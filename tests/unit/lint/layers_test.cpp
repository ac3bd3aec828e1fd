// Who may include whom: server -> mediators, endpoints, transports -> engine; inside the engine
// runtime -> artifacts -> flow, ports -> xml -> expr -> message -> base. An arrow never turns back.

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "tests/unit/lint/source.hpp"

namespace myelin::lint {
namespace {

// Height of each layer; a file includes its own folder's files and lower layers. flow and ports are
// one layer: they know each other's interfaces.
const std::map<std::string, int, std::less<>> kHeights{
    {"engine/base", 0},      {"engine/message", 1}, {"engine/expr", 2},      {"engine/xml", 3},
    {"engine/flow", 4},      {"engine/ports", 4},   {"engine/artifacts", 5}, {"engine/runtime", 6},
    {"mediators", 7},        {"endpoints", 7},      {"transports", 7},       {"server", 8}};

// includer -> included, each with its reason.
const std::map<std::pair<std::string, std::string>, std::string> kExceptions{
    {{"engine/expr/synapse_host.cpp", "engine/flow/artifacts.hpp"},
     "get-property() finds local entries and settings through this interface, which includes nothing"}};

std::string layer(const std::string& path) {
  const auto first = path.find('/');
  if (first == std::string::npos) return {};
  if (path.starts_with("engine/")) return path.substr(0, path.find('/', first + 1));
  return path.substr(0, first);
}

int height(const std::string& name) {
  const auto found = kHeights.find(name);
  return found == kHeights.end() ? -1 : found->second;
}

bool allowed(const Source& source, const std::string& included) {
  if (kExceptions.contains({source.path, included})) return true;
  const std::string from = layer(source.path);
  const std::string to = layer(included);
  if (from == to) return true;
  if (height(from) == height(to)) return from.starts_with("engine/");  // plug-in folders never
  return height(to) >= 0 && height(to) < height(from);
}

TEST(Layers, AnArrowNeverTurnsBack) {
  const auto all = product_sources();
  ASSERT_GT(all.size(), 50u);
  for (const Source& source : all)
    for (const std::string& included : includes(source))
      EXPECT_TRUE(allowed(source, included)) << source.path << " includes " << included;
}

TEST(Layers, EveryFolderIsKnown) {
  for (const Source& source : product_sources())
    EXPECT_GE(height(layer(source.path)), 0) << source.path << " is in a folder without a layer";
}

TEST(Layers, ExceptionsAreStillNeeded) {
  std::set<std::pair<std::string, std::string>> used;
  for (const Source& source : product_sources())
    for (const std::string& included : includes(source)) used.emplace(source.path, included);
  for (const auto& [pair, reason] : kExceptions)
    EXPECT_TRUE(used.contains(pair)) << pair.first << " does not include " << pair.second << " any more";
}

// A plug-in may be taken away without another noticing: only its folder's common/ is shared.
TEST(Layers, PlugInsIncludeNoOtherPlugIn) {
  for (const Source& source : product_sources()) {
    const bool plug_in = source.folder() == "mediators" || source.folder() == "endpoints" ||
                         source.folder() == "endpoints/algorithms" || source.folder() == "endpoints/sessions" ||
                         source.folder() == "endpoints/discovery";
    if (!plug_in || source.is_header()) continue;
    for (const std::string& included : includes(source))
      EXPECT_FALSE(included.ends_with(".cpp")) << source.path << " includes " << included;
  }
}

// Asio stays behind the transport: nothing else knows how bytes move.
TEST(Layers, OnlyTransportsAndServerKnowAsio) {
  for (const Source& source : product_sources()) {
    if (source.path.starts_with("transports/") || source.path.starts_with("server/")) continue;
    EXPECT_EQ(source.text.find("#include <boost/asio"), std::string::npos) << source.path;
  }
}

}  // namespace
}  // namespace myelin::lint
