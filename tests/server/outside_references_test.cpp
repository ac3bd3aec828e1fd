// A message that names files and addresses makes the server open none of them.

#include <gtest/gtest.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <cstdlib>

#include "tests/support/backend.hpp"
#include "tests/support/myelin.hpp"

namespace myelin::test {
namespace {

/// A file that tells whether anybody has opened it.
class WatchedFile {
 public:
  explicit WatchedFile(const std::filesystem::path& path) : watch_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
    write_file(path, "canary");
    EXPECT_GE(::inotify_add_watch(watch_, path.c_str(), IN_OPEN | IN_ACCESS), 0);
  }
  ~WatchedFile() { ::close(watch_); }
  bool opened() const {
    char events[4096];
    return ::read(watch_, events, sizeof events) > 0;
  }

 private:
  int watch_;
};

/// Whether tree, XPath, style sheet and schema hints leave alone what messages point to.
class OutsideReferences : public testing::TestWithParam<const char*> {
 protected:
  OutsideReferences() {
    back_end.behave(Behaviour::of(Behaviour::Kind::tell));
    server.write("synapse.xml", definitions(
        "<localEntry key=\"copy\"><xsl:stylesheet version=\"1.0\" xmlns:xsl=\"http://www.w3.org/1999/XSL/Transform\">"
        "<xsl:template match=\"@*|node()\"><xsl:copy><xsl:apply-templates select=\"@*|node()\"/></xsl:copy></xsl:template>"
        "</xsl:stylesheet></localEntry>"
        "<sequence name=\"main\"><in><property name=\"seen\" expression=\"string(//*[local-name()='marker'])\"/>"
        "<filter xpath=\"$trp:X-Transform\"><then><xslt key=\"copy\"/></then></filter>"
        "<enrich><source type=\"inline\"><added/></source><target action=\"child\" xpath=\"//*[local-name()='order']\"/></enrich>"
        "<log level=\"custom\"><property name=\"marker\" expression=\"$ctx:seen\"/></log>"
        "<send><endpoint><address uri=\"" + back_end.address() + "/\"/></endpoint></send></in><out><send/></out></sequence>"));
    server.start();
  }
  /// The parameter, with the names of a file and of a server that nobody may ask.
  std::string document() const {
    std::string text = GetParam();
    const auto put = [&text](const std::string& name, const std::string& value) {
      for (std::size_t at; (at = text.find(name)) != std::string::npos;) text.replace(at, name.size(), value);
    };
    put("{file}", (folder.path() / "outside.xml").string());
    put("{server}", outside.address());
    return text;
  }

  TemporaryFolder folder;
  Backend outside{"outside"}, back_end{"A"};
  Myelin server;
};

// REL-091, REL-098
TEST_P(OutsideReferences, AreInert) {
  const WatchedFile file(folder.path() / "outside.xml");
  for (const bool transformed : {false, true}) {
    HeaderList headers{{"Content-Type", "application/xml"}};
    if (transformed) headers.emplace_back("X-Transform", "yes");
    const auto answer = server.client().request("POST", "/", headers, document());
    EXPECT_EQ(answer.status(), 200) << answer.body;
    EXPECT_NE(answer.body.find("<added"), std::string::npos) << "it was parsed: " << answer.body;
    EXPECT_NE(answer.body.find("outside.xml"), std::string::npos) << "and the reference stands as it was: " << answer.body;
    EXPECT_EQ(answer.body.find("canary"), std::string::npos);
  }
  EXPECT_TRUE(server.await_log("marker = 7"));
  EXPECT_FALSE(file.opened());
  EXPECT_EQ(outside.connections(), 0u);
}

std::string name_of(const testing::TestParamInfo<const char*>& kind) {
  constexpr const char* kNames[] = {"XInclude", "StyleSheet", "SchemaLocation", "XmlBase"};
  return kNames[kind.index];
}

INSTANTIATE_TEST_SUITE_P(Kinds, OutsideReferences, testing::Values(
    // XInclude, of text and of XML
    "<order xmlns:xi='http://www.w3.org/2001/XInclude'><marker>7</marker><xi:include href='file://{file}' parse='text'/>"
    "<xi:include href='{server}/x.xml'><xi:fallback>none</xi:fallback></xi:include></order>",
    // a style sheet that the message asks for
    "<order><?xml-stylesheet type='text/xsl' href='{server}/s.xsl'?><?xml-stylesheet type='text/xsl' href='file://{file}'?>"
    "<marker>7</marker></order>",
    // schemas
    "<order xmlns='urn:o' xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:schemaLocation='urn:o {server}/o.xsd'"
    " xsi:noNamespaceSchemaLocation='file://{file}'><marker>7</marker></order>",
    // a base for relative references
    "<order xml:base='{server}/' xmlns:xi='http://www.w3.org/2001/XInclude'><marker>7</marker><xi:include href='file://{file}'/></order>"),
    name_of);

}  // namespace
}  // namespace myelin::test
