#include "endpoints/common/uri_template.hpp"
#include "tests/unit/endpoints/support.hpp"

namespace myelin::test {
namespace {

using endpoints::is_legal_uri;
using endpoints::UriTemplate;

// --- RFC 6570 -------------------------------------------------------------------------------------------

struct Expansion {
  const char *text, *expected;
};
void PrintTo(const Expansion& value, std::ostream* out) { *out << value.text; }
class ExpansionTest : public testing::TestWithParam<Expansion> {};

TEST_P(ExpansionTest, Expands) {
  const std::map<std::string, std::string, std::less<>> values{
      {"var", "value"}, {"hello", "Hello World!"}, {"path", "/foo/bar"}, {"empty", ""},
      {"x", "1024"},    {"y", "768"},              {"half", "50%"},      {"done", "a%2Fb"}, {"u", "\xC3\xBC\xC3\xB6"}};
  const std::string text = UriTemplate(GetParam().text).expand([&](std::string_view name) -> std::optional<std::string> {
    const auto found = values.find(name);
    return found == values.end() ? std::nullopt : std::optional(found->second);
  });
  EXPECT_EQ(text, GetParam().expected);
}

// The examples of RFC 6570, 1.2.
INSTANTIATE_TEST_SUITE_P(
    Rfc6570, ExpansionTest,
    testing::Values(Expansion{"{var}", "value"}, Expansion{"{hello}", "Hello%20World%21"}, Expansion{"{+var}", "value"},
                    Expansion{"{+hello}", "Hello%20World!"}, Expansion{"{+path}/here", "/foo/bar/here"},
                    Expansion{"here?ref={+path}", "here?ref=/foo/bar"}, Expansion{"X{#var}", "X#value"},
                    Expansion{"X{#hello}", "X#Hello%20World!"}, Expansion{"map?{x,y}", "map?1024,768"},
                    Expansion{"{x,hello,y}", "1024,Hello%20World%21,768"}, Expansion{"{+path,x}/here", "/foo/bar,1024/here"},
                    Expansion{"X{.var}", "X.value"}, Expansion{"X{.x,y}", "X.1024.768"}, Expansion{"{/var}", "/value"},
                    Expansion{"{/var,x}/here", "/value/1024/here"}, Expansion{"{;x,y}", ";x=1024;y=768"},
                    Expansion{"{;x,y,empty}", ";x=1024;y=768;empty"}, Expansion{"{?x,y}", "?x=1024&y=768"},
                    Expansion{"{?x,y,empty}", "?x=1024&y=768&empty="}, Expansion{"?fixed=yes{&x}", "?fixed=yes&x=1024"},
                    Expansion{"{var:3}", "val"}, Expansion{"{var:30}", "value"}, Expansion{"{u:1}", "%C3%BC"},
                    Expansion{"O{undef}X", "OX"}, Expansion{"{x,undef,y}", "1024,768"}, Expansion{"{half}", "50%25"},
                    Expansion{"{+half}", "50%25"}, Expansion{"{+done}", "a%2Fb"}, Expansion{"{done}", "a%252Fb"},
                    Expansion{"no variables", "no variables"}, Expansion{"open {x", "open {x"}));

TEST(UriTest, LegalCharacters) {
  EXPECT_TRUE(is_legal_uri("http://h/a?b=c&d=%20#e"));
  for (const char* text : {"http://h/a b", "http://h/{x}", "http://h/%2", "http://h/<", "http://h/\xC3\xBC", "a\nb"})
    EXPECT_FALSE(is_legal_uri(text)) << text;
}

// --- the endpoint ----------------------------------------------------------------------------------------

class HttpTest : public EndpointTest {
 protected:
  std::string expanded(std::string_view uri, std::string_view attributes = "", std::string_view properties = "") {
    endpoint = linked("<endpoint><http uri-template='" + std::string(uri) + "' " + std::string(attributes) +
                                 "/>" + std::string(properties) + "</endpoint>");
    return endpoint ? sent_to(*endpoint, message) : "";
  }
  void SetUp() override {
    fresh(message, "POST");
    message.properties.set("uri.var.x", "a/b c");
    message.properties.set("query.param.q", "1&2");
  }

