// Expressions as mediators use them: Synapse's variables, functions, string rule and needs.
#include "engine/expr/expression.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <map>
#include <string>

#include "engine/expr/date_format.hpp"
#include "engine/flow/artifacts.hpp"
#include "engine/message/message.hpp"
#include "tests/support/cpu_time.hpp"

namespace myelin::expr {
namespace {

constexpr const char* kEnvelope =
    "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Header><h>1</h></s:Header><s:Body>"
    "<m:order xmlns:m=\"urn:m\"><m:item>apple</m:item><m:item>pear</m:item><m:empty/><m:total> 12 </m:total></m:order>"
    "</s:Body></s:Envelope>";

class Deployed final : public Artifacts {
 public:
  std::map<std::string, LocalEntry, std::less<>> entries;
  const Mediator* sequence(std::string_view) const override { return nullptr; }
  const Endpoint* endpoint(std::string_view) const override { return nullptr; }
  const LocalEntry* entry(std::string_view key) const override {
    const auto found = entries.find(key);
    return found == entries.end() ? nullptr : &found->second;
  }
  std::string_view setting(std::string_view name) const override { return name == "color" ? "blue" : ""; }
  bool apache_dialect() const noexcept override { return false; }
};

class SynapseXPath : public testing::Test {
 protected:
  SynapseXPath() {
    message.payload.assign(kEnvelope, "text/xml");
    message.artifacts = &deployed;
  }

  std::unique_ptr<Expression> compiled(std::string_view text) {
    SyntaxError error;
    auto expression = compile(text, namespaces, error);
    EXPECT_TRUE(expression) << text << ": " << error.message;
    return expression;
  }
  /// The text, "(null)" or "(fault)".
  std::string text(std::string_view expression) {
    auto result = compiled(expression)->text(message);
    if (!result) return "(fault)";
    return result->value_or("(null)");
  }
  std::string fault(std::string_view expression) {
    auto result = compiled(expression)->text(message);
    return result.ok() ? "" : result.fault().message;
  }
  std::string test(std::string_view expression) {
    auto result = compiled(expression)->test(message);
    if (!result) return "(fault)";
    return *result ? "true" : "false";
  }
  std::string error(std::string_view expression, std::size_t offset) {
    SyntaxError found;
    EXPECT_FALSE(compile(expression, namespaces, found)) << expression;
    EXPECT_EQ(found.offset, offset) << expression;
    return found.message;
  }
  Need need(std::string_view expression) { return compiled(expression)->need(); }
  void put_nodes(const char* name, const char* xml) {
    auto document = *tree::Document::parse(xml);
    message.properties.set(name, Nodes{{tree::NodeRef{document.get(), document->root()}}, document});
  }

