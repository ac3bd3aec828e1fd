#include "tests/unit/mediators/fixture.hpp"

namespace myelin {
namespace {

using testing::HasSubstr;

struct PropertyTest : test::MediatorTest {};

// MED-066
TEST_F(PropertyTest, ValueWinsOverElementAndExpression) {
  run(R"(<property name="a" value="v" expression="'e'"><x xmlns=""/></property>
         <property name="b" expression="'e'"><x xmlns=""/></property>)");
  EXPECT_EQ(property("a"), "v");
  EXPECT_EQ(property("b"), "<x/>");
}

// MED-067
TEST_F(PropertyTest, WithoutAValueItMustRemove) {
  EXPECT_THAT(errors_of(R"(<property name="a"/>)"), HasSubstr("without a value"));
  EXPECT_EQ(errors_of(R"(<property name="a" action="remove"/>)"), "");
}

// MED-068, MED-073
TEST_F(PropertyTest, TypesAreCheckedWhenTheConfigurationIsRead) {
  EXPECT_THAT(errors_of(R"(<property name="a" value="x" type="INTEGER"/>)"), HasSubstr("'x' is not of type INTEGER"));
  EXPECT_THAT(errors_of(R"(<property name="a" value="1" type="integer"/>)"), HasSubstr("integer"));
  EXPECT_THAT(errors_of(R"(<property name="a" value="1" type="NUMBER"/>)"), HasSubstr("NUMBER"));
  EXPECT_THAT(errors_of(R"(<property name="a" value="40000" type="SHORT"/>)"), HasSubstr("SHORT"));
  EXPECT_THAT(errors_of(R"(<property name="a" value="&lt;a>" type="OM"/>)"), HasSubstr("not XML"));
  EXPECT_EQ(errors_of(R"(<property name="a" value="9999999999" type="LONG"/>)"), "");
}

// MED-069
TEST_F(PropertyTest, AnIntegerTakesTheWholePartOfANumber) {
  EXPECT_EQ(run(R"(<property name="a" expression="'3.9'" type="INTEGER"/>)"), Flow::next);
  EXPECT_EQ(*message().properties.find("a")->as<std::int64_t>(), 3);
  artifacts.apache = true;
  EXPECT_EQ(run(R"(<property name="a" expression="'3.9'" type="INTEGER"/>)"), Flow::fault);
}

// MED-070
TEST_F(PropertyTest, BooleansAreTrueYesAndOne) {
  run(R"(<property name="a" value="YES" type="BOOLEAN"/><property name="b" value="1" type="BOOLEAN"/>
         <property name="c" value="True" type="BOOLEAN"/><property name="d" value="on" type="BOOLEAN"/>)");
  for (const char* name : {"a", "b", "c"}) EXPECT_TRUE(*message().properties.find(name)->as<bool>()) << name;
  EXPECT_FALSE(*message().properties.find("d")->as<bool>());
}

// MED-071
TEST_F(PropertyTest, AnXmlPropertyCanBeWalked) {
  run(R"(<property name="x" value="&lt;a&gt;&lt;b&gt;7&lt;/b&gt;&lt;/a&gt;" type="OM"/>
         <property name="y" expression="$ctx:x/b"/>)");
  EXPECT_EQ(property("y"), "7");
}

TEST_F(PropertyTest, AnXmlPropertyOfTheBodyIsACopy) {
  receive_soap("<a><b>1</b></a>");
  run(R"(<property name="x" expression="//a" type="OM"/>
         <enrich><source type="inline">2</source><target type="custom" xpath="//b"/></enrich>)");
  EXPECT_EQ(property("x"), "<a><b>1</b></a>");
  EXPECT_EQ(body(), "<a><b>2</b></a>");
}

// MED-072
TEST_F(PropertyTest, TextThatIsNoJsonBecomesAJsonString) {
  run(R"(<property name="a" value="abc" type="JSON"/><property name="b" value="[1]" type="JSON"/>)");
  EXPECT_EQ(message().properties.find("a")->as<Json>()->text, "\"abc\"");
  EXPECT_EQ(message().properties.find("b")->as<Json>()->text, "[1]");
}

TEST_F(PropertyTest, NumbersKeepTheirType) {
  run(R"(<property name="a" value="2.5" type="DOUBLE"/><property name="b" value="1.5" type="FLOAT"/>
         <property name="c" value="7" type="SHORT"/>)");
  EXPECT_EQ(*message().properties.find("a")->as<double>(), 2.5);
  EXPECT_EQ(*message().properties.find("b")->as<double>(), 1.5);
  EXPECT_EQ(*message().properties.find("c")->as<std::int64_t>(), 7);
}

// MED-074, MED-075
TEST_F(PropertyTest, TransportScopeIsTheHeaders) {
  message().headers.add("X-Old", "1");
  run(R"(<property name="X-New" value="v" scope="transport"/><property name="x-old" scope="transport" action="remove"/>)");
  EXPECT_EQ(header("X-New"), "v");
  EXPECT_EQ(header("X-Old"), "(none)");
}

// REL-080, REL-004
TEST_F(PropertyTest, AControlCharacterInAHeaderIsAFault) {
  EXPECT_EQ(run(R"(<property name="X-Tab" value="a&#9;b" scope="transport"/>)"), Flow::next);
  for (const char* text : {"a&#10;b", "a&#13;b", "a&#127;b"}) {
    EXPECT_EQ(run(std::string(R"(<property name="X" value=")") + text + R"(" scope="transport"/>)"), Flow::fault);
    EXPECT_EQ(message().fault.status, 500);
    EXPECT_EQ(header("X"), "(none)");
  }
}

// REL-080, REL-082
TEST_F(PropertyTest, ALineEndCannotReachAHeadThroughAxis2) {
  for (const char* name : {"messageType", "ContentType", "HTTP_SC_DESC", "REQUEST_HOST_HEADER", "HTTP_METHOD"})
    EXPECT_EQ(run(std::string("<property name=\"") + name + "\" value=\"a&#10;b\" scope=\"axis2\"/>"), Flow::fault) << name;
  EXPECT_EQ(run(R"(<property name="other" value="a&#10;b" scope="axis2"/>)"), Flow::next);
}

// REL-081
TEST_F(PropertyTest, HeaderNamesAreTokensAndFramingStaysTheTransports) {
  EXPECT_EQ(run(R"(<property name="a b" value="v" scope="transport"/>)"), Flow::fault);
  EXPECT_EQ(run(R"(<property name="Content-Length" value="3" scope="transport"/>)"), Flow::next);
  EXPECT_EQ(run(R"(<property name="transfer-encoding" value="chunked" scope="transport"/>)"), Flow::next);
  EXPECT_EQ(header("Content-Length"), "(none)");
  EXPECT_EQ(header("Transfer-Encoding"), "(none)");
}

// MED-076
TEST_F(PropertyTest, UnknownScopesAreRefused) {
  EXPECT_THAT(errors_of(R"(<property name="a" value="v" scope="axis3"/>)"), HasSubstr("axis3"));
  EXPECT_EQ(errors_of(R"(<property name="a" value="v" scope="operation"/>)"), "");
  artifacts.apache = true;
  EXPECT_THAT(errors_of(R"(<property name="a" value="v" scope="operation"/>)"), HasSubstr("operation"));
}

// MED-077, MED-078, MED-079
TEST_F(PropertyTest, PatternsTakeAPartOfTheText) {
  run(R"(<property name="a" value="a12b" pattern="a(.*)b" group="1"/><property name="b" value="a12b" pattern="a(.*)b"/>
         <property name="c" value="xyz" pattern="a(.*)b" group="1"/><property name="d" value="a12b" pattern="a(.*)b" group="2"/>
         <property name="e" value="a12b" group="1"/>)");
  EXPECT_EQ(property("a"), "12");
  EXPECT_EQ(property("b"), "a12b");
  EXPECT_EQ(property("c"), "");
  EXPECT_NE(message().properties.find("c"), nullptr);
  EXPECT_EQ(property("d"), "");
  EXPECT_EQ(property("e"), "a12b");
  EXPECT_THAT(errors_of(R"(<property name="a" value="v" pattern="v" group="one"/>)"), HasSubstr("group"));
  EXPECT_THAT(errors_of(R"(<property name="a" value="v" pattern="("/>)"), HasSubstr("regular expression"));
}

// MED-080, MED-226
TEST_F(PropertyTest, NullKeepsTheOldValue) {
  run(R"x(<property name="a" value="old"/><property name="a" expression="get-property('missing')"/>)x");
  EXPECT_EQ(property("a"), "old");
}

// MED-081
TEST_F(PropertyTest, MessageTypeAlsoSetsTheContentType) {
  run(R"(<property name="messageType" value="application/json" scope="axis2"/>)");
  EXPECT_EQ(message().axis2.text("messageType"), "application/json");
  EXPECT_EQ(message().axis2.text("ContentType"), "application/json");
  EXPECT_EQ(header("Content-Type"), "application/json");
}

TEST_F(PropertyTest, AMultipartMessageTypeKeepsTheBoundary) {
  message().headers.add("Content-Type", "multipart/form-data; boundary=x");
  run(R"(<property name="messageType" value="multipart/form-data" scope="axis2"/>)");
  EXPECT_EQ(header("Content-Type"), "multipart/form-data; boundary=x");
}

// MED-082
TEST_F(PropertyTest, InlineXmlIsCopiedPerMessage) {
  const auto sequence = bind(R"(<property name="a"><x xmlns=""><y/></x></property>)");
  Linker linker(artifacts, problems);
  sequence->link(linker);
  sequence->run(message());
  const tree::Document* first = message().properties.find("a")->as<Nodes>()->owner.get();
  EXPECT_EQ(property("a"), "<x><y/></x>");
  const Value kept = *message().properties.find("a");
  sequence->run(message());
  EXPECT_NE(message().properties.find("a")->as<Nodes>()->owner.get(), first);
}

// MED-083
TEST_F(PropertyTest, NamesCanBeExpressions) {
  run(R"(<property name="n" value="dynamic"/><property name="{get-property('n')}" value="v"/>)");
  EXPECT_EQ(property("dynamic"), "v");
}

// MED-084
TEST_F(PropertyTest, UnknownActionsSet) {
  run(R"(<property name="a" value="v" action="foo"/>)");
  EXPECT_EQ(property("a"), "v");
}

// MED-085
TEST_F(PropertyTest, AGroupSetsItsPropertiesInOrder) {
  run(R"x(<propertyGroup><property name="a" value="1"/><property name="b" expression="concat(get-property('a'), '2')"/></propertyGroup>)x");
  EXPECT_EQ(property("b"), "12");
  EXPECT_THAT(errors_of("<propertyGroup><drop/></propertyGroup>"), HasSubstr("<drop> in <propertyGroup>"));
}

// MED-086
TEST_F(PropertyTest, OperationScopeSurvivesTheResponse) {
  run(R"(<property name="a" value="v" scope="operation"/><property name="b" value="v" scope="axis2"/>)");
  message().begin_response();
  EXPECT_EQ(message().operation.text("a"), "v");
  EXPECT_EQ(message().axis2.find("b"), nullptr);
}

// MED-252
TEST_F(PropertyTest, TheUrlPostfixCanBeSetAndRemoved) {
  message().has_postfix = true;
  message().postfix = "/old";
  run(R"(<property name="REST_URL_POSTFIX" value="/new" scope="axis2"/>)");
  EXPECT_TRUE(message().has_postfix);
  EXPECT_EQ(message().postfix, "/new");
  run(R"(<property name="REST_URL_POSTFIX" scope="axis2" action="remove"/>)");
  EXPECT_FALSE(message().has_postfix);
  EXPECT_TRUE(message().axis2_property("REST_URL_POSTFIX").is_null());
}

// MED-040, MED-041
TEST_F(PropertyTest, ResponseAsATextChangesTheDirection) {
  run(R"(<property name="RESPONSE" value="true" type="BOOLEAN"/>)");
  EXPECT_FALSE(message().is_response());
  run(R"(<property name="RESPONSE" value="true"/>)");
  EXPECT_TRUE(message().is_response());
  message().response = true;
  run(R"(<property name="RESPONSE" value="false"/>)");
  EXPECT_FALSE(message().is_response());
}

TEST_F(PropertyTest, OnlyWhatReadsTheBodyNeedsIt) {
  EXPECT_EQ(need_of(R"(<property name="a" value="v"/>)"), Need::nothing);
  EXPECT_EQ(need_of(R"(<property name="a" expression="$trp:X"/>)"), Need::nothing);
  EXPECT_EQ(need_of(R"(<property name="a" expression="//b"/>)"), Need::body);
  EXPECT_EQ(need_of(R"(<property name="messageType" value="text/xml" scope="axis2"/>)"), Need::body);
  EXPECT_EQ(need_of(R"(<property name="DISABLE_CHUNKING" value="true" scope="axis2"/>)"), Need::body);
  EXPECT_EQ(need_of(R"(<property name="messageType" action="remove" scope="axis2"/>)"), Need::nothing);
  EXPECT_EQ(need_of(R"(<property name="Content-Encoding" value="gzip" scope="transport"/>)"), Need::body);
}

}  // namespace
}  // namespace myelin
