#include "tests/unit/mediators/fixture.hpp"

namespace myelin {
namespace {

using testing::HasSubstr;

struct PayloadFactoryTest : test::MediatorTest {
  Flow make(const std::string& format, const std::string& args, const std::string& media = "xml") {
    return run("<payloadFactory media-type=\"" + media + "\"><format>" + format + "</format><args>" + args + "</args></payloadFactory>");
  }
};

// MED-115
TEST_F(PayloadFactoryTest, PlaceholdersAreNumbersOfArguments) {
  std::string args;
  for (int i = 1; i <= 10; ++i) args += "<arg value=\"v" + std::to_string(i) + "\"/>";
  make(R"(<x xmlns="">$1-$10-$2-$-$x</x>)", args);
  EXPECT_EQ(body(), "<x>v1-v10-v2-$-$x</x>");
}

// MED-116
TEST_F(PayloadFactoryTest, XmlReplacesTheBody) {
  receive_json(R"({"a":1})");
  make(R"(<x xmlns="">
            <y>$1</y>
          </x>)",
       R"x(<arg expression="json-eval($.a)"/>)x");
  EXPECT_EQ(body(), "<x><y>1</y></x>");
  EXPECT_EQ(message().axis2.text("messageType"), "application/xml");
  EXPECT_EQ(header("Content-Type"), "application/xml");
}

// MED-116
TEST_F(PayloadFactoryTest, SoapStaysSoapAndKeepsItsHeaders) {
  receive_soap("<a>1</a>", R"(<h:Kept xmlns:h="urn:h"/>)");
  make(R"(<x xmlns="">$1</x><second/>)", R"(<arg expression="//a"/>)");
  EXPECT_EQ(body(), "<x>1</x>");
  EXPECT_THAT(envelope(), HasSubstr("Kept"));
  EXPECT_EQ(message().payload.kind(), MediaKind::soap11);
  EXPECT_TRUE(message().axis2.text("messageType").empty());
}

// MED-117
TEST_F(PayloadFactoryTest, AnEnvelopeReplacesTheEnvelope) {
  receive_soap("<a/>", R"(<h:Old xmlns:h="urn:h"/>)");
  make(R"(<s12:Envelope><s12:Body><x xmlns="">$1</x></s12:Body></s12:Envelope>)", R"(<arg value="1"/>)");
  EXPECT_TRUE(Payload::is_soap12(**message().payload.envelope()));
  EXPECT_THAT(envelope(), testing::Not(HasSubstr("Old")));
  EXPECT_THAT(body(), HasSubstr("<x>1</x>"));
}

// MED-118, REL-087
TEST_F(PayloadFactoryTest, XmlArgumentsAreElementsAndTextIsEscaped) {
  make(R"(<x xmlns="">$1|$2|$3</x>)", R"(<arg value="&lt;b>x&lt;/b>"/><arg value="a&lt;b"/><arg value="&lt;b/>" literal="true"/>)");
  EXPECT_EQ(body(), "<x><b>x</b>|a&lt;b|&lt;b/&gt;</x>");
}

TEST_F(PayloadFactoryTest, NodesAreInsertedByTheStringRule) {
  receive_soap("<a><b>1</b><c>text</c></a>");
  make(R"(<x xmlns="">$1|$2</x>)", R"(<arg expression="//a"/><arg expression="//c"/>)");
  EXPECT_EQ(body(), "<x><a><b>1</b><c>text</c></a>|text</x>");
}

TEST_F(PayloadFactoryTest, JsonArgumentsBecomeElementsInXml) {
  receive_json(R"({"o":{"a":1,"b":[2,3]}})");
  make(R"(<x xmlns="">$1</x>)", R"(<arg evaluator="json" expression="$.o"/>)");
  EXPECT_EQ(body(), "<x><a>1</a><b>2</b><b>3</b></x>");
}

// MED-119, REL-087
TEST_F(PayloadFactoryTest, JsonTextIsEscaped) {
  message().properties.set("t", "a\"b\\\n\x01");
  make(R"({"v":"$1"})", R"x(<arg expression="get-property('t')"/>)x", "json");
  EXPECT_EQ(json(), "{\"v\":\"a\\\"b\\\\\\n\\u0001\"}");
  EXPECT_EQ(message().axis2.text("messageType"), "application/json");
  EXPECT_EQ(header("Content-Type"), "application/json");
  EXPECT_TRUE(message().payload.is_json());
}

// MED-120
TEST_F(PayloadFactoryTest, JsonObjectsAndArraysGoInRaw) {
  receive_json(R"({"l":[1,{"a":"b"}],"n":5})");
  make(R"({"l":$1,"n":$2,"bad":"$3"})",
       R"(<arg evaluator="json" expression="$.l"/><arg evaluator="json" expression="$.n"/><arg value="{&quot;x"/>)", "json");
  EXPECT_EQ(json(), R"({"l":[1,{"a":"b"}],"n":5,"bad":"{\"x"})");
}

// MED-121
TEST_F(PayloadFactoryTest, XmlInJsonBecomesAnObject) {
  receive_soap("<a><b>5</b></a>");
  make(R"({"v":$1})", R"(<arg expression="//a"/>)", "json");
  EXPECT_EQ(json(), R"({"v":{"a":{"b":5}}})");
}

TEST_F(PayloadFactoryTest, StructuresLoseTheQuotesAroundThem) {
  receive_json(R"({"l":["a","b"],"o":{"x":1},"n":5,"s":"[1]","t":"<a>7</a>"})");
  make(R"({"l":"$1","o":"$2","n":"$3","s":"$4","raw":$4,"x":"$5","mid":"-$4-","whole":"$2"})",
       R"(<arg evaluator="json" expression="$.l"/><arg evaluator="json" expression="$.o"/>)"
       R"(<arg evaluator="json" expression="$.n"/><arg evaluator="json" expression="$.s"/>)"
       R"(<arg evaluator="json" expression="$.t"/>)", "json");
  EXPECT_EQ(json(), R"({"l":["a","b"],"o":{"x":1},"n":"5","s":"[1]","raw":[1],"x":{"a":7},"mid":"-[1]-","whole":{"x":1}})");
}

TEST_F(PayloadFactoryTest, LiteralStructuresStayTexts) {
  receive_json(R"({"o":{"x":1}})");
  make(R"({"o":"$1"})", R"(<arg evaluator="json" literal="true" expression="$.o"/>)", "json");
  EXPECT_EQ(json(), R"({"o":"{\"x\":1}"})");
}

TEST_F(PayloadFactoryTest, StringsCanBeQuotedByAProperty) {
  run(R"(<property name="QUOTE_STRING_IN_PAYLOAD_FACTORY_JSON" value="true"/>)");
  make(R"({"s":$1,"n":$2})", R"(<arg value="text"/><arg value="5"/>)", "json");
  EXPECT_EQ(json(), R"({"s":"text","n":5})");
}

// MED-122
TEST_F(PayloadFactoryTest, AMissingArgumentLeavesTheRestAsItIs) {
  EXPECT_EQ(make(R"(<x xmlns="">$1 $3 $2</x>)", R"(<arg value="a"/><arg value="b"/>)"), Flow::next);
  EXPECT_EQ(body(), "<x>a $3 $2</x>");
  artifacts.apache = true;
  EXPECT_EQ(make(R"(<x xmlns="">$2</x>)", R"(<arg value="a"/>)"), Flow::fault);
}

// MED-123
TEST_F(PayloadFactoryTest, TextIsATextBody) {
  make("Hello $1", R"(<arg value="a &amp; b"/>)", "text");
  EXPECT_EQ(message().payload.bytes(), "Hello a & b");
  EXPECT_EQ(message().axis2.text("messageType"), "text/plain");
  EXPECT_EQ(header("Content-Type"), "text/plain");
  EXPECT_THAT(body(), HasSubstr("http://ws.apache.org/commons/ns/payload"));
}

// MED-124
TEST_F(PayloadFactoryTest, TheFormatCanBeALocalEntry) {
  artifacts.entries["f"] = LocalEntry{"f", LocalEntry::Type::xml, "<x>$1</x>"};
  run(R"(<payloadFactory><format key="f"/><args><arg value="1"/></args></payloadFactory>)");
  EXPECT_EQ(body(), "<x>1</x>");
  run(R"(<payloadFactory><format key="{concat('f','')}"/><args><arg value="2"/></args></payloadFactory>)");
  EXPECT_EQ(body(), "<x>2</x>");
  EXPECT_EQ(run(R"(<payloadFactory><format key="{concat('no','')}"/></payloadFactory>)"), Flow::fault);
  EXPECT_THAT(message().fault.message, HasSubstr("cannot be found"));
}

// MED-125
TEST_F(PayloadFactoryTest, AMalformedResultIsAFault) {
  artifacts.entries["bad"] = LocalEntry{"bad", LocalEntry::Type::text, "<x>$1"};
  artifacts.entries["text"] = LocalEntry{"text", LocalEntry::Type::text, "no element"};
  EXPECT_EQ(run(R"(<payloadFactory><format key="bad"/><args><arg value="1"/></args></payloadFactory>)"), Flow::fault);
  EXPECT_EQ(run(R"(<payloadFactory><format key="text"/></payloadFactory>)"), Flow::fault);
  EXPECT_EQ(make("oops", "", "json"), Flow::fault);
}

// MED-128
TEST_F(PayloadFactoryTest, ArgumentsNeedAValue) {
  EXPECT_THAT(errors_of("<payloadFactory><format>x</format><args><arg/></args></payloadFactory>"), HasSubstr("<arg> without a value"));
  EXPECT_THAT(errors_of(R"(<payloadFactory><format>x</format><args><arg expression=""/></args></payloadFactory>)"),
              HasSubstr("<arg> without a value"));
  EXPECT_THAT(errors_of("<payloadFactory/>"), HasSubstr("without <format>"));
}

// MED-129
TEST_F(PayloadFactoryTest, ApacheTakesAllElements) {
  artifacts.apache = true;
  receive_soap("<a/>");
  make(R"(<x xmlns="">1</x><y xmlns="">$1</y>)", R"(<arg value="2"/>)");
  EXPECT_EQ(body(), "<x>1</x><y>2</y>");
}

// MED-130
TEST_F(PayloadFactoryTest, TheBodyIsWrittenAgain) {
  message().axis2.set("NO_ENTITY_BODY", true);
  make(R"(<x xmlns=""/>)", "");
  EXPECT_EQ(message().axis2.find("NO_ENTITY_BODY"), nullptr);
}

}  // namespace
}  // namespace myelin
