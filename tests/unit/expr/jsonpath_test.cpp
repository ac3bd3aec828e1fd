// JSONPath in json-eval(...) (expressions reference, 4.3).
#include "engine/expr/jsonpath.hpp"

#include <gtest/gtest.h>

#include "engine/message/message.hpp"

namespace myelin::expr {
namespace {

constexpr const char* kStore = R"({
  "store": {"book": [
      {"author": "A", "price": 8.95, "title": "One", "tags": ["x","y"]},
      {"author": "B", "price": 12.50, "title": "Two", "isbn": "i2"},
      {"author": "C", "price": 22, "title": "Three", "isbn": null}],
    "bicycle": {"color": "red", "price": 19.95}},
  "limit": 10, "a b": 1, "none": null, "yes": true, "text": "äb"})";

std::string eval(std::string_view path, std::string payload = kStore) {
  SyntaxError error;
  const auto compiled = compile_jsonpath(path, error);
  if (!compiled) return "syntax: " + error.message;
  Message message;
  message.payload.assign(std::move(payload), "application/json");
  const auto text = compiled->text(message);
  if (!text) return "fault";
  return text->value_or("(null)");
}

struct Case {
  const char* name;
  const char* path;
  const char* expected;
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.path; }

class JsonPathText : public testing::TestWithParam<Case> {};
TEST_P(JsonPathText, Reads) { EXPECT_EQ(eval(GetParam().path), GetParam().expected); }

INSTANTIATE_TEST_SUITE_P(
    Reference, JsonPathText,
    testing::Values(
        Case{"Name", "$.store.bicycle.color", "red"},
        Case{"Quoted", "$['store']['bicycle'][\"color\"]", "red"}, Case{"NameWithBlank", "$['a b']", "1"},
        Case{"WithoutRoot", "store.bicycle.color", "red"}, Case{"Index", "$.store.book[1].title", "Two"},
        Case{"NegativeIndex", "$.store.book[-1].title", "Three"},
        Case{"NumberKeepsItsText", "$.store.book[1].price", "12.50"},
        Case{"Slice", "$.store.book[0:2].author", R"(["A","B"])"},
        Case{"SliceFromEnd", "$.store.book[-2:].author", R"(["B","C"])"},
        Case{"SliceTo", "$.store.book[:1].author", R"(["A"])"},
        Case{"Union", "$.store.book[0,2].author", R"(["A","C"])"},
        Case{"NameUnion", "$.store.book[0]['author','title']", R"(["A","One"])"},
        Case{"Wildcard", "$.store.book[*].author", R"(["A","B","C"])"},
        Case{"ObjectWildcard", "$.store.bicycle.*", R"(["red",19.95])"},
        Case{"Deep", "$..price", "[8.95,12.50,22,19.95]"},
        Case{"DeepIndex", "$..book[0].title", R"(["One"])"}, Case{"DeepNothing", "$..nothing", "[]"},
        Case{"Object", "$.store.bicycle", R"({"color":"red","price":19.95})"},
        Case{"Array", "$.store.book[0].tags", R"(["x","y"])"},
        // MED-231
        Case{"Missing", "$.missing", ""}, Case{"MissingDeep", "$.missing.more[3]", ""},
        Case{"IndexPastEnd", "$.store.book[7]", ""}, Case{"Null", "$.none", "null"},
        Case{"Boolean", "$.yes", "true"}, Case{"MemberOfText", "$.text.x", ""},
        Case{"FilterNumber", "$.store.book[?(@.price > 10)].title", R"(["Two","Three"])"},
        Case{"FilterText", "$.store.book[?(@.author == 'B')].title", R"(["Two"])"},
        Case{"FilterAnd", "$.store.book[?(@.price > 10 && @.author == 'C')].title", R"(["Three"])"},
        Case{"FilterOr", "$.store.book[?(@.author == 'A' || @.author=='C')].title", R"(["One","Three"])"},
        Case{"FilterNot", "$.store.book[?(!(@.price > 10))].title", R"(["One"])"},
        Case{"FilterExists", "$.store.book[?(@.isbn)].title", R"(["Two","Three"])"},
        Case{"FilterNull", "$.store.book[?(@.isbn == null)].title", R"(["Three"])"},
        Case{"FilterRoot", "$.store.book[?(@.price < $.limit)].title", R"(["One"])"},
        Case{"FilterIn", "$.store.book[?(@.author in ['A','C'])].title", R"(["One","Three"])"},
        Case{"FilterNotIn", "$.store.book[?(@.author nin ['A','C'])].title", R"(["Two"])"},
        Case{"FilterInPath", "$.store.book[?('y' in @.tags)].title", R"(["One"])"},
        Case{"FilterFunction", "$.store.book[?(@.title.length() == 5)].title", R"(["Three"])"},
        Case{"FilterMatches", "$.store.book[?(@.title =~ /t.*/i)].title", R"(["Two","Three"])"},
        Case{"FilterMatchesWhole", "$.store.book[?(@.title =~ /hre/)].title", "[]"},
        Case{"FilterMatchesSlash", "$.store.book[?(@.title =~ /Two|a\\/b/ && @.price > 1)].title", R"(["Two"])"},
        Case{"FilterMatchesNumber", "$.store.book[?(@.price =~ /1\\d.*/)].title", R"(["Two"])"},
        Case{"FilterSubset", "$.store.book[?(@.tags subsetof ['x','y','z'])].title", R"(["One"])"},
        Case{"FilterAnyOf", "$.store.book[?(@.tags anyof ['q','y'])].title", R"(["One"])"},
        Case{"FilterNoneOf", "$.store.book[?(@.tags noneof ['q'])].title", R"(["One"])"},
        Case{"FilterSize", "$.store.book[?(@.tags size 2)].title", R"(["One"])"},
        Case{"FilterEmpty", "$.store.book[?(@.tags empty false)].title", R"(["One"])"},
        Case{"FilterItself", "$.store.book[0].tags[?(@ == 'y')]", R"(["y"])"},
        Case{"Length", "$.store.book.length()", "3"}, Case{"TextLength", "$.text.length()", "2"},
        Case{"Size", "$.store.size()", "2"}, Case{"Min", "$..price.min()", "8.95"},
        Case{"Max", "$..price.max()", "22"}, Case{"Sum", "$.store.book[*].price.sum()", "43.45"},
        Case{"Avg", "$.store.book[0:2].price.avg()", "10.725"},
        Case{"Keys", "$.store.bicycle.keys()", R"(["color","price"])"},
        Case{"First", "$.store.book.first().title", "One"},
        Case{"Last", "$.store.book[*].title.last()", "Three"}),
    [](const testing::TestParamInfo<Case>& c) { return std::string(c.param.name); });

