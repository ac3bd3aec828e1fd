// Fuzz target: configurations (REL-005, REL-172). Any text is loaded or refused for a reason that names
// a place; nothing ends the process. A text that begins with '!' is in Apache's dialect.

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "engine/runtime/loader.hpp"
#include "engine/xml/format.hpp"
#include "engine/xml/reader.hpp"
#include "tests/fuzz/target.hpp"

using namespace myelin;
using namespace myelin::fuzz;

namespace {

namespace fs = std::filesystem;

/// A folder for one file; gone at the end of the process.
class Folder {
 public:
  explicit Folder(std::string_view settings) {
    std::string pattern = (fs::temp_directory_path() / "myelin-fuzz-XXXXXX").string();
    if (!mkdtemp(pattern.data())) throw std::runtime_error("no temporary folder");
    path_ = pattern;
    std::ofstream(path_ / "myelin.properties") << settings;
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const fs::path& with(std::string_view text) const {
    std::ofstream(path_ / "synapse.xml", std::ios::binary) << text;
    return path_;
  }

 private:
  fs::path path_;
};

void told(const xml::Problems& problems) {
  for (const xml::Problem& problem : problems.all()) {
    require(!problem.found.empty() && problem.where.line >= 0);
    require(!problem.text().empty() && problem.json().front() == '{');
  }
}

/// The canonical form is one, and says the same.
void formats(std::string_view text) {
  xml::Problems problems;
  auto document = xml::read(text, "f.xml", problems);
  require((document != nullptr) != problems.has_errors());
  if (!document) return;
  const std::string canonical = xml::format(std::move(document));
  xml::Problems none;
  auto again = xml::read(canonical, "f.xml", none);
  require(again != nullptr, canonical);
  const std::string twice = xml::format(std::move(again));
  require(twice == canonical, canonical + "\n--- and then\n" + twice);
}

void run(std::string_view text) {
  static const Folder wso2(""), apache("synapse.dialect=apache\n");
  const bool other = text.starts_with('!');
  if (other) text.remove_prefix(1);
  // What configurations read from disk is theirs to choose, but a fuzzer shall not.
  if (text.find("file:") != std::string_view::npos || text.find("/dev") != std::string_view::npos) return;
  StateStore states;
  Loader::Options options;
  options.offline = true;
  Loader loader((other ? apache : wso2).with(text), states, options);
  xml::Problems problems;
  const auto deployment = loader.load(problems);
  require(deployment || problems.has_errors());
  told(problems);
  formats(text);
}

}  // namespace

MYELIN_FUZZ_TARGET(configuration, run);