  Namespaces namespaces{{"", "urn:m"}, {"m", "urn:m"}, {"s", "http://schemas.xmlsoap.org/soap/envelope/"}};
  Deployed deployed;
  Message message;
};

// --- the context ------------------------------------------------------------------------------------

TEST_F(SynapseXPath, StartsAtTheEnvelopeElement) {
  EXPECT_EQ(text("s:Body/m:order/m:item[1]"), "apple");
  EXPECT_EQ(text("name(.)"), "s:Envelope");
}

TEST_F(SynapseXPath, AbsolutePathsMayNameTheEnvelopeOrLeaveItOut) {
  EXPECT_EQ(text("/s:Envelope/s:Body/m:order/m:item[2]"), "pear");
  EXPECT_EQ(text("/s:Body/m:order/m:item[2]"), "pear");
  EXPECT_EQ(text("string(/s:Header/h)"), "1");
}

TEST_F(SynapseXPath, DoesNotUseTheDefaultNamespaceOfTheConfiguration) {  // MED-223
  EXPECT_EQ(test("//order"), "false");
  EXPECT_EQ(test("//m:order"), "true");
  EXPECT_EQ(test("//h"), "true");
}

// --- string value -----------------------------------------------------------------------------------

TEST_F(SynapseXPath, OneElementIsItsTrimmedTextOrItsXml) {  // MED-229
  EXPECT_EQ(text("//m:item[1]"), "apple");
  EXPECT_EQ(text("//m:total"), "12");
  EXPECT_EQ(text("//m:empty"), "<m:empty xmlns:m=\"urn:m\"/>");
  EXPECT_EQ(text("s:Header"), "<s:Header xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><h>1</h></s:Header>");
}

TEST_F(SynapseXPath, SeveralElementsAreTheirXml) {  // MED-229
  EXPECT_EQ(text("//m:item"), "<m:item xmlns:m=\"urn:m\">apple</m:item><m:item xmlns:m=\"urn:m\">pear</m:item>");
  EXPECT_EQ(text("//m:item/text()"), "applepear");
  EXPECT_EQ(text("//m:none"), "");
}

TEST_F(SynapseXPath, NodeTestsGiveWholeElements) {
  EXPECT_EQ(text("//m:order/node()[1]"), "<m:item xmlns:m=\"urn:m\">apple</m:item>");
  EXPECT_EQ(text("//m:item[1]/node()"), "<m:item xmlns:m=\"urn:m\">apple</m:item>");
  EXPECT_EQ(text("//m:item[1]/node()[1]"), "apple");
}

TEST_F(SynapseXPath, NumbersAndBooleansPrintAsXPathSays) {
  EXPECT_EQ(text("1 + 2"), "3");
  EXPECT_EQ(text("7 div 2"), "3.5");
  EXPECT_EQ(text("count(//m:item) = 2"), "true");
  EXPECT_EQ(text("number(//m:total) * 2"), "24");
}

TEST_F(SynapseXPath, EvaluateKeepsTheType) {
  EXPECT_TRUE(compiled("//m:item")->evaluate(message)->is_nodes());
  EXPECT_EQ(*compiled("2 * 2")->evaluate(message)->as<double>(), 4);
  EXPECT_EQ(*compiled("1 = 1")->evaluate(message)->as<bool>(), true);
  EXPECT_TRUE(compiled("'x'")->evaluate(message)->is_string());
  EXPECT_TRUE(compiled("$ctx:none")->evaluate(message)->is_null());
}

// --- variables --------------------------------------------------------------------------------------

TEST_F(SynapseXPath, BodyHeaderAndEnvAreElements) {
  EXPECT_EQ(text("$body/m:order/m:item[1]"), "apple");
  EXPECT_EQ(text("$header/h"), "1");
  EXPECT_EQ(text("name($env)"), "s:Envelope");
  EXPECT_EQ(text("$none"), "(fault)");
}

TEST_F(SynapseXPath, PrefixedVariablesReadTheirScope) {
  message.properties.set("a", "1");
  message.axis2.set("b", "2");
  message.variables.set("c", 3);
  message.operation.set("d", true);
  message.headers.add("X-Tag", "5");
  EXPECT_EQ(text("$ctx:a"), "1");
  EXPECT_EQ(text("$axis2:b"), "2");
  EXPECT_EQ(text("$var:c"), "3");
  EXPECT_EQ(text("$operation:d"), "true");
  EXPECT_EQ(text("$trp:x-tag"), "5");
  EXPECT_EQ(text("$sys:color"), "blue");
  for (const char* missing : {"$ctx:x", "$axis2:x", "$var:x", "$operation:x", "$trp:x", "$sys:x"})
    EXPECT_EQ(text(missing), "(null)") << missing;
}

TEST_F(SynapseXPath, TemplateParametersNeedATemplate) {
  EXPECT_EQ(text("$func:p"), "(fault)");
  EXPECT_EQ(text("get-property('func', 'p')"), "(fault)");
  message.functions.emplace_back();
  message.functions.back().parameters.set("p", "outer");
  message.functions.emplace_back();
  message.functions.back().parameters.set("p", "v");
  EXPECT_EQ(text("$func:p"), "v");
  EXPECT_EQ(text("get-property('func', 'p')"), "v");
  EXPECT_EQ(text("$func:q"), "(null)");
}

TEST_F(SynapseXPath, UrlVariablesAreDecodedQueryParameters) {  // MED-227
  message.addressing().to = "http://h/p?Name=a%20b&x=1&empty=";
  EXPECT_EQ(text("$url:name"), "a b");
  EXPECT_EQ(text("$url:x"), "1");
  EXPECT_EQ(text("$url:empty"), "");
  EXPECT_EQ(text("$url:none"), "");
}

TEST_F(SynapseXPath, OtherPrefixesNeedAMapProperty) {  // MED-228
  EXPECT_EQ(text("$unknown:x"), "(fault)");
  message.properties.set("unknown", "text");
  EXPECT_EQ(text("$unknown:x"), "(fault)");
  message.properties.set("unknown", Json{"{\"x\":\"y\",\"n\":5}"});
  EXPECT_EQ(text("$unknown:x"), "y");
  EXPECT_EQ(text("$unknown:n"), "5");
  EXPECT_EQ(text("$unknown:z"), "(null)");
}

TEST_F(SynapseXPath, AnXmlPropertyActsAsANode) {
  put_nodes("doc", "<r><a k='1'>x</a><a k='2'>y</a></r>");
  EXPECT_EQ(text("$ctx:doc/a[@k='2']"), "y");
  EXPECT_EQ(text("$ctx:doc//a[1]/@k"), "1");
  EXPECT_EQ(text("count($ctx:doc/a | //m:item)"), "4");
  message.properties.set("plain", "x");
  EXPECT_EQ(text("$ctx:plain/a"), "");
  EXPECT_EQ(text("$ctx:missing/a"), "");
}

TEST_F(SynapseXPath, ResultNodesOutliveTheProperty) {
  put_nodes("doc", "<r><a>x</a></r>");
  const auto expression = compiled("$ctx:doc/a");
  const Value value = *expression->evaluate(message);
  message.properties.clear();
  EXPECT_EQ(value.text(), "x");
}

TEST_F(SynapseXPath, ComparisonsWithAMissingPropertyAreFalse) {
  EXPECT_EQ(test("$ctx:x = ''"), "false");
  EXPECT_EQ(test("$ctx:x != 'a'"), "false");
  EXPECT_EQ(test("get-property('x') = get-property('y')"), "false");
  EXPECT_EQ(test("get-property('x') > 0"), "false");
  EXPECT_EQ(test("not($ctx:x = 'a')"), "true");
  EXPECT_EQ(test("$ctx:x"), "false");
  EXPECT_EQ(text("string($ctx:x)"), "");
  EXPECT_EQ(text("number($ctx:x)"), "NaN");
}

// --- get-property -----------------------------------------------------------------------------------

TEST_F(SynapseXPath, GetPropertyReadsAllScopes) {  // MED-224
  message.properties.set("a", "1");
  message.axis2.set("HTTP_SC", 404);
  message.operation.set("o", "op");
  message.headers.add("Host", "example");
  deployed.entries["conf"] = LocalEntry{"conf", LocalEntry::Type::text, "entry text"};
  EXPECT_EQ(text("get-property('a')"), "1");
  EXPECT_EQ(text("get-property('default', 'a')"), "1");
  EXPECT_EQ(text("get-property('axis2', 'HTTP_SC')"), "404");
  EXPECT_EQ(test("get-property('axis2', 'HTTP_SC') = 404"), "true");
  EXPECT_EQ(text("get-property('transport', 'host')"), "example");
  EXPECT_EQ(text("get-property('transport', 'HOST')"), "example");
  EXPECT_EQ(text("get-property('operation', 'o')"), "op");
  EXPECT_EQ(text("get-property('system', 'color')"), "blue");
  EXPECT_EQ(text("get-property('file', 'none')"), "");
  EXPECT_EQ(text("get-property('registry', 'conf')"), "entry text");
  EXPECT_EQ(text("get-property('registry', 'none')"), "");
  ASSERT_EQ(setenv("MYELIN_TEST_VALUE", "from env", 1), 0);
  EXPECT_EQ(text("get-property('env', 'MYELIN_TEST_VALUE')"), "from env");
  EXPECT_EQ(text("get-property('env', 'MYELIN_TEST_NONE')"), "");
}

TEST_F(SynapseXPath, GetPropertyOfNothingIsNull) {  // MED-226
  EXPECT_EQ(text("get-property('missing')"), "(null)");
  EXPECT_EQ(text("get-property('axis2', 'missing')"), "(null)");
  EXPECT_EQ(text("get-property('transport', 'missing')"), "(null)");
  EXPECT_EQ(text("get-property('')"), "");
  EXPECT_EQ(text("get-property()"), "(fault)");
  EXPECT_EQ(text("get-property('a', 'b', 'c', 'd')"), "(fault)");
  EXPECT_EQ(text("get-property('nowhere', 'a', 'b')"), "(fault)");
}

TEST_F(SynapseXPath, GetPropertyFallsBackToLocalEntries) {
  deployed.entries["text"] = LocalEntry{"text", LocalEntry::Type::text, "hello"};
  deployed.entries["xml"] = LocalEntry{"xml", LocalEntry::Type::xml, "<a><b>1</b></a>"};
  EXPECT_EQ(text("get-property('text')"), "hello");
  EXPECT_EQ(text("get-property('xml')"), "<a><b>1</b></a>");
  EXPECT_EQ(text("$ctx:text"), "(null)");
  message.properties.set("text", "property first");
  EXPECT_EQ(text("get-property('text')"), "property first");
}

TEST_F(SynapseXPath, GetPropertyGivesAddressingValues) {
  message.addressing().to = "http://to";
  message.addressing().action = "urn:act";
  EXPECT_EQ(text("get-property('To')"), "http://to");
  EXPECT_EQ(text("get-property('Action')"), "urn:act");
  EXPECT_EQ(text("get-property('default', 'To')"), "http://to");
  EXPECT_EQ(text("get-property('From')"), "");
  EXPECT_EQ(text("get-property('axis2', 'To')"), "(null)");
  EXPECT_TRUE(text("get-property('MessageID')").starts_with("urn:uuid:"));
}

TEST_F(SynapseXPath, GetPropertyKnowsFaultsAndFormats) {
  EXPECT_EQ(text("get-property('FAULT')"), "");
  EXPECT_EQ(text("get-property('MESSAGE_FORMAT')"), "soap11");
  message.payload.assign(
      "<e:Envelope xmlns:e='http://www.w3.org/2003/05/soap-envelope'><e:Body><e:Fault/></e:Body></e:Envelope>", "application/soap+xml");
  EXPECT_EQ(text("get-property('FAULT')"), "TRUE");
  EXPECT_EQ(text("get-property('MESSAGE_FORMAT')"), "soap12");
  message.rest = true;
  EXPECT_EQ(text("get-property('MESSAGE_FORMAT')"), "pox");
  message.payload.assign(kEnvelope, "text/xml");
  message.axis2.set("FAULT_MESSAGE", "TRUE");
  EXPECT_EQ(text("get-property('FAULT')"), "TRUE");
}

TEST_F(SynapseXPath, SystemDateTakesAJavaPattern) {  // MED-225
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  EXPECT_EQ(text("get-property('SYSTEM_DATE', 'yyyy')"), std::to_string(local.tm_year + 1900));
  EXPECT_EQ(text("get-property('default', 'SYSTEM_DATE', 'yyyy')"), std::to_string(local.tm_year + 1900));
  EXPECT_NE(text("get-property('SYSTEM_DATE')").find('/'), std::string::npos);
  EXPECT_EQ(text("get-property('SYSTEM_DATE', 'nonsense')"), "(fault)");
  const long long milliseconds = std::stoll(text("get-property('SYSTEM_TIME')"));
  EXPECT_NEAR(static_cast<double>(milliseconds) / 1000, static_cast<double>(now), 60);
}

TEST(DateFormat, FollowsSimpleDateFormat) {
  setenv("TZ", "UTC", 1);
  tzset();
  const auto time = std::chrono::system_clock::time_point(std::chrono::milliseconds(1'704'207'845'007));  // Tue 2024-01-02 15:04:05.007
  const std::pair<const char*, const char*> kCases[] = {
      {"yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "2024-01-02T15:04:05.007Z"},
      {"EEE, d MMM yyyy HH:mm:ss Z", "Tue, 2 Jan 2024 15:04:05 +0000"},
      {"EEEE MMMM yy", "Tuesday January 24"},
      {"h:mm a", "3:04 PM"},
      {"K k H", "3 15 15"},
      {"D w W F u", "2 1 1 1 2"},
      {"''yy''", "'24'"},
      {"'o''clock'", "o'clock"},
      {"G yyyyy z", "AD 02024 UTC"},
      {"M/d/yy h:mm a", "1/2/24 3:04 PM"},
      {"", ""},
  };
  for (const auto& [pattern, expected] : kCases) EXPECT_EQ(format_date(time, pattern), std::optional<std::string>(expected)) << pattern;
  EXPECT_EQ(format_date(time, "b"), std::nullopt);
  EXPECT_EQ(format_date(time, "'open"), std::nullopt);
  // The last days of December belong to the first week of the year that follows.
  const auto new_year = std::chrono::system_clock::time_point(std::chrono::seconds(1'735'603'200));  // Tue 2024-12-31
  EXPECT_EQ(format_date(new_year, "YYYY yyyy w"), std::optional<std::string>("2025 2024 1"));
}

// --- other functions --------------------------------------------------------------------------------

TEST_F(SynapseXPath, Base64AndUrlFunctions) {  // MED-230
  EXPECT_EQ(text("base64Encode('a')"), "YQ==");
  EXPECT_EQ(text("base64Decode('YQ==')"), "a");
  EXPECT_EQ(text("base64Encode('\xC3\xA9', 'ISO-8859-1')"), "6Q==");
  EXPECT_EQ(text("base64Decode('6Q==', 'ISO-8859-1')"), "\xC3\xA9");
  EXPECT_EQ(text("base64Encode('a', 'UTF-16')"), "/v8AYQ==");
  EXPECT_EQ(text("base64Encode('a', 'KOI8')"), "(fault)");
  EXPECT_EQ(text("base64Encode()"), "");
  EXPECT_EQ(text("base64Encode('a', 'UTF-8', 'b')"), "");
  EXPECT_EQ(text("base64Encode($ctx:missing)"), "");
  EXPECT_EQ(text("url-encode('a b')"), "a%20b");
  EXPECT_EQ(text("url-encode('/p/q?x=1&y=a b#\xC3\xA9')"), "/p/q?x=1&y=a%20b%23%C3%A9");
  EXPECT_EQ(text("url-encode('\xC3\xA9', 'ISO-8859-1')"), "%E9");
}

TEST_F(SynapseXPath, HmacGenerate) {
  EXPECT_EQ(text("hmac-generate('what do ya want for nothing?', 'Jefe')"), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
  EXPECT_EQ(text("hmac-generate('what do ya want for nothing?', 'Jefe', 'HmacSHA256')"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(text("hmac-generate('a', 'b', 'HmacNone')"), "(fault)");
  EXPECT_EQ(text("hmac-generate('a')"), "");
  EXPECT_EQ(text("hmac-generate($ctx:missing, 'k')"), "");
}

TEST_F(SynapseXPath, FunctionsThatJaxenAdds) {
  EXPECT_EQ(text("upper-case('aBc-1')"), "ABC-1");
  EXPECT_EQ(text("fn:lower-case('aBc-1', 'en')"), "abc-1");
  EXPECT_EQ(text("upper-case('\xC3\xA9\xCF\x80\xD1\x8F\xC3\x9F\xE2\x82\xAC')"), "\xC3\x89\xCE\xA0\xD0\xAFSS\xE2\x82\xAC");
  EXPECT_EQ(text("lower-case('\xC3\x89\xC3\x9F')"), "\xC3\xA9\xC3\x9F");
  EXPECT_EQ(text("upper-case('')"), "");
  EXPECT_EQ(text("ends-with('abc', 'bc')"), "true");
  EXPECT_EQ(text("ends-with('abc', 'ab')"), "false");
  EXPECT_EQ(text("ends-with('c', 'bc')"), "false");
}

TEST_F(SynapseXPath, UndeclaredFunctionPrefixesDoNotCount) {
  EXPECT_EQ(text("fn:concat('a', fn:substring('bcd', 1, 1))"), "ab");
  EXPECT_EQ(text("syn:get-property('SYSTEM_DATE', 'G')"), "AD");
  EXPECT_EQ(text("m:concat('a', 'b')"), "(fault)");
  EXPECT_EQ(text("unknown('a')"), "(fault)");
  EXPECT_NE(fault("unknown('a')").find("Evaluation of the XPath expression unknown('a') resulted in an error"), std::string::npos);
}

TEST_F(SynapseXPath, AMalformedBodyIsTheMessagesFault) {
  message.payload.assign("<broken", "text/xml");
  auto result = compiled("//a")->text(message);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.fault().code, code::kParse);
  EXPECT_EQ(result.fault().status, 400);
  EXPECT_EQ(text("concat('no', ' body')"), "no body");
}

// --- what has to be loaded --------------------------------------------------------------------------

TEST_F(SynapseXPath, TellsWhatItNeeds) {
  for (const char* text : {"'a'", "1 + 1", "$ctx:a", "$trp:Host = 'x'", "get-property('a')", "get-property('MESSAGE_FORMAT')",
                           "get-property('axis2', 'To')", "get-property('transport', $ctx:h)", "$url:q", "$func:p", "$ctx:x/a[b = 1]",
                           "concat($axis2:a, get-property('SYSTEM_DATE', 'yyyy'))", "fn:concat('/a/', $ctx:b)", "true()", "position()",
                           "base64Encode($ctx:a)", "get-property('SYSTEM_TIME')", "normalize-space('a')"})
    EXPECT_EQ(need(text), Need::nothing) << text;
  for (const char* text : {"get-property('To')", "get-property('FAULT')", "get-property('default', 'RelatesTo')", "get-property($ctx:name)",
                           "concat('a', get-property('MessageID'))", "get-property('default', $ctx:n)"})
    EXPECT_EQ(need(text), Need::header) << text;
  for (const char* text : {"//a", "a", ".", "/", "$body", "string($body)", "$header/h", "$env", "$ctx:x/a | //b", "string()", "name()",
                           "$ctx:a = //b", "concat($trp:a, s:Body)", "$ctx:x[a = $body/b]", "get-property('To') = /s:Body", "number() > 1",
                           "lang('en')"})
    EXPECT_EQ(need(text), Need::body) << text;
}

TEST_F(SynapseXPath, PropertiesNeverBuildTheTree) {
  message.properties.set("a", "1");
  EXPECT_EQ(text("concat($ctx:a, get-property('a'), get-property('axis2', 'x'))"), "11");
  EXPECT_FALSE(message.payload.built());
}

// --- compiling --------------------------------------------------------------------------------------

TEST_F(SynapseXPath, SaysWhatIsWrongAndWhere) {
  EXPECT_EQ(error("//m:item[", 9), "the expression ends too early");
  EXPECT_EQ(error("//q:item", 2), "the prefix 'q' is not declared");
  EXPECT_EQ(error("'open", 0), "the string is not closed");
  EXPECT_EQ(error("a b", 2), "an operator was expected, not 'b'");
  EXPECT_EQ(error("concat('a')", 0), "concat() does not take 1 argument");
  EXPECT_EQ(error("1 + (2", 6), "')' was expected at the end");
  EXPECT_EQ(error("sideways::a", 0), "there is no axis 'sideways'");
  EXPECT_EQ(error("get-property('x')/a/b()", 20), "the function 'b' cannot be a step of a path");
  EXPECT_EQ(error("${payload.a}", 0), "synapse expressions ${...} are not supported yet");
  EXPECT_FALSE(error("", 0).empty());
}

TEST_F(SynapseXPath, LimitsNesting) {  // REL-097
  SyntaxError found;
  const auto nested = [](int levels) { return std::string(static_cast<std::size_t>(levels), '(') + "1" + std::string(static_cast<std::size_t>(levels), ')'); };
  EXPECT_TRUE(compile(nested(400), namespaces, found));
  EXPECT_FALSE(compile(nested(600), namespaces, found));
  EXPECT_FALSE(compile(nested(1'000'000), namespaces, found));
  EXPECT_NE(found.message.find("nested too deeply"), std::string::npos);
  std::string sum = "1", predicates = "a";
  for (int i = 0; i < 600; ++i) {
    sum += "+1";
    predicates = "a[" + predicates + "]";
  }
  EXPECT_FALSE(compile(sum, namespaces, found));
  EXPECT_FALSE(compile(predicates, namespaces, found));
}

TEST_F(SynapseXPath, LimitsSteps) {  // REL-097
  std::string xml = "<r>";
  for (int i = 0; i < 20'000; ++i) xml += "<a/>";
  message.payload.assign(xml + "</r>", "application/xml");
  EXPECT_EQ(text("count(//a)"), "20000");
  EXPECT_EQ(text("count(//a[. = ''])"), "20000");
  EXPECT_NE(fault("//a[count(//a) > 1]").find("steps"), std::string::npos);
}

TEST_F(SynapseXPath, LongPathsOverLargeMessagesAreLinear) {
  std::string xml = "<r>";
  for (int i = 0; i < 20'000; ++i) xml += "<a><b><c>x</c></b></a>";
  message.payload.assign(xml + "</r>", "application/xml");
  const auto start = test::cpu_time();
  EXPECT_EQ(text("count(//a/b/c)"), "20000");
  EXPECT_EQ(text("count(//a//c)"), "20000");
  EXPECT_EQ(text("count(//c/ancestor::a)"), "20000");
  EXPECT_EQ(test("//c = //b"), "true");
  EXPECT_EQ(test("//c != //b"), "false");
  EXPECT_EQ(text("count(//a/following-sibling::a)"), "19999");
  EXPECT_LT(test::cpu_time() - start, test::at_most(std::chrono::seconds(2)));
}

TEST_F(SynapseXPath, ValueAttributesAreLiteralUnlessBraced) {
  SyntaxError found;
  message.properties.set("a", "1");
  const auto value = [&](std::string_view text) {
    const auto expression = compile_value(text, namespaces, found);
    return expression ? expression->text(message)->value_or("(null)") : std::string("(error)");
  };
  EXPECT_EQ(value("plain"), "plain");
  EXPECT_EQ(value("$ctx:a"), "$ctx:a");
  EXPECT_EQ(value("{$ctx:a}"), "1");
  EXPECT_EQ(value("{{$ctx:a}}"), "{{$ctx:a}}");
  EXPECT_EQ(value("x{$ctx:a}"), "x{$ctx:a}");
  EXPECT_EQ(value(""), "");
  EXPECT_EQ(value("{a b}"), "(error)");
  EXPECT_EQ(found.offset, 3u);
  EXPECT_TRUE(compile_value("plain", namespaces, found)->is_constant());
}

TEST_F(SynapseXPath, ConstantsAreKnownAtCompileTime) {
  EXPECT_TRUE(compiled("'a'")->is_constant());
  EXPECT_TRUE(compiled("concat('a', 1 + 1)")->is_constant());
  EXPECT_FALSE(compiled("$ctx:a")->is_constant());
  EXPECT_FALSE(compiled("//a")->is_constant());
  EXPECT_FALSE(compiled("get-property('SYSTEM_TIME')")->is_constant());
  EXPECT_EQ(text("concat('a', 1 + 1)"), "a2");
  EXPECT_EQ(compiled("'a'")->source(), "'a'");
}

}  // namespace
}  // namespace myelin::expr