// MED-232
TEST(JsonPath, WholeDocumentIsTheRawText) {
  EXPECT_EQ(eval("$", "{ \"a\" : 1.50 }"), "{ \"a\" : 1.50 }");
  EXPECT_EQ(eval("$.", "[ 1 ]"), "[ 1 ]");
}

TEST(JsonPath, XmlPayloadIsReadAsJson) {
  SyntaxError error;
  const auto path = compile_jsonpath("$.order.item[1]", error);
  ASSERT_TRUE(path);
  Message message;
  message.payload.assign("<order><item>a</item><item>b</item></order>", "application/xml");
  EXPECT_EQ(path->text(message)->value(), "b");
}

TEST(JsonPath, UnparsablePayloadFaults) { EXPECT_EQ(eval("$.a", "{oops"), "fault"); }

TEST(JsonPath, ReadsPropertiesAndHeaders) {
  Message message;
  message.properties.set("p", R"({"a":{"b":7}})");
  message.axis2.set("q", R"([1,2])");
  message.headers.add("X-Data", R"({"h":"v"})");
  const auto text = [&](std::string_view path) {
    SyntaxError error;
    const auto compiled = compile_jsonpath(path, error);
    EXPECT_TRUE(compiled) << error.message;
    EXPECT_EQ(compiled->need(), Need::nothing);
    const auto result = compiled->text(message);
    return result ? result->value_or("(null)") : "fault";
  };
  EXPECT_EQ(text("$ctx:p.a.b"), "7");
  EXPECT_EQ(text("$axis2:q[1]"), "2");
  EXPECT_EQ(text("$trp:x-data.h"), "v");
  EXPECT_EQ(text("$ctx:p.missing"), "fault");
  EXPECT_EQ(text("$ctx:unset.a"), "");
}

