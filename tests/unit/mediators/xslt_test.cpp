// Style sheets over messages: where the result goes, what a sheet may do, what is wrong with it. What waits
// for a worker is in tests/cases/mediators/xslt_*.case.

#include <filesystem>

#include "tests/unit/mediators/fixture.hpp"

namespace myelin {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string sheet(const std::string& content, const std::string& attributes = "") {
  return R"(<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform")" + attributes + ">" + content +
         "</xsl:stylesheet>";
}
/// A sheet with one template for the whole.
std::string whole(const std::string& content, const std::string& attributes = "") {
  return sheet(R"(<xsl:template match="/">)" + content + "</xsl:template>", attributes);
}

struct XsltTest : test::MediatorTest {
  void entry(const std::string& key, const std::string& text) {
    artifacts.entries[key] = LocalEntry{key, LocalEntry::Type::xml, text};
  }
  /// Runs <xslt key="k"> with that sheet.
  Flow transform(const std::string& text, const std::string& attributes = "", const std::string& children = "") {
    entry("k", text);
    return run("<xslt key='k' " + attributes + ">" + children + "</xslt>");
  }
  std::string fault() { return message().fault.message; }
};

// MED-162
TEST_F(XsltTest, ReplacesTheFirstChildOfTheBody) {
  receive_soap("<a><b>1</b></a><second/>", "<h/>");
  EXPECT_EQ(transform(whole(R"(<out><xsl:value-of select="/a/b"/></out>)")), Flow::next);
  EXPECT_EQ(body(), "<out>1</out><second/>");
  EXPECT_THAT(envelope(), HasSubstr("<h/>"));
}

