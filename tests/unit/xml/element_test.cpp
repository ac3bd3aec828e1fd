#include "engine/xml/element.hpp"

#include <gtest/gtest.h>

#include "engine/xml/reader.hpp"

namespace myelin::xml {
namespace {

std::unique_ptr<Document> parse(std::string_view text) {
  Problems problems;
  return read(text, "f.xml", problems);
}

constexpr std::string_view kConfiguration =
    "<definitions xmlns='http://ws.apache.org/ns/synapse' xmlns:m='urn:m' xmlns:unused='urn:u'>"
    "<localEntry key='k'><m:a><m:b x='1'/>t &amp; &lt;</m:a></localEntry>"
    "<sequence name='s'><filter xpath='//m:a'/></sequence>"
    "<format><one xmlns=''>$1</one> and <![CDATA[<two>]]></format>"
    "</definitions>";

TEST(Element, FindsChildrenByName) {
  const auto document = parse(kConfiguration);
  EXPECT_TRUE(document->root->is("definitions"));
  EXPECT_EQ(document->root->child("sequence")->attribute("name")->value, "s");
  EXPECT_EQ(document->root->child("proxy"), nullptr);
  EXPECT_EQ(document->root->children().size(), 3u);
}

TEST(Element, KnowsTheNamespacesInScopeInnermostFirst) {
  const auto document = parse("<a xmlns='urn:1' xmlns:p='urn:2'><b xmlns:p='urn:3' xmlns:q='urn:4'/></a>");
  const Namespaces scope = document->root->children().at(0)->namespaces();
  const Namespaces expected{{"p", "urn:3"}, {"q", "urn:4"}, {"", "urn:1"}};
  EXPECT_TRUE(std::is_permutation(scope.begin(), scope.end(), expected.begin(), expected.end()));
}

TEST(Element, SubtreesStandAlone) {
  const auto document = parse(kConfiguration);
  const Element& value = *document->root->child("localEntry")->children().at(0);
  EXPECT_EQ(value.outer_xml(), "<m:a xmlns:m=\"urn:m\"><m:b x=\"1\"/>t &amp; &lt;</m:a>");
}

TEST(Element, SubtreesKeepPrefixesThatOnlyExpressionsUse) {
  const auto document = parse(kConfiguration);
  const std::string text = document->root->child("sequence")->outer_xml();
  const auto alone = parse(text);
  ASSERT_TRUE(alone) << text;
  EXPECT_EQ(alone->root->resolve("m"), "urn:m");
  EXPECT_EQ(alone->root->resolve("unused"), std::nullopt);
  EXPECT_TRUE(alone->root->is("sequence"));
}

TEST(Element, ContentKeepsItsMarkup) {
  const auto document = parse(kConfiguration);
  EXPECT_EQ(document->root->child("format")->inner_xml(), "<one xmlns=\"\">$1</one> and <![CDATA[<two>]]>");
}

TEST(Element, WritesAttributesSoThatTheyReadTheSame) {
  const auto document = parse("<a b='&lt;&amp;&quot;&#10;&#9;&gt;'/>");
  EXPECT_EQ(document->root->outer_xml(), "<a b=\"&lt;&amp;&quot;&#xA;&#x9;>\"/>");
  EXPECT_EQ(parse(document->root->outer_xml())->root->attribute("b")->value, "<&\"\n\t>");
}

TEST(Element, WritesTextSoThatItReadsTheSame) {
  const auto document = parse("<a>]]&gt; &#13; &amp;amp;</a>");
  EXPECT_EQ(parse(document->root->outer_xml())->root->text(), "]]> \r &amp;");
}

}  // namespace
}  // namespace myelin::xml