TEST(JsonPath, YieldsTypedValues) {
  Message message;
  message.payload.assign(R"({"i":3,"d":3.5,"s":"x","b":false,"o":{"k":1}})", "application/json");
  const auto value = [&](std::string_view path) {
    SyntaxError error;
    return *compile_jsonpath(path, error)->evaluate(message);
  };
  EXPECT_EQ(*value("$.i").as<std::int64_t>(), 3);
  EXPECT_EQ(*value("$.d").as<double>(), 3.5);
  EXPECT_EQ(*value("$.s").as<std::string>(), "x");
  EXPECT_EQ(*value("$.b").as<bool>(), false);
  EXPECT_EQ(value("$.o").as<Json>()->text, R"({"k":1})");
  EXPECT_TRUE(value("$.missing").is_null());
}

TEST(JsonPath, TestsTheTextTrue) {
  Message message;
  message.payload.assign(R"({"a":true,"b":"TRUE","c":1})", "application/json");
  const auto test = [&](std::string_view path) {
    SyntaxError error;
    return *compile_jsonpath(path, error)->test(message);
  };
  EXPECT_TRUE(test("$.a"));
  EXPECT_TRUE(test("$.b"));
  EXPECT_FALSE(test("$.c"));
  EXPECT_FALSE(test("$.missing"));
}

TEST(JsonPath, NeedsTheBody) {
  SyntaxError error;
  EXPECT_EQ(compile_jsonpath("$.a", error)->need(), Need::body);
}

TEST(JsonPath, SyntaxErrorsSayWhatAndWhere) {
  const std::pair<const char*, std::size_t> cases[] = {{"", 0},
                                                       {"$.", 2},
                                                       {"$[", 2},
                                                       {"$['a", 4},
                                                       {"$.a[1", 5},
                                                       {"$.a b", 4},
                                                       {"$.a.max(1)", 8},
                                                       {"$.a.nope()", 8},
                                                       {"$[?(@.a >)]", 9},
                                                       {"$[?(1)]", 5},
                                                       {"$[?(@.a == x)]", 11},
                                                       {"$[99999999999]", 2},
                                                       {"$ctx:", 5}};
  for (const auto& [path, offset] : cases) {
    SyntaxError error;
    const bool fine = compile_jsonpath(path, error) != nullptr;
    if (std::string_view(path) == "$.") {
      EXPECT_TRUE(fine);
      continue;
    }
    EXPECT_FALSE(fine) << path;
    EXPECT_FALSE(error.message.empty()) << path;
    EXPECT_EQ(error.offset, offset) << path << ": " << error.message;
  }
}

TEST(JsonPath, RegularExpressionsAreChecked) {
  for (const char* path : {"$.a[?(@.b =~ 'x')]", "$.a[?(@.b =~ /x)]", "$.a[?(@.b =~ /[/)]", "$.a[?(@.b =~ )]"}) {
    SyntaxError error;
    EXPECT_FALSE(JsonPath::compile(path, error)) << path;
    EXPECT_NE(error.message, "") << path;
  }
}

TEST(JsonPath, FilterNestingIsLimited) {
  SyntaxError error;
  const std::string deep = "$[?" + std::string(10'000, '(') + "@.a" + std::string(10'000, ')') + "]";
  EXPECT_EQ(compile_jsonpath(deep, error), nullptr);
}

TEST(JsonPath, TellsWhereAMissingMemberBelongs) {
  SyntaxError error;
  const auto path = JsonPath::compile("$.a.b", error);
  ASSERT_TRUE(path);
  EXPECT_EQ(path->last_name(), "b");
  const auto document = JsonDocument::parse(R"({"a":{}})");
  const auto parent = path->find_parent(**document);
  ASSERT_TRUE(parent.ok());
  ASSERT_EQ(parent->nodes.size(), 1u);
  EXPECT_EQ((*document)->key(parent->nodes[0]), "a");
}

}  // namespace
}  // namespace myelin::expr
