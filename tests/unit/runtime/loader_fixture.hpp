#pragma once
// A configuration folder on disk that lives as long as one test.

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "engine/runtime/loader.hpp"

namespace myelin {

inline const std::string kNs = "xmlns=\"http://ws.apache.org/ns/synapse\"";

inline std::string definitions(const std::string& content) {
  return "<definitions " + kNs + ">\n" + content + "\n</definitions>\n";
}

class ConfigurationTest : public testing::Test {
 protected:
  ConfigurationTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "myelin-test-XXXXXX").string();
    folder = mkdtemp(pattern.data());
  }
  ~ConfigurationTest() override { std::filesystem::remove_all(folder); }

  void write(const std::string& name, const std::string& text) {
    std::filesystem::create_directories((folder / name).parent_path());
    std::ofstream(folder / name, std::ios::binary) << text;
  }
  void remove(const std::string& name) { std::filesystem::remove(folder / name); }

  /// Loads through the one loader of the test; `problems` holds what it said.
  std::shared_ptr<const Deployment> load() {
    if (!loader) loader = std::make_unique<Loader>(path.empty() ? folder : path, states, options);
    problems.clear();
    xml::Problems found;
    auto deployment = loader->load(found);
    for (const xml::Problem& problem : found.all()) {
      std::string text = problem.text();
      // Paths differ from run to run.
      for (auto at = text.find(folder.string() + '/'); at != std::string::npos; at = text.find(folder.string() + '/'))
        text.erase(at, folder.string().size() + 1);
      problems.push_back(std::move(text));
    }
    return deployment;
  }
  /// One file, one load: what is said about it.
  std::vector<std::string> said(const std::string& text) {
    write("synapse.xml", text);
    load();
    return problems;
  }
  bool told(const std::string& part) const {
    return std::any_of(problems.begin(), problems.end(),
                       [&](const std::string& line) { return line.find(part) != std::string::npos; });
  }
  std::string all() const {
    std::string text;
    for (const std::string& line : problems) text += line + '\n';
    return text;
  }

  std::filesystem::path folder;
  std::filesystem::path path;   ///< what to load; empty: the folder
  StateStore states;
  Loader::Options options;
  std::unique_ptr<Loader> loader;
  std::vector<std::string> problems;
};

}  // namespace myelin
