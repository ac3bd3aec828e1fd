#include "engine/xml/reader.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>
#include <vector>

#include "engine/xml/format.hpp"

namespace myelin::xml {
namespace {

std::unique_ptr<Document> parse(std::string_view text) {
  Problems problems;
  auto document = read(text, "f.xml", problems);
  EXPECT_TRUE(document) << (problems.all().empty() ? "no reason" : problems.all().front().text());
  return document;
}

std::string refusal(std::string_view text) {
  Problems problems;
  EXPECT_FALSE(read(text, "f.xml", problems));
  return problems.all().empty() ? "" : problems.all().front().text();
}

std::string place(const Location& where) {
  return where.file + ':' + std::to_string(where.line) + ':' + std::to_string(where.column);
}

TEST(Reader, KnowsPlacesInSpiteOfMarkupInBetween) {
  const auto document = parse(
      "<?xml version=\"1.0\"?>\n"
      "<!-- <a b=''> -->\n"
      "<root\n"
      "    one = 'a>b'  two=\"x\n"
      "\"><![CDATA[<x y='1'>]]><?pi <z/> ?>\n"
      "  <child\tthird='3'/></root >");
  ASSERT_TRUE(document);
  const Element& root = *document->root;
  EXPECT_EQ(place(root.where), "f.xml:3:1");
  ASSERT_EQ(root.attributes.size(), 2u);
  EXPECT_EQ(place(root.attributes[0].where), "f.xml:4:5");
  EXPECT_EQ(place(root.attributes[1].where), "f.xml:4:18");
  const Element& child = *root.children().at(0);
  EXPECT_EQ(place(child.where), "f.xml:6:3");
  EXPECT_EQ(place(child.attributes.at(0).where), "f.xml:6:10");
}

TEST(Reader, CountsColumnsInCharacters) {
  const auto document = parse("<a>äöü€😀<b c='ß' d='1'/></a>");
  const Element& b = *document->root->children().at(0);
  EXPECT_EQ(place(b.where), "f.xml:1:9");
  EXPECT_EQ(place(b.attributes.at(1).where), "f.xml:1:18");
}

TEST(Reader, DoesNotCountTheByteOrderMark) {
  const auto document = parse("\xEF\xBB\xBF<a b=''/>");
  EXPECT_EQ(place(document->root->where), "f.xml:1:1");
  EXPECT_EQ(place(document->root->attributes.at(0).where), "f.xml:1:4");
}

TEST(Reader, KnowsPlacesAfterWindowsLineEnds) {
  const auto document = parse("<a>\r\n  <b/>\r\n</a>");
  EXPECT_EQ(place(document->root->children().at(0)->where), "f.xml:2:3");
}

TEST(Reader, ResolvesNamespaces) {
  const auto document = parse("<a xmlns='urn:d' xmlns:p='urn:p' p:x='1' y='2'><p:b xmlns=''><c/></p:b></a>");
  const Element& a = *document->root;
  EXPECT_EQ(a.ns, "urn:d");
  EXPECT_EQ(a.attributes.size(), 2u) << "declarations are no attributes";
  EXPECT_EQ(a.attributes[0].ns, "urn:p");
  EXPECT_EQ(a.attributes[0].name, "x");
  EXPECT_EQ(a.attributes[1].ns, "");
  EXPECT_EQ(a.attribute("x"), nullptr) << "only attributes in no namespace";
  EXPECT_EQ(a.attribute("y")->value, "2");
  const Element& b = *a.children().at(0);
  EXPECT_EQ(b.prefix, "p");
  EXPECT_EQ(b.ns, "urn:p");
  EXPECT_EQ(b.children().at(0)->ns, "");
  EXPECT_EQ(b.resolve("p"), "urn:p");
  EXPECT_EQ(b.resolve("q"), std::nullopt);
  EXPECT_EQ(b.resolve(""), "");
}

TEST(Reader, KeepsTheOrderOfAttributes) {
  const auto document = parse("<a z='1' y='2' x='3' w='4'/>");
  std::string names;
  for (const Attribute& attribute : document->root->attributes) names += attribute.name;
  EXPECT_EQ(names, "zyxw");
}

TEST(Reader, KeepsTextCommentsCdataAndInstructions) {
  const auto document = parse("<!--p--><a>x &amp; &#65;<!--c--><![CDATA[<&]]><![CDATA[2]]><?t d?></a><!--e-->");
  ASSERT_EQ(document->prolog.size(), 1u);
  EXPECT_EQ(document->prolog[0].text, "p");
  ASSERT_EQ(document->epilog.size(), 1u);
  const auto& nodes = document->root->nodes;
  ASSERT_EQ(nodes.size(), 5u);
  EXPECT_EQ(nodes[0].text, "x & A");
  EXPECT_EQ(nodes[1].kind, Node::Kind::comment);
  EXPECT_EQ(nodes[2].kind, Node::Kind::cdata);
  EXPECT_EQ(nodes[2].text, "<&");
  EXPECT_EQ(nodes[3].text, "2");
  EXPECT_EQ(nodes[4].text, "t d");
  EXPECT_EQ(document->root->text(), "x & A<&2");
}

TEST(Reader, RefusesADoctypeAtItsPlace) {
  EXPECT_EQ(refusal("<?xml version='1.0'?>\n<!-- x -->\n  <!DOCTYPE a SYSTEM 'http://127.0.0.1:1/x.dtd'>\n<a/>"),
            "f.xml:3:3: error: a DOCTYPE is not allowed");
  EXPECT_EQ(refusal("<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>"), "f.xml:1:1: error: a DOCTYPE is not allowed");
}

TEST(Reader, RefusesUndefinedEntities) {
  EXPECT_NE(refusal("<a>&nbsp;</a>").find("not well-formed XML"), std::string::npos);
}

TEST(Reader, SaysWhereTextIsNotWellFormed) {
  for (const std::string_view text : {"<a><b></a>", "<a", "", "  ", "<a b=1/>", "<a b='1' b='2'/>", "<a><", "text", "<a/><b/>",
                                      "<p:a/>", "<a p:b='1'/>", "<a>&#0;</a>", "<a xmlns:p=''/>"}) {
    const std::string said = refusal(text);
    EXPECT_TRUE(said.starts_with("f.xml:1:")) << text << " -> " << said;
  }
  EXPECT_TRUE(refusal("<a>\n\n  <b>\n</a>").starts_with("f.xml:4:")) << refusal("<a>\n\n  <b>\n</a>");
}

TEST(Reader, SaysWhereTextIsNotUtf8) {
  EXPECT_EQ(refusal("<a>\n  \xC3\xA4 \xFF</a>"), "f.xml:2:5: error: the text is not valid UTF-8");
  EXPECT_EQ(refusal("<a>\xC3"), "f.xml:1:4: error: the text is not valid UTF-8");
}

TEST(Reader, ReadsOtherEncodings) {
  const auto latin = parse("<?xml version='1.0' encoding='ISO-8859-1'?><a>\xE4<b/></a>");
  EXPECT_EQ(latin->root->text(), "ä");
  EXPECT_EQ(place(latin->root->children().at(0)->where), "f.xml:1:48");
  std::string utf16 = "\xFF\xFE";
  for (const char c : std::string("<a b='1'/>")) utf16 += {c, '\0'};
  EXPECT_EQ(parse(utf16)->root->attribute("b")->value, "1");
  EXPECT_EQ(refusal("<?xml version='1.0' encoding='klingon'?><a/>"),
            "f.xml:1:1: error: the text cannot be read in encoding 'klingon'");
}

TEST(Reader, RefusesEndlessNesting) {
  std::string deep;
  for (int i = 0; i < 257; ++i) deep += "<a>";
  EXPECT_EQ(refusal(deep), "f.xml:1:769: error: elements nest deeper than 256 levels");
  for (int i = 0; i < 257; ++i) deep += "</a>";
  EXPECT_TRUE(parse(deep.substr(3, deep.size() - 7)));
}

TEST(Reader, ReadsAgainAfterAFailure) {
  refusal("<a><b></a>");
  std::string deep;
  for (int i = 0; i < 300; ++i) deep += "<a>";
  refusal(deep);
  const auto document = parse("<x><y/></x>");
  EXPECT_EQ(document->root->name, "x");
  EXPECT_EQ(document->root->parent, nullptr);
  EXPECT_EQ(document->root->children().at(0)->parent, document->root.get());
}

/// Damaged text is read, or refused for a reason; what is read formats to a fixed point.
TEST(Reader, SurvivesDamagedText) {  // REL-005
  const std::string good =
      "<?xml version='1.0' encoding='UTF-8'?>\n<!-- c --><definitions xmlns='http://ws.apache.org/ns/synapse' xmlns:m='urn:m'>\n"
      "<sequence name=\"ä&lt;\"><payloadFactory><format><m:a b='1'>$1<![CDATA[<x>]]></m:a></format></payloadFactory>\n"
      "<?pi data?><endpoint><loadbalance policy='roundRobin'><endpoint><address uri='http://h/'><suspendDurationOnFailure>3"
      "</suspendDurationOnFailure></address></endpoint></loadbalance></endpoint>&#65;</sequence></definitions>";
  std::mt19937 random(7);
  const std::string_view pieces = "<>/'\"=& \n!-[]?x:\xC3";
  std::size_t accepted = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string text = good;
    for (auto edits = 1 + random() % 3; edits > 0; --edits) {
      const std::size_t at = random() % text.size();
      switch (random() % 3) {
        case 0: text[at] = pieces[random() % pieces.size()]; break;
        case 1: text.erase(at, 1 + random() % 8); break;
        default: text.insert(at, 1, pieces[random() % pieces.size()]);
      }
    }
    Problems problems;
    auto document = read(text, "f.xml", problems);
    if (!document) {
      EXPECT_TRUE(problems.has_errors()) << text;
      continue;
    }
    ++accepted;
    const std::string once = format(std::move(document));
    auto again = read(once, "g.xml", problems);
    ASSERT_TRUE(again) << once;
    EXPECT_EQ(format(std::move(again)), once);
  }
  EXPECT_GT(accepted, 100u);
}

TEST(Reader, ServesSeveralThreads) {
  std::vector<std::thread> threads;
  std::atomic<int> read_well = 0;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        Problems problems;
        if (const auto document = read("<a><b/></a>", "t.xml", problems)) read_well += document->root->name == "a";
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(read_well, 200);
}

TEST(Reader, ReadsFiles) {
  const auto path = std::filesystem::temp_directory_path() / ("myelin-reader-" + std::to_string(getpid()) + ".xml");
  std::ofstream(path) << "<a/>";
  Problems problems;
  const auto document = read_file(path, problems);
  ASSERT_TRUE(document);
  EXPECT_EQ(document->file, path.string());
  std::filesystem::remove(path);
  EXPECT_FALSE(read_file(path, problems));
  EXPECT_EQ(problems.all().at(0).text(), path.string() + ": error: the file cannot be read");
}

}  // namespace
}  // namespace myelin::xml
