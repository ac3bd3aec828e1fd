#include "engine/xml/reader.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>

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
  return std::to_string(where.line) + ':' + std::to_string(where.column);
}


TEST(Reader, KnowsWhereElementsAndAttributesStandInspiteOfMarkupInBetween) {
  const auto document = parse(
      "<?xml version=\"1.0\"?>\n"
      "<!-- <a b=''> -->\n"
      "<root\n"
      "    one = 'a>b'  two=\"x\n"
      "\"><![CDATA[<x y='1'>]]><?pi <z/> ?></root >");
  ASSERT_TRUE(document);
  EXPECT_EQ(place(document->root->where), "3:1");
  ASSERT_EQ(document->root->attributes.size(), 2u);
  EXPECT_EQ(place(document->root->attributes[0].where), "4:5");
  EXPECT_EQ(place(document->root->attributes[1].where), "4:18");
}

}  // namespace
}  // namespace myelin::xml
