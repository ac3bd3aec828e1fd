#include "tests/unit/mediators/fixture.hpp"

namespace myelin {
namespace {

using testing::HasSubstr;

struct EnrichTest : test::MediatorTest {
  Flow enrich(const std::string& source, const std::string& target) {
    return run("<enrich>" + source + target + "</enrich>");
  }
  std::string refused(const std::string& source, const std::string& target) {
    return errors_of("<enrich>" + source + target + "</enrich>");
  }
};

// MED-131, MED-132
TEST_F(EnrichTest, TheBodyIsStoredAndComesBack) {
  receive_soap("<a><b>1</b></a>");
  enrich(R"(<source type="body"/>)", R"(<target type="property" property="p"/>)");
  enrich(R"(<source type="inline">2</source>)", R"(<target xpath="//b"/>)");
  EXPECT_EQ(property("p"), "<a><b>1</b></a>");
  EXPECT_EQ(body(), "<a><b>2</b></a>");
  enrich(R"(<source type="property" property="p"/>)", R"(<target type="body"/>)");
  EXPECT_EQ(body(), "<a><b>1</b></a>");
}

// MED-133
TEST_F(EnrichTest, ChildAppends) {
  receive_soap("<a><b/></a>");
  enrich(R"(<source type="inline"><c xmlns="">1</c></source>)", R"(<target action="child" xpath="//a"/>)");
  EXPECT_EQ(body(), "<a><b/><c>1</c></a>");
}

// MED-134
TEST_F(EnrichTest, SiblingInsertsAfter) {
  receive_soap("<a><b/><d/></a>");
  enrich(R"(<source type="inline"><c xmlns=""/></source>)", R"(<target action="sibling" xpath="//b"/>)");
  EXPECT_EQ(body(), "<a><b/><c/><d/></a>");
}

// MED-135
TEST_F(EnrichTest, ReplaceSwapsTheNode) {
  receive_soap("<a><b/><d/></a>");
  enrich(R"(<source type="inline"><c xmlns=""/></source>)", R"(<target xpath="//b"/>)");
  EXPECT_EQ(body(), "<a><c/><d/></a>");
}

// MED-136
TEST_F(EnrichTest, ATextBecomesTheTextOfTheElement) {
  receive_soap("<a><b><old/></b></a>");
  message().properties.set("p", "new");
  enrich(R"(<source type="property" property="p"/>)", R"(<target xpath="//b"/>)");
  EXPECT_EQ(body(), "<a><b>new</b></a>");
  enrich(R"(<source type="inline">more</source>)", R"x(<target xpath="//b/text()"/>)x");
  EXPECT_EQ(body(), "<a><b>more</b></a>");
}

// MED-137
TEST_F(EnrichTest, AnAttributeTakesATextOnly) {
  receive_soap(R"(<a x="1"/>)");
  EXPECT_EQ(enrich(R"(<source type="inline">2</source>)", R"(<target xpath="//a/@x"/>)"), Flow::next);
  EXPECT_EQ(body(), R"(<a x="2"/>)");
  EXPECT_EQ(enrich(R"(<source type="inline"><c xmlns=""/></source>)", R"(<target xpath="//a/@x"/>)"), Flow::fault);
}

// MED-138
TEST_F(EnrichTest, ATargetWithoutMatchIsAFault) {
  receive_soap("<a/>");
  EXPECT_EQ(enrich(R"(<source type="inline">2</source>)", R"(<target xpath="//missing"/>)"), Flow::fault);
  EXPECT_EQ(message().fault.message, "Invalid Target object to be enrich.");
}

TEST_F(EnrichTest, TheEnvelopeCannotBeTakenApart) {
  receive_soap("<a/>");
  for (const char* path : {"/*", "//s11:Body"})
    EXPECT_EQ(enrich(R"(<source type="inline"><c xmlns=""/></source>)", std::string(R"(<target xpath=")") + path + "\"/>"), Flow::fault);
}

// MED-139, MED-140
TEST_F(EnrichTest, SomeCombinationsAreRefused) {
  const char* custom = R"(<source xpath="//a"/>)";
  const char* whole = R"(<source type="envelope"/>)";
  const char* from_body = R"(<source type="body"/>)";
  EXPECT_THAT(refused(from_body, R"(<target type="body"/>)"), HasSubstr("source of type body"));
  EXPECT_THAT(refused(from_body, R"(<target type="envelope"/>)"), HasSubstr("source of type body"));
  EXPECT_THAT(refused(custom, R"(<target type="envelope"/>)"), HasSubstr("source of type custom"));
  EXPECT_THAT(refused(whole, R"(<target type="body"/>)"), HasSubstr("source of type envelope"));
  EXPECT_THAT(refused(whole, R"(<target type="custom" xpath="//a"/>)"), HasSubstr("source of type envelope"));
  EXPECT_THAT(refused(R"(<source type="property" property="p"/>)", R"(<target type="envelope" action="child"/>)"),
              HasSubstr("only be replaced"));
  EXPECT_THAT(refused(R"(<source type="inline">1</source>)", R"x(<target type="custom" xpath="json-eval($)"/>)x"), HasSubstr("JSON root"));
  EXPECT_THAT(refused(R"(<source type="body"/>)", R"(<target type="body" action="remove"/>)"), HasSubstr("remove"));
  EXPECT_THAT(refused(custom, R"(<target type="inline"/>)"), HasSubstr("inline"));
  artifacts.apache = true;
  EXPECT_EQ(refused(custom, R"(<target type="envelope"/>)"), "");
}

TEST_F(EnrichTest, SourceAndTargetAreRequired) {
  EXPECT_THAT(errors_of("<enrich/>"), HasSubstr("without <source>"));
  EXPECT_THAT(refused(R"(<source/>)", R"(<target type="body"/>)"), HasSubstr("xpath"));
  EXPECT_THAT(refused(R"(<source type="property"/>)", R"(<target type="body"/>)"), HasSubstr("property"));
  EXPECT_THAT(refused(R"(<source type="inline"/>)", R"(<target type="body"/>)"), HasSubstr("inline <source>"));
  EXPECT_THAT(refused(R"x(<source xpath="json-eval($.a,$.b[)"/>)x", R"(<target type="body" action="remove"/>)"), HasSubstr("no JSONPath"));
}

// MED-141
TEST_F(EnrichTest, TheEnvelopeTakesOnlyAnEnvelope) {
  receive_soap("<a/>");
  message().properties.set("p", "text");
  EXPECT_EQ(enrich(R"(<source type="property" property="p"/>)", R"(<target type="envelope"/>)"), Flow::fault);
  EXPECT_EQ(enrich(R"(<source type="inline"><x xmlns=""/></source>)", R"(<target type="envelope"/>)"), Flow::fault);
  enrich(R"(<source type="envelope"/>)", R"(<target type="property" property="saved"/>)");
  enrich(R"(<source type="inline"><x xmlns=""/></source>)", R"(<target type="body"/>)");
  EXPECT_EQ(body(), "<x/>");
  EXPECT_EQ(enrich(R"(<source type="property" property="saved"/>)", R"(<target type="envelope"/>)"), Flow::next);
  EXPECT_EQ(body(), "<a/>");
}

// MED-142
TEST_F(EnrichTest, InlineXmlGoesIntoABodyElement) {
  receive_soap("<a/>");
  enrich(R"(<source type="inline"><c xmlns="urn:c">1</c></source>)", R"(<target type="body" action="child"/>)");
  EXPECT_EQ(body(), R"(<a><c xmlns="urn:c">1</c></a>)");
}

TEST_F(EnrichTest, InlineMayBeALocalEntry) {
  artifacts.entries["k"] = LocalEntry{"k", LocalEntry::Type::xml, "<c/>"};
  receive_soap("<a/>");
  enrich(R"(<source type="inline" key="k"/>)", R"(<target type="body"/>)");
  EXPECT_EQ(body(), "<c/>");
  EXPECT_EQ(enrich(R"(<source type="inline" key="none"/>)", R"(<target type="body"/>)"), Flow::fault);
}

TEST_F(EnrichTest, AnEmptyBodyTakesTheElement) {
  receive_soap("");
  enrich(R"(<source type="inline"><c xmlns=""/></source>)", R"(<target type="body"/>)");
  EXPECT_EQ(body(), "<c/>");
}

// MED-143
TEST_F(EnrichTest, JsonMembersAreReplaced) {
  receive_json(R"({"a":1,"b":{"c":[1,2]}})");
  enrich(R"(<source type="inline">5</source>)", R"x(<target xpath="json-eval($.a)"/>)x");
  enrich(R"(<source type="inline">text</source>)", R"x(<target xpath="json-eval($.b.c[1])"/>)x");
  enrich(R"(<source type="inline">{"n":1}</source>)", R"x(<target xpath="json-eval($.new)"/>)x");
  EXPECT_EQ(json(), R"({"a":5,"b":{"c":[1,"text"]},"new":{"n":1}})");
  enrich(R"x(<source xpath="json-eval($.b.c)"/>)x", R"x(<target xpath="json-eval($.a)"/>)x");
  EXPECT_EQ(json(), R"({"a":[1,"text"],"b":{"c":[1,"text"]},"new":{"n":1}})");
  EXPECT_EQ(enrich(R"(<source type="inline">5</source>)", R"x(<target xpath="json-eval($.x.y)"/>)x"), Flow::fault);
}

// MED-144
TEST_F(EnrichTest, JsonChildAddsToArraysAndObjects) {
  receive_json(R"({"l":[1],"o":{"x":1}})");
  enrich(R"(<source type="inline">2</source>)", R"x(<target action="child" xpath="json-eval($.l)"/>)x");
  enrich(R"(<source type="inline">{"x":9,"y":8}</source>)", R"x(<target action="child" xpath="json-eval($.o)"/>)x");
  enrich(R"(<source type="inline">{"z":7}</source>)", R"(<target action="child" type="body"/>)");
  EXPECT_EQ(json(), R"({"l":[1,2],"o":{"x":9,"y":8},"z":7})");
  EXPECT_EQ(enrich(R"(<source type="inline">2</source>)", R"x(<target action="sibling" xpath="json-eval($.l)"/>)x"), Flow::fault);
}

// MED-145
TEST_F(EnrichTest, RemoveDeletesMembers) {
  receive_json(R"({"a":1,"b":[{"x":1,"y":2},{"x":3}]})");
  enrich(R"x(<source xpath="json-eval($.a)"/>)x", R"(<target type="body" action="remove"/>)");
  enrich(R"x(<source xpath="json-eval($.b[*].x)"/>)x", R"(<target type="body" action="remove"/>)");
  EXPECT_EQ(json(), R"({"b":[{"y":2},{}]})");
  message().properties.set("p", R"({"a":1,"b":2})");
  enrich(R"x(<source xpath="json-eval($.a)"/>)x", R"(<target type="property" property="p" action="remove"/>)");
  EXPECT_EQ(property("p"), R"({"b":2})");
}

TEST_F(EnrichTest, RemoveTakesSeveralPaths) {
  receive_json(R"({"l":[{"id":1,"x":[1]},{"id":2,"x":[2]}],"o":5})");
  enrich(R"x(<source xpath="json-eval($.l[*].x, $.l[0],$.o)"/>)x", R"(<target type="body" action="remove"/>)");
  EXPECT_EQ(json(), R"({"l":[{"id":2}]})");
}

TEST_F(EnrichTest, JsonPlacesMayBeFiltered) {
  receive_json(R"({"l":[{"id":1,"x":1},{"id":2,"x":2}]})");
  enrich(R"(<source type="inline">9</source>)", R"x(<target xpath="json-eval($.l[?(@.id==2)].x)"/>)x");
  EXPECT_EQ(json(), R"({"l":[{"id":1,"x":1},{"id":2,"x":9}]})");
  enrich(R"(<source type="inline">0</source>)", R"x(<target xpath="json-eval($..id)"/>)x");
  EXPECT_EQ(json(), R"({"l":[{"id":0,"x":1},{"id":0,"x":9}]})");
}

TEST_F(EnrichTest, AStoredJsonStringKeepsItsQuotes) {
  receive_json(R"({"a":"x\"y","n":1.50})");
  enrich(R"x(<source xpath="json-eval($.a)"/>)x", R"(<target type="property" property="p"/>)");
  EXPECT_EQ(property("p"), R"("x\"y")");
  enrich(R"(<source type="property" property="p"/>)", R"x(<target xpath="json-eval($.n)"/>)x");
  EXPECT_EQ(json(), R"({"a":"x\"y","n":"x\"y"})");
}

TEST_F(EnrichTest, WithoutCloneJsonLeavesThePayload) {
  receive_json(R"({"a":{"b":1},"c":2})");
  enrich(R"x(<source clone="false" xpath="json-eval($.a)"/>)x", R"(<target type="property" property="p"/>)");
  EXPECT_EQ(json(), R"({"c":2})");
  EXPECT_EQ(property("p"), R"({"b":1})");
}

TEST_F(EnrichTest, InlineTextsMayHoldExpressions) {
  const char* from_json =
      R"x(<source type="inline">{"a":{json-eval($.n)},"b":"-{json-eval($.s)}-","c":{json-eval($.s)},"d":{json-eval($.o)},"e":{json-eval($.none)},"f":"{x} {}"}</source>)x";
  receive_json(R"({"n":5,"s":"q\"t two","o":{"l":[1]}})");
  EXPECT_EQ(enrich(from_json, R"(<target type="body"/>)"), Flow::next);
  EXPECT_EQ(json(), R"({"a":5,"b":"-q\"t two-","c":"q\"t two","d":{"l":[1]},"e":"","f":"{x} {}"})");

  receive_soap("<a><b>1 &lt; 2</b><c><d/></c></a>");
  EXPECT_EQ(enrich(R"(<source type="inline"><x xmlns="" k="{//b}">{//b}{//c}</x></source>)", R"(<target type="body"/>)"), Flow::next);
  EXPECT_EQ(body(), R"(<x k="1 &lt; 2">1 &lt; 2<c><d/></c></x>)");

  message().properties.set("p", "plain");
  EXPECT_EQ(enrich(R"(<source type="inline">{$ctx:p}</source>)", R"(<target xpath="//x"/>)"), Flow::next);
  EXPECT_EQ(body(), R"(<x k="1 &lt; 2">plain</x>)");
  EXPECT_THAT(refused(R"x(<source type="inline">{"a":{//b[}}</source>)x", R"(<target type="body"/>)"), HasSubstr("no expression"));
}

// MED-146
TEST_F(EnrichTest, KeyRenamesAMember) {
  receive_json(R"({"a":{"old":1}})");
  enrich(R"(<source type="inline">new</source>)", R"x(<target type="key" xpath="json-eval($.a.old)"/>)x");
  EXPECT_EQ(json(), R"({"a":{"new":1}})");
}

// MED-147
TEST_F(EnrichTest, UnknownActionsAreRefused) {
  EXPECT_THAT(refused(R"(<source xpath="//a"/>)", R"(<target action="foo" xpath="//b"/>)"), HasSubstr("foo"));
}

// MED-148
TEST_F(EnrichTest, WithoutCloneNodesMove) {
  receive_soap("<a><b>1</b><c/></a>");
  enrich(R"(<source clone="false" xpath="//b"/>)", R"(<target action="child" xpath="//c"/>)");
  EXPECT_EQ(body(), "<a><c><b>1</b></c></a>");
  enrich(R"(<source xpath="//b"/>)", R"(<target action="child" xpath="//a"/>)");
  EXPECT_EQ(body(), "<a><c><b>1</b></c><b>1</b></a>");
  enrich(R"(<source clone="false" xpath="//c"/>)", R"(<target type="property" property="p"/>)");
  EXPECT_EQ(body(), "<a><b>1</b></a>");
  EXPECT_EQ(property("p"), "<c><b>1</b></c>");
}

TEST_F(EnrichTest, AnElementCannotMoveIntoItself) {
  receive_soap("<a><b/></a>");
  enrich(R"(<source clone="false" xpath="//a"/>)", R"(<target action="child" xpath="//b"/>)");
  EXPECT_EQ(body(), "<a><b><a><b/></a></b></a>");
}

TEST_F(EnrichTest, JsonBodiesAreStoredAndComeBack) {
  receive_json(R"({"a":1.50})");
  enrich(R"(<source type="body"/>)", R"(<target type="property" property="p"/>)");
  enrich(R"(<source type="inline">{"other":true}</source>)", R"(<target type="body"/>)");
  EXPECT_EQ(json(), R"({"other":true})");
  enrich(R"(<source type="property" property="p"/>)", R"(<target type="body"/>)");
  EXPECT_EQ(json(), R"({"a":1.50})");
  EXPECT_TRUE(message().payload.is_json());
}

TEST_F(EnrichTest, AJsonTextBecomesThePayloadOfAnXmlMessage) {
  receive_soap("<a/>");
  enrich(R"(<source type="inline">{"a":1}</source>)", R"(<target type="body"/>)");
  EXPECT_TRUE(message().payload.is_json());
  EXPECT_EQ(json(), R"({"a":1})");
}

TEST_F(EnrichTest, APathMayLeadIntoAProperty) {
  receive_soap("<a><b/></a>");
  const char* inline_c = R"(<source type="inline"><c xmlns="">1</c></source>)";
  enrich(R"(<source xpath="//a"/>)", R"(<target type="property" property="p"/>)");
  enrich(R"(<source type="property" property="p"/>)", R"(<target type="property" property="q"/>)");
  EXPECT_EQ(enrich(inline_c, R"(<target action="child" xpath="$ctx:p"/>)"), Flow::next);
  EXPECT_EQ(enrich(inline_c, R"(<target action="sibling" xpath="$ctx:p/b"/>)"), Flow::next);
  EXPECT_EQ(enrich(R"(<source type="inline">2</source>)", R"(<target xpath="$ctx:p/c[2]"/>)"), Flow::next);
  EXPECT_EQ(property("p"), "<a><b/><c>1</c><c>2</c></a>");
  EXPECT_EQ(property("q"), "<a><b/></a>");
  EXPECT_EQ(body(), "<a><b/></a>");
  EXPECT_EQ(enrich(inline_c, R"(<target action="sibling" xpath="$ctx:p"/>)"), Flow::fault);
  EXPECT_EQ(enrich(R"(<source type="inline"><d xmlns=""/></source>)", R"(<target xpath="$ctx:p"/>)"), Flow::next);
  EXPECT_EQ(property("p"), "<d/>");
  EXPECT_EQ(enrich(R"(<source clone="false" xpath="//b"/>)", R"(<target action="child" xpath="$ctx:p"/>)"), Flow::next);
  EXPECT_EQ(property("p"), "<d><b/></d>");
  EXPECT_EQ(body(), "<a/>");
}

TEST_F(EnrichTest, ChildExtendsAnXmlProperty) {
  receive_soap("<a><b/></a>");
  enrich(R"(<source xpath="//a"/>)", R"(<target type="property" property="p"/>)");
  enrich(R"(<source type="inline"><c xmlns=""/></source>)", R"(<target type="property" property="p" action="child"/>)");
  EXPECT_EQ(property("p"), "<a><b/><c/></a>");
}

}  // namespace
}  // namespace myelin
