// URI templates and URL mappings (server reference, 3.4 and 3.5).
#include <gtest/gtest.h>

#include "engine/artifacts/service.hpp"

namespace myelin {
namespace {

/// "a=1 b=2" of the variables, or "no match".
std::string match(std::string_view pattern, std::string_view path, std::string_view query = {}) {
  UriPattern compiled;
  if (auto wrong = UriPattern::compile_template(pattern, compiled); !wrong.empty()) return wrong;
  std::vector<std::pair<std::string_view, std::string_view>> variables;
  if (!compiled.matches(path, query, variables)) return "no match";
  std::string out;
  for (const auto& [name, value] : variables) out += (out.empty() ? "" : " ") + std::string(name) + '=' + std::string(value);
  return out;
}

bool maps(std::string_view mapping, std::string_view path) {
  UriPattern compiled;
  EXPECT_EQ(UriPattern::compile_mapping(mapping, compiled), "");
  std::vector<std::pair<std::string_view, std::string_view>> variables;
  return compiled.matches(path, "", variables);
}

TEST(UriTemplate, VariablesStopAtReservedCharacters) {  // SRV-093
  EXPECT_EQ(match("/order/{id}", "/order/7"), "id=7");
  EXPECT_EQ(match("/order/{id}", "/order/a%20b"), "id=a%20b") << "values are still encoded";
  EXPECT_EQ(match("/order/{id}", "/order/7/items"), "no match");
  EXPECT_EQ(match("/order/{id}", "/order/a,b"), "no match");
  EXPECT_EQ(match("/order/{id}", "/orders/7"), "no match");
  EXPECT_EQ(match("/order/{id}/items/{item}", "/order/7/items/8"), "id=7 item=8");
  EXPECT_EQ(match("/{a}-{b}.{c}", "/1-2.3"), "a=1 b=2 c=3");
  EXPECT_EQ(match("/{name}.xml", "/a.xml.xml"), "name=a.xml");
}

TEST(UriTemplate, ReservedExpansionTakesSlashes) {  // SRV-094
  EXPECT_EQ(match("/files/{+path}", "/files/a/b,c"), "path=a/b,c");
  EXPECT_EQ(match("/files/{+path}/edit", "/files/a/b/edit"), "path=a/b");
  EXPECT_EQ(match("/files/{+path}/edit", "/files/a/b"), "no match");
  EXPECT_EQ(match("/a/{+p}/x/{q}", "/a/b/c/x/d"), "p=b/c q=d");
}

TEST(UriTemplate, ATrailingSlashIsOptional) {  // SRV-095
  EXPECT_EQ(match("/a", "/a"), "");
  EXPECT_EQ(match("/a", "/a/"), "");
  EXPECT_EQ(match("/a/", "/a"), "");
  EXPECT_EQ(match("/a", "/a", "x=1"), "") << "the query does not matter";
  EXPECT_EQ(match("/", "/"), "");
  EXPECT_EQ(match("/", "/a"), "no match");
  EXPECT_EQ(match("/order/{id}", "/order/"), "no match");
}

TEST(UriTemplate, AQueryHasToMatch) {  // SRV-096
  EXPECT_EQ(match("/a?x={x}", "/a", "x=1"), "x=1");
  EXPECT_EQ(match("/a?x={x}", "/a"), "no match");
  EXPECT_EQ(match("/a?x={x}&y={y}", "/a", "x=1&y=2"), "x=1 y=2");
  EXPECT_EQ(match("/a/{b}?x={x}", "/a/c", "y=1"), "no match");
}

TEST(UriTemplate, AStarMatchesTheRest) {
  EXPECT_EQ(match("/a/*", "/a/b/c"), "");
  EXPECT_EQ(match("/a/*", "/a/"), "");
  EXPECT_EQ(match("/a/*", "/b"), "no match");
  EXPECT_EQ(match("/a/{id}/*", "/a/7/b/c"), "id=7");
  EXPECT_EQ(match("/*", "/"), "");
}

TEST(UriTemplate, KnowsTheOtherOperators) {
  EXPECT_EQ(match("/a{/b}", "/a/1"), "b=1");
  EXPECT_EQ(match("/a{/b,c}", "/a/1/2"), "b=1 c=2");
  EXPECT_EQ(match("/a{.b}", "/a.1"), "b=1");
  EXPECT_EQ(match("/a{#b}", "/a#1/2"), "b=1/2");
  EXPECT_EQ(match("/{a,b}", "/1,2"), "a=1 b=2");
  EXPECT_EQ(match("/{a:3}", "/123"), "a=123");
  EXPECT_EQ(match("/{a:3}", "/1234"), "no match");
}

TEST(UriTemplate, SaysWhatIsWrong) {
  EXPECT_EQ(match("", "/"), "a uri-template is not empty");
  EXPECT_EQ(match("{a}", "/"), "a uri-template begins with a literal");
  EXPECT_EQ(match("/{;a}", "/"), "the operator ';' in '{;a}' is not supported");
  EXPECT_EQ(match("/{&a}", "/"), "the operator '&' in '{&a}' is not supported");
  EXPECT_EQ(match("/{}", "/"), "a variable has no name");
  EXPECT_EQ(match("/{a,}", "/"), "a variable has no name");
  EXPECT_EQ(match("/{a:x}", "/"), "the length of 'a:x' is no positive number");
  EXPECT_EQ(match("/a}", "/"), "a brace is not closed or not opened");
  EXPECT_EQ(match("/{a{b}}", "/"), "a brace is not closed or not opened");
}

TEST(UrlMapping, IsExactPrefixOrExtension) {  // SRV-086
  EXPECT_TRUE(maps("/a/b", "/a/b"));
  EXPECT_FALSE(maps("/a/b", "/a/b/"));
  EXPECT_TRUE(maps("/a/*", "/a/b/c"));
  EXPECT_TRUE(maps("/a/*", "/a"));
  EXPECT_FALSE(maps("/a/*", "/ab"));
  EXPECT_TRUE(maps("/*", "/x"));
  EXPECT_TRUE(maps("*.jsp", "/a/b.jsp"));
  EXPECT_FALSE(maps("*.jsp", "/a.jsp/b"));
  EXPECT_FALSE(maps("*.jsp", "/jsp"));
}

TEST(UrlMapping, SaysWhatIsWrong) {
  UriPattern compiled;
  EXPECT_EQ(UriPattern::compile_mapping("a", compiled), "a url-mapping is /exact, /prefix/* or *.extension");
  EXPECT_EQ(UriPattern::compile_mapping("*.", compiled), "a url-mapping is /exact, /prefix/* or *.extension");
}

TEST(UriTemplate, MatchesLongPathsInLinearTime) {
  const std::string path = "/a/" + std::string(1'000'000, '-');
  EXPECT_EQ(match("/a/{+p}-{q}-x", path), "no match");
}

}  // namespace
}  // namespace myelin