// MED-162: a parameter reaches the sheet as a string; one without a value is left to its default.
TEST_F(XsltTest, PropertiesAreParameters) {
  receive_soap("<a><b>it's</b></a>");
  transform(sheet(R"(<xsl:param name="v"/><xsl:param name="e"/><xsl:param name="none">default</xsl:param>)"
                  R"(<xsl:template match="/"><out v="{$v}" e="{$e}" none="{$none}"/></xsl:template>)"),
            "", R"(<property name="v" value="1 + 1 &quot;x&quot;"/><property name="e" expression="//b"/>)"
                R"x(<property name="none" expression="get-property('missing')"/>)x");
  EXPECT_EQ(body(), R"(<out v="1 + 1 &quot;x&quot;" e="it's" none="default"/>)");
}

// MED-163
TEST_F(XsltTest, SourceIsReplacedInPlace) {
  receive_soap("<a><b>1</b><c/></a>");
  transform(whole(R"x(<d><xsl:value-of select="name(/*)"/></d>)x"), "source='//b'");
  EXPECT_EQ(body(), "<a><d>b</d><c/></a>");
}

TEST_F(XsltTest, SourceMustSelectAnElement) {
  receive_soap("<a><b x='1'/></a>");
  EXPECT_EQ(transform(whole("<d/>"), "source='//none'"), Flow::fault);
  EXPECT_THAT(fault(), HasSubstr("//none"));
  EXPECT_EQ(transform(whole("<d/>"), "source='//b/@x'"), Flow::fault);
  EXPECT_EQ(body(), "<a><b x='1'/></a>");
}

// MED-164
TEST_F(XsltTest, TextOutputIsWrapped) {
  receive_soap("<a>1 &lt; 2</a>");
  transform(sheet(R"(<xsl:output method="text"/><xsl:template match="/">[<xsl:value-of select="/a"/>]</xsl:template>)"));
  EXPECT_EQ(body(), R"(<text xmlns="http://ws.apache.org/commons/ns/payload">[1 &lt; 2]</text>)");
}

TEST_F(XsltTest, TargetTakesTheResult) {
  receive_soap("<a><b>1</b></a>");
  transform(whole(R"(<out><xsl:copy-of select="/a/b"/></out>)"), "target='t'");
  EXPECT_EQ(body(), "<a><b>1</b></a>");
  EXPECT_EQ(property("t"), "<out><b>1</b></out>");
  transform(sheet(R"(<xsl:output method="text"/><xsl:template match="/">plain</xsl:template>)"), "target='t'");
  EXPECT_EQ(property("t"), "plain");
}

TEST_F(XsltTest, AnEnvelopeReplacesTheEnvelope) {
  receive_soap("<a><b>1</b></a>", "<h/>");
  transform(whole(R"(<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><n/></s:Body></s:Envelope>)"));
  EXPECT_EQ(body(), "<n/>");
  EXPECT_THAT(envelope(), Not(HasSubstr("<h/>")));
  EXPECT_EQ(message().payload.kind(), MediaKind::soap12);
}

TEST_F(XsltTest, NothingElseTakesThePlaceOfTheEnvelope) {
  receive_soap("<a/>");
  EXPECT_EQ(transform(whole("<d/>"), "source='/s11:Envelope'"), Flow::fault);
  EXPECT_EQ(transform(whole("<d/>"), "source='/s11:Envelope/s11:Body'"), Flow::fault);
  EXPECT_EQ(body(), "<a/>");
}

TEST_F(XsltTest, JsonIsTransformedAsXml) {
  receive_json(R"({"a":{"b":"1"}})");
  transform(whole(R"(<jsonObject><n><xsl:value-of select="//b"/></n></jsonObject>)"));
  EXPECT_EQ(json(), R"({"n":1})");
}

TEST_F(XsltTest, NamespacesCommentsAndCharactersComeThrough) {
  receive_soap("<p:a xmlns:p='urn:p' t='p:x'>\xC3\xA4<!--c--><?go on?></p:a>");
  transform(whole(R"(<xsl:copy-of select="/*"/>)"));
  EXPECT_EQ(body(), "<p:a xmlns:p=\"urn:p\" t=\"p:x\">\xC3\xA4<!--c--><?go on?></p:a>");
}

TEST_F(XsltTest, RelativeNamespacesAreNoMistake) {
  receive_soap("<a xmlns='relative' xmlns:p='b c'/>");
  EXPECT_EQ(transform(whole("<out/>")), Flow::next) << fault();
  EXPECT_EQ(body(), "<out/>");
}

TEST_F(XsltTest, AnEmptyBodyStaysInWso2AndFaultsInApache) {
  receive_soap("");
  EXPECT_EQ(transform(whole("<d/>")), Flow::next);
  EXPECT_EQ(body(), "");
  artifacts.apache = true;
  EXPECT_EQ(transform(whole("<d/>")), Flow::fault);
}

TEST_F(XsltTest, ResourcesAreImportedIncludedAndRead) {
  receive_soap("<a/>");
  entry("common", sheet(R"(<xsl:include href="more.xsl"/><xsl:template match="a"><c><xsl:call-template name="m"/></c></xsl:template>)"));
  entry("more", sheet(R"(<xsl:template name="m">more</xsl:template>)"));
  entry("table", "<rows><row>7</row></rows>");
  const std::string resources = R"(<resource location="lib/common.xsl" key="common"/><resource location="more.xsl" key="more"/>)"
                                R"(<resource location="table.xml" key="table"/>)";
  transform(sheet(R"(<xsl:import href="lib/common.xsl"/><xsl:template match="/"><out><xsl:apply-templates/>)"
                  R"x(<xsl:value-of select="document('table.xml')//row"/>)x"
                  R"x(<xsl:value-of select="count(document('')/*/*)"/></out></xsl:template>)x"),
            "", resources);
  EXPECT_EQ(body(), "<out><c>more</c>72</out>");
}

TEST_F(XsltTest, AComputedKeyIsCompiledOnce) {
  entry("one", whole("<one/>"));
  entry("two", whole("<two/>"));
  entry("bad", sheet("<xsl:template/>"));
  const std::string mediator = R"x(<xslt key="{get-property('which')}"/>)x";
  for (const char* which : {"one", "two", "one"}) {
    receive_soap("<a/>");
    message().properties.set("which", which);
    EXPECT_EQ(run(mediator), Flow::next) << fault();
    EXPECT_EQ(body(), "<" + std::string(which) + "/>");
  }
  message().properties.set("which", "bad");
  EXPECT_EQ(run(mediator), Flow::fault);
  EXPECT_THAT(fault(), HasSubstr("'bad'"));
  message().properties.set("which", "none");
  EXPECT_EQ(run(mediator), Flow::fault);
  EXPECT_THAT(fault(), HasSubstr("'none' of xslt cannot be found"));
}

// REL-096: what it reads has to be configured.
TEST_F(XsltTest, ReadsNoFileAndNoNetwork) {
  receive_soap("<a/>");
  for (const char* uri : {"/etc/passwd", "file:///etc/passwd", "http://127.0.0.1:9/x"}) {
    EXPECT_EQ(transform(whole("<out><xsl:copy-of select=\"document('" + std::string(uri) + "')\"/></out>")), Flow::fault);
    EXPECT_THAT(fault(), HasSubstr(uri));
  }
  EXPECT_EQ(body(), "<a/>");
}

// REL-096
TEST_F(XsltTest, WritesNoFile) {
  receive_soap("<a/>");
  const std::string file = testing::TempDir() + "myelin-xslt-wrote-this";
  const std::string names = R"( xmlns:saxon="http://icl.com/saxon" xmlns:exsl="http://exslt.org/common" extension-element-prefixes="saxon exsl")";
  EXPECT_EQ(transform(whole("<out><saxon:output href='" + file + "'><x/></saxon:output></out>", names)), Flow::fault);
  EXPECT_EQ(transform(whole("<out><exsl:document href='" + file + "'><x/></exsl:document></out>", names)), Flow::fault);
  EXPECT_FALSE(std::filesystem::exists(file));
}

// REL-096
TEST_F(XsltTest, HasNoExtensionFunctions) {
  receive_soap("<a/>");
  EXPECT_EQ(transform(whole(R"x(<out><xsl:value-of select="e:node-set(/)"/></out>)x", R"( xmlns:e="http://exslt.org/common")")),
            Flow::fault);
  EXPECT_THAT(fault(), HasSubstr("k"));
}

// REL-096: no deeper than 3000.
TEST_F(XsltTest, EndlessRecursionIsAFault) {
  receive_soap("<a/>");
  EXPECT_EQ(transform(sheet(R"(<xsl:template match="/"><o><xsl:call-template name="r"/></o></xsl:template>)"
                            R"(<xsl:template name="r"><xsl:call-template name="r"/></xsl:template>)")),
            Flow::fault);
  EXPECT_THAT(fault(), HasSubstr("infinite template recursion"));
  EXPECT_THAT(fault(), Not(HasSubstr("Variables")));
}

// REL-136: what takes many steps is not done on the message's own thread, however small the message.
TEST_F(XsltTest, WhatTakesLongIsLeftToAWorker) {
  receive_soap("<a/>");
  const std::string twice = R"(<xsl:call-template name="r"><xsl:with-param name="n" select="$n - 1"/></xsl:call-template>)";
  const std::string many = sheet(R"(<xsl:template match="/"><o><xsl:call-template name="r"><xsl:with-param name="n" select="40"/>)"
                                 R"(</xsl:call-template></o></xsl:template><xsl:template name="r"><xsl:param name="n"/>)"
                                 R"(<xsl:if test="$n > 0">)" + twice + twice + "</xsl:if></xsl:template>");
  EXPECT_EQ(transform(many), Flow::suspend);
  EXPECT_EQ(message().pending.kind, Pending::Kind::work);
  EXPECT_EQ(body(), "<a/>");
}

TEST_F(XsltTest, ABigMessageIsLeftToAWorker) {
  receive_soap("<a>" + std::string(70'000, 'x') + "</a>");
  EXPECT_EQ(transform(whole("<o/>")), Flow::suspend);
  EXPECT_EQ(message().pending.kind, Pending::Kind::work);
}

TEST_F(XsltTest, AMessageCanEndIt) {
  receive_soap("<a/>");
  EXPECT_EQ(transform(whole(R"(<o><xsl:message terminate="yes">not like this</xsl:message></o>)")), Flow::fault);
  EXPECT_THAT(fault(), HasSubstr("not like this"));
  EXPECT_EQ(transform(whole(R"(<o><xsl:message>noted</xsl:message></o>)")), Flow::next);
  EXPECT_EQ(body(), "<o/>");
}

TEST_F(XsltTest, AResultWithoutElementIsAFault) {
  receive_soap("<a/>");
  EXPECT_EQ(transform(whole("text")), Flow::fault);
  EXPECT_THAT(fault(), HasSubstr("made no element"));
  EXPECT_EQ(body(), "<a/>");
}

// --- what is wrong with a sheet -------------------------------------------------------------------------

struct BrokenSheet : XsltTest {
  /// Links <xslt key="k"> with a sheet whose elements stand at line 10, 20 ... of sheets.xml.
  std::string problems_of(const std::string& text, int elements) {
    LocalEntry broken{"k", LocalEntry::Type::xml, text, {"sheets.xml", 10, 3}};
    for (int i = 1; i <= elements; ++i) broken.places.push_back({i * 10, 3});
    artifacts.entries["k"] = std::move(broken);
    const auto flow = bind("<xslt key='k'/>");
    Linker linker(artifacts, problems);
    flow->link(linker);
    std::string all;
    for (const xml::Problem& problem : problems.all()) all += problem.text() + "\n";
    return all;
  }
};

TEST_F(BrokenSheet, ABadExpressionIsToldWithItsPlace) {
  EXPECT_EQ(problems_of(whole(R"(<out><xsl:value-of select="a[b"/></out>)"), 4),
            "sheets.xml:40:3: error: in the style sheet 'k': xsl:value-of : could not compile select expression 'a[b' "
            "(Invalid predicate at character 4 of 'a[b')\n");
}

TEST_F(BrokenSheet, AnUnknownInstructionIsToldWithItsPlace) {
  EXPECT_THAT(problems_of(whole(R"(<out/><xsl:valu-of select="a"/>)"), 4), HasSubstr("sheets.xml:40:3: warning: in the style sheet 'k'"));
}

TEST_F(BrokenSheet, AMissingImportIsToldWithItsPlace) {
  const std::string found = problems_of(sheet(R"(<xsl:import href="http://localhost/none.xsl"/>)"), 2);
  EXPECT_THAT(found, HasSubstr("'http://localhost/none.xsl' is none of its resources"));
  EXPECT_THAT(found, HasSubstr("sheets.xml:20:3: error: in the style sheet 'k': xsl:import : unable to load"));
}

TEST_F(BrokenSheet, ADocumentOfAnotherKindIsNone) {
  EXPECT_THAT(problems_of("<a/>", 1), HasSubstr("error: "));
  EXPECT_TRUE(problems.has_errors());
}

TEST_F(BrokenSheet, ATextIsToldWithThePositionInItsFile) {
  artifacts.entries["k"] = LocalEntry{"k", LocalEntry::Type::text, "<a>\n  <b></a>", {"sheet.xsl", 0, 0}};
  const auto flow = bind("<xslt key='k'/>");
  Linker linker(artifacts, problems);
  flow->link(linker);
  EXPECT_THAT(errors(), HasSubstr("sheet.xsl:2:10: error: in the style sheet 'k': "));
}

TEST_F(BrokenSheet, ADocumentTypeIsRefused) {
  artifacts.entries["k"] = LocalEntry{"k", LocalEntry::Type::text, "<!DOCTYPE a [<!ENTITY e SYSTEM '/etc/passwd'>]><a>&e;</a>", {"s.xsl", 0, 0}};
  const auto flow = bind("<xslt key='k'/>");
  Linker linker(artifacts, problems);
  flow->link(linker);
  EXPECT_THAT(errors(), HasSubstr("DOCTYPE"));
}

TEST_F(BrokenSheet, AMissingOneIsAWarning) {
  const auto flow = bind("<xslt key='nowhere'/>");
  Linker linker(artifacts, problems);
  flow->link(linker);
  EXPECT_EQ(errors(), "");
  ASSERT_EQ(problems.all().size(), 1u);
  EXPECT_THAT(problems.all().front().text(), HasSubstr("local entry 'nowhere' is defined by no loaded file"));
}

TEST_F(XsltTest, ItsElementIsChecked) {
  EXPECT_THAT(errors_of("<xslt/>"), HasSubstr("missing attribute 'key' on <xslt>"));
  EXPECT_THAT(errors_of("<xslt key='k' source='a['/>"), HasSubstr("source"));
  EXPECT_THAT(errors_of("<xslt key='k'><feature name='f' value='maybe'/></xslt>"), HasSubstr("true or false"));
  EXPECT_THAT(errors_of("<xslt key='k'><feature name='f'/></xslt>"), HasSubstr("'value'"));
  EXPECT_THAT(errors_of("<xslt key='k'><attribute name='a' value='1'/><attribute name=' a' value='2'/></xslt>"),
              HasSubstr("a second <attribute> 'a'"));
  EXPECT_THAT(errors_of("<xslt key='k'><resource location='x'/></xslt>"), HasSubstr("'key'"));
  EXPECT_EQ(errors_of("<xslt key='k' useCache='false' target='t'><feature name='f' value='TRUE'/></xslt>"), "");
}

}  // namespace
}  // namespace myelin
