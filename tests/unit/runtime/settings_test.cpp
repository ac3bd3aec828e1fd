#include "engine/runtime/settings.hpp"

#include "loader_fixture.hpp"

namespace myelin {
namespace {

class SettingsTest : public ConfigurationTest {
 protected:
  Settings read() {
    problems.clear();
    xml::Problems found;
    Settings settings = Settings::read(folder, found);
    for (const auto& problem : found.all()) problems.push_back(problem.text().substr(folder.string().size() + 1));
    return settings;
  }
  Settings read(const std::string& text) {
    write("myelin.properties", text);
    return read();
  }
};

TEST_F(SettingsTest, AreEmptyWithoutFiles) {
  const Settings settings = read();
  EXPECT_EQ(settings.get("http.listen"), "");
  EXPECT_EQ(settings.number("server.threads", 3), 3);
  EXPECT_TRUE(settings.flag("backend.verify", true));
  EXPECT_FALSE(settings.apache_dialect());
  EXPECT_EQ(all(), "");
}

TEST_F(SettingsTest, ReadJavaPropertiesSyntax) {
  const Settings settings = read(
      "# comment\n! comment too\n\n"
      "a=1\n  b : 2  \nc 3\nd\t=\t4\n"
      "e=one, \\\n   two\n"
      "f\\ g\\=h=\\u00e4\\n\\ud83d\\ude00\n"
      "empty=\nbare\n"
      "z=last\\");
  EXPECT_EQ(settings.get("a"), "1");
  EXPECT_EQ(settings.get("b"), "2");
  EXPECT_EQ(settings.get("c"), "3");
  EXPECT_EQ(settings.get("d"), "4");
  EXPECT_EQ(settings.get("e"), "one, two");
  EXPECT_EQ(settings.get("f g=h"), "ä\n😀");
  EXPECT_EQ(settings.get("empty"), "");
  EXPECT_TRUE(settings.all().contains("bare"));
  EXPECT_EQ(settings.get("z"), "last");
  EXPECT_EQ(all(), "");
}

TEST_F(SettingsTest, ReadWindowsLineEnds) {
  const Settings settings = read("a=1\r\nb=2 \\\r\n  3\r\n");
  EXPECT_EQ(settings.get("a"), "1");
  EXPECT_EQ(settings.get("b"), "2 3");
}

TEST_F(SettingsTest, RefuseNumbersOutOfRange) {  // REL-009
  read("server.threads = many\nhttp.limit.fields=0\n\nhttp.socket.timeout: 1000\nmax_open_connections=-2\n");
  EXPECT_EQ(all(),
            "myelin.properties:1:18: error: server.threads is 'many'; a whole number from 0 to 1024 is needed\n"
            "myelin.properties:2:19: error: http.limit.fields is '0'; a whole number from 1 to 100000 is needed\n"
            "myelin.properties:5:22: error: max_open_connections is '-2'; a whole number from -1 is needed\n");
}

TEST_F(SettingsTest, RefuseUnknownWords) {
  read("synapse.dialect=apach\nhttps.client_auth=yes\nlog.level=\n");
  EXPECT_EQ(all(),
            "myelin.properties:1:17: error: synapse.dialect is 'apach'; did you mean 'apache'?\n"
            "myelin.properties:2:19: error: https.client_auth is 'yes'; allowed: none, optional or require\n");
}

TEST_F(SettingsTest, RefuseABrokenEscape) {
  read("a=x\\u12\n");
  EXPECT_EQ(all(), "myelin.properties:1:4: error: \\u without four hexadecimal digits\n");
}

TEST_F(SettingsTest, SuggestTheKeyThatWasMeant) {
  read("http.lisen=8280\nmy.own.key=1\n");
  EXPECT_EQ(all(), "myelin.properties:1:1: warning: unknown key 'http.lisen'; did you mean 'http.listen'?\n");
}

TEST_F(SettingsTest, ReadSynapsesFilesUnderTheirOwnNames) {
  write("synapse.properties", "synapse.dialect=apache\na=synapse\nb=synapse\n");
  write("passthru-http.properties", "http.socket.timeout=5000\nb=passthru\nc=passthru\n");
  const Settings settings = read("a=myelin\n");
  EXPECT_TRUE(settings.apache_dialect());
  EXPECT_EQ(settings.number("http.socket.timeout", 0), 5000);
  EXPECT_EQ(settings.get("a"), "myelin");
  EXPECT_EQ(settings.get("b"), "synapse");
  EXPECT_EQ(settings.get("c"), "passthru");
}

TEST_F(SettingsTest, ReadFlagsLeniently) {
  const Settings settings = read("a=TRUE\nb=yes\nc=1\nd=false\ne=nonsense\nf=\n");
  EXPECT_TRUE(settings.flag("a", false));
  EXPECT_TRUE(settings.flag("b", false));
  EXPECT_TRUE(settings.flag("c", false));
  EXPECT_FALSE(settings.flag("d", true));
  EXPECT_FALSE(settings.flag("e", true));
  EXPECT_TRUE(settings.flag("f", true)) << "an empty value is the default";
}

/// Every line of the shipped file that is commented out is a key with its default.
TEST_F(SettingsTest, TheShippedFileNamesOnlyKnownKeys) {
  std::ifstream shipped(std::filesystem::path(MYELIN_SOURCE_DIR) / "conf/myelin.properties");
  ASSERT_TRUE(shipped);
  std::string line, text;
  while (std::getline(shipped, line)) text += line.starts_with('#') && !line.starts_with("# ") ? line.substr(1) + '\n' : "\n";
  const Settings settings = read(text);
  EXPECT_EQ(all(), "");
  EXPECT_GT(settings.all().size(), 40u);
}

}  // namespace
}  // namespace myelin
