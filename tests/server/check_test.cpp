// `myelin check` and `myelin format` as an editor or a build calls them.

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/support/process.hpp"

namespace myelin::test {
namespace {

namespace fs = std::filesystem;

const std::string kNs = "xmlns=\"http://ws.apache.org/ns/synapse\"";

class Commands : public testing::Test {
 protected:
  Commands() {
    std::string pattern = (fs::temp_directory_path() / "myelin-check-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~Commands() override { fs::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }
  std::string read(const std::string& name) {
    std::ifstream stream(folder_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  Outcome myelin(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), binary());
    return run(arguments, folder_);
  }

  fs::path folder_;
};

TEST_F(Commands, CheckIsSilentAboutWhatIsFine) {
  write("conf/endpoints/e.xml", "<endpoint " + kNs + " name=\"e\"><default/></endpoint>");
  const Outcome outcome = myelin({"check", "--strict", "conf"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.output, "");
  EXPECT_EQ(outcome.errors, "0 errors, 0 warnings\n");
}

TEST_F(Commands, CheckWarnsAndIsStrictOnDemand) {
  write("a.xml", "<endpoint " + kNs + " name=\"e\">\n  <address uri=\"http://h/\" urii=\"x\"/></endpoint>");
  const std::string said = "a.xml:2:28: warning: unknown attribute 'urii' on <address>; did you mean 'uri'?\n";
  Outcome outcome = myelin({"check", "a.xml"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.output, said);
  outcome = myelin({"check", "--strict", "a.xml"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.output, said);
}

TEST_F(Commands, CheckTellsErrorsOfEveryPath) {
  write("a.xml", "<endpoint " + kNs + "/>");
  write("b.xml", "<x/>");
  const Outcome outcome = myelin({"check", "a.xml", "b.xml", "gone.xml"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_NE(outcome.output.find("a.xml:1:1: error: "), std::string::npos) << outcome.output;
  EXPECT_NE(outcome.output.find("b.xml:1:1: error: the root element is <x> without a namespace; "), std::string::npos);
  EXPECT_NE(outcome.output.find("gone.xml: error: there is no such file or folder\n"), std::string::npos);
}

TEST_F(Commands, CheckSpeaksJson) {
  write("a.xml", "<endpoint " + kNs + "/>");
  const Outcome outcome = myelin({"check", "--json", "a.xml"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_TRUE(outcome.output.starts_with(
      "[\n{\"file\":\"a.xml\",\"line\":1,\"column\":1,\"level\":\"error\",\"found\":"))
      << outcome.output;
  EXPECT_TRUE(outcome.output.ends_with("}\n]\n"));
  EXPECT_EQ(myelin({"check", "--json", "."}).output.substr(0, 1), "[");
}

TEST_F(Commands, CheckChecksOneByOne) {
  write("a.xml", "<sequence " + kNs + " name=\"a\"><sequence key=\"b\"/></sequence>");
  write("b.xml", "<sequence " + kNs + " name=\"b\"/>");
  EXPECT_EQ(myelin({"check", "a.xml", "b.xml"}).output,
            "a.xml:1:70: warning: sequence 'b' is defined by no loaded file\n");
  fs::create_directory(folder_ / "sequences");
  fs::rename(folder_ / "a.xml", folder_ / "sequences/a.xml");
  fs::rename(folder_ / "b.xml", folder_ / "sequences/b.xml");
  EXPECT_EQ(myelin({"check", "."}).output, "") << "a folder is one deployment";
}

TEST_F(Commands, CheckExplainsItsUse) {
  EXPECT_EQ(myelin({"check"}).code, 2);
  EXPECT_NE(myelin({"check", "--strickt", "a.xml"}).errors.find("unknown option '--strickt'"), std::string::npos);
}

TEST_F(Commands, FormatPrintsTheCanonicalForm) {
  write("a.xml", "<sequence " + kNs + " name='a'><log/></sequence>");
  const Outcome outcome = myelin({"format", "a.xml"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.output, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<sequence " + kNs + " name=\"a\">\n    <log/>\n</sequence>\n");
  EXPECT_EQ(read("a.xml"), "<sequence " + kNs + " name='a'><log/></sequence>") << "the file is as it was";
}

TEST_F(Commands, FormatWritesInPlace) {
  write("a.xml", "<sequence " + kNs + " name='a'><log/></sequence>");
  fs::permissions(folder_ / "a.xml", fs::perms::owner_read | fs::perms::owner_write);
  fs::create_symlink("a.xml", folder_ / "link.xml");
  const std::string expected = myelin({"format", "a.xml"}).output;
  const Outcome outcome = myelin({"format", "-w", "link.xml"});
  EXPECT_EQ(outcome.code, 0) << outcome.errors;
  EXPECT_EQ(outcome.output, "");
  EXPECT_EQ(read("a.xml"), expected);
  EXPECT_TRUE(fs::is_symlink(folder_ / "link.xml"));
  EXPECT_EQ(fs::status(folder_ / "a.xml").permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 2) << "nothing is left behind";
}

TEST_F(Commands, FormatRefusesWhatIsNotXml) {
  write("a.xml", "<a><b></a>");
  const Outcome outcome = myelin({"format", "-w", "a.xml"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_TRUE(outcome.errors.starts_with("a.xml:1:")) << outcome.errors;
  EXPECT_EQ(read("a.xml"), "<a><b></a>");
  EXPECT_EQ(myelin({"format"}).code, 2);
  EXPECT_EQ(myelin({"format", "a.xml", "b.xml"}).code, 2);
}

}  // namespace
}  // namespace myelin::test