  Message message;
  std::unique_ptr<Endpoint> endpoint;  ///< the request holds views into it
};

TEST_F(HttpTest, WithoutVariablesTheTemplateIsUsedAsItIs) {  // EP-058
  fresh(message);
  EXPECT_EQ(expanded("http://h/{uri.var.x}/y"), "http://h/{uri.var.x}/y");
  message.properties.set("unrelated", "1");
  EXPECT_EQ(expanded("http://h/{uri.var.x}/y"), "http://h/{uri.var.x}/y");
}

TEST_F(HttpTest, VariablesAreEncodedUnlessReserved) {  // EP-059
  EXPECT_EQ(expanded("http://h/{uri.var.x}"), "http://h/a%2Fb%20c");
  EXPECT_EQ(expanded("http://h/{+uri.var.x}"), "http://h/a/b%20c");
  EXPECT_EQ(expanded("http://h/p?q={query.param.q}"), "http://h/p?q=1%262");
  EXPECT_EQ(expanded("http://h/{other}/x"), "http://h//x") << "only uri.var.* and query.param.* are variables";
}

TEST_F(HttpTest, AVariableAtTheStartHoldsAnAddress) {  // EP-060
  message.properties.set("uri.var.base", "http://h:81/base");
  EXPECT_EQ(expanded("{uri.var.base}/x"), "http://h:81/base/x");
}

TEST_F(HttpTest, TheEndpointsOwnPropertiesWin) {  // EP-061
  EXPECT_EQ(expanded("http://h/{uri.var.x}", "", "<property name='uri.var.x' value='own'/>"), "http://h/own");
  fresh(message);
  EXPECT_EQ(expanded("http://h/{uri.var.x}", "", "<property name='uri.var.x' value='own'/>"), "http://h/own");
}

TEST_F(HttpTest, AnIllegalExpansionFallsBackToTheTemplate) {  // EP-062
  EXPECT_EQ(expanded("http://h/{uri.var.x}/%zz"), "http://h/{uri.var.x}/%zz");
}

TEST_F(HttpTest, TheSuffix) {  // EP-063
  message.postfix = "/suffix";
  message.has_postfix = true;
  EXPECT_EQ(expanded("http://h/a", "method='put'"), "http://h/a");
  EXPECT_EQ(expanded("http://h/{uri.var.x}", "method='put'"), "http://h/a%2Fb%20c");
  EXPECT_EQ(expanded("http://h/a"), "http://h/a/suffix");
  EXPECT_EQ(expanded("http://h/{uri.var.x}"), "http://h/a%2Fb%20c/suffix");
}

TEST_F(HttpTest, TheMethod) {  // EP-043
  expanded("http://h/", "method='get'");
  EXPECT_EQ(request.method, "GET");
  expanded("http://h/", "method='FOO'");
  EXPECT_EQ(request.method, "POST");
  EXPECT_FALSE(problems.has_errors());
  EXPECT_FALSE(message.axis2.find("HTTP_METHOD")) << "a sibling that is tried next keeps the client's method (EP-132)";
}

TEST_F(HttpTest, TheVersion) {  // EP-044
  EXPECT_TRUE(is_error("<endpoint><http uri-template='http://h/' version='3'/></endpoint>"));
  EXPECT_FALSE(is_error("<endpoint><http uri-template='http://h/' version='1.1'/></endpoint>"));
  EXPECT_FALSE(is_error("<endpoint><http uri-template='http://h/' version='2.0'/></endpoint>"));
}

TEST_F(HttpTest, NeedsATemplate) {
  EXPECT_TRUE(is_error("<endpoint><http method='get'/></endpoint>"));
}

TEST_F(HttpTest, LegacyEncodingDecodesFirst) {
  message.properties.set("uri.var.x", "a%20b+c");
  EXPECT_EQ(expanded("legacy-encoding:http://h/p/{uri.var.x}?q={query.param.q}"), "http://h/p/a%20b%20c?q=1&2");
}

TEST_F(HttpTest, LinkLocalHostsOfVariablesAreRefused) {  // REL-083, REL-084
  message.properties.set("uri.var.base", "http://169.254.169.254/latest");
  EXPECT_EQ(expanded("{uri.var.base}/x").substr(0, 5), "fault");
  message.properties.set("uri.var.base", "ftp://h/latest");
  EXPECT_EQ(expanded("{uri.var.base}/x").substr(0, 5), "fault");
}

}  // namespace
}  // namespace myelin::test
