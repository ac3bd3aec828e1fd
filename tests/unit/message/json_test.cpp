// JSON parsing, editing and the conversions between JSON and XML (expressions reference, 6.4, 6.5).
#include "engine/message/json.hpp"

#include <gtest/gtest.h>

namespace myelin {
namespace {

std::string xml_of(std::string_view text) {
  const auto parsed = JsonDocument::parse(text);
  if (!parsed) return "fault: " + parsed.fault().detail;
  tree::Document document;
  const auto root = json::to_xml(**parsed, document);
  return root ? document.xml(*root) : "fault: " + root.fault().detail;
}

std::string json_of(std::string_view xml) {
  const auto parsed = tree::Document::parse(std::string(xml));
  if (!parsed) return "fault: " + parsed.fault().detail;
  const auto json = json::from_xml(**parsed, (*parsed)->root());
  return json ? *json : "fault: " + json.fault().detail;
}

int status_of(std::string_view text) {
  const auto parsed = JsonDocument::parse(text);
  return parsed ? 200 : parsed.fault().status;
}

struct Pair {
  const char* name;
  const char* from;
  const char* to;
};
void PrintTo(const Pair& pair, std::ostream* out) { *out << pair.name; }
std::string pair_name(const testing::TestParamInfo<Pair>& info) { return info.param.name; }

// --- parsing -------------------------------------------------------------------------------------

TEST(JsonDocument, WritesBackWhatItRead) {
  const auto parsed =
      JsonDocument::parse(R"( {"a" : [1, 1.50, -0, 1e3, true, null, "x\"\u00e4\n"], "b":{}} )");
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ((*parsed)->json(0), R"({"a":[1,1.50,-0,1e3,true,null,"x\"ä\n"],"b":{}})");
}

TEST(JsonDocument, FindsMembersAndItems) {
  const auto parsed = JsonDocument::parse(R"({"a":{"b":[10,[1],30]},"c":1,"c":2})");
  ASSERT_TRUE(parsed.ok());
  const JsonDocument& json = **parsed;
  const auto list = json.member(json.member(0, "a"), "b");
  EXPECT_EQ(json.size(list), 3u);
  EXPECT_EQ(json.text(json.item(list, 2)), "30");
  EXPECT_EQ(json.item(list, 3), JsonDocument::kNone);
  EXPECT_EQ(json.text(json.member(0, "c")), "2") << "the last of two members of one name counts";
  EXPECT_EQ(json.member(list, "a"), JsonDocument::kNone);
}

TEST(JsonDocument, KeepsAByteOrderMarkOut) { EXPECT_EQ(status_of("\xEF\xBB\xBF{}"), 200); }

// REL-099
TEST(JsonDocument, RefusesWhatIsNotStrictJson) {
  for (const std::string_view bad :
       {"", "{", "[1,]", "{\"a\":1,}", "NaN", "[Infinity]", "01", "1.", "+1", "'a'", "{a:1}", "// x\n1",
        "\"\x01\"", "\"\xff\"", "\"\xc0\x80\"", "\"\\ud800\"", "\"\\udc00\"", "{\"\\udfff\":1}", "1 2", "nul"})
    EXPECT_EQ(status_of(bad), 400) << bad;
  EXPECT_EQ(status_of(std::string_view("{}\0x", 4)), 400) << "NUL hides nothing";
}

// REL-099
TEST(JsonDocument, LimitsDepthAndNumbers) {
  EXPECT_EQ(status_of(std::string(256, '[') + std::string(256, ']')), 200);
  EXPECT_EQ(status_of(std::string(257, '[') + std::string(257, ']')), 400);
  EXPECT_EQ(status_of(std::string(1'000'000, '[')), 400);
  EXPECT_EQ(status_of("0." + std::string(998, '1')), 200);
  EXPECT_EQ(status_of("0." + std::string(999, '1')), 400);
}

// REL-093
TEST(JsonDocument, LimitsTheNumberOfValues) {
  std::string many = "[1";
  for (int i = 0; i < 1'000'000; ++i) many += ",1";
  EXPECT_EQ(status_of(many + "]"), 413);
}

TEST(JsonDocument, WritesWithEdits) {
  using Edit = JsonDocument::Edit;
  const auto parsed = JsonDocument::parse(R"({"a":[1,2,3],"b":{"c":"x"},"d":4})");
  ASSERT_TRUE(parsed.ok());
  const JsonDocument& json = **parsed;
  const auto a = json.member(0, "a");
  const std::vector<Edit> edits{{Edit::Kind::remove, json.item(a, 0), "", ""},
                                {Edit::Kind::replace, json.item(a, 1), "[true]", ""},
                                {Edit::Kind::append, a, "9", ""},
                                {Edit::Kind::append, json.member(0, "b"), "null", "new\""},
                                {Edit::Kind::rename, json.member(0, "d"), "e", ""}};
  std::string out;
  json.write_edited(0, edits, out);
  EXPECT_EQ(out, R"({"a":[[true],3,9],"b":{"c":"x","new\"":null},"e":4})");
}

TEST(JsonDocument, AppendsToAnEmptiedContainer) {
  using Edit = JsonDocument::Edit;
  const auto parsed = JsonDocument::parse("[[1],{}]");
  ASSERT_TRUE(parsed.ok());
  const std::vector<Edit> edits{
      {Edit::Kind::remove, 2, "", ""}, {Edit::Kind::append, 1, "5", ""}, {Edit::Kind::append, 3, "6", "k"}};
  std::string out;
  (*parsed)->write_edited(0, edits, out);
  EXPECT_EQ(out, R"([[5],{"k":6}])");
}

// --- JSON to XML ---------------------------------------------------------------------------------

class JsonToXml : public testing::TestWithParam<Pair> {};
TEST_P(JsonToXml, Converts) { EXPECT_EQ(xml_of(GetParam().from), GetParam().to); }

INSTANTIATE_TEST_SUITE_P(
    Reference, JsonToXml,
    testing::Values(
        Pair{"Member", R"({"a":1})", "<jsonObject><a>1</a></jsonObject>"},
        Pair{"RootArray", "[1,2]",
             "<jsonArray><jsonElement>1</jsonElement><jsonElement>2</jsonElement></jsonArray>"},
        // MED-238
        Pair{"MemberArray", R"({"a":[1,2]})", "<jsonObject><a>1</a><a>2</a></jsonObject>"},
        Pair{"ArrayInArray", R"({"a":[[1,2]]})",
             "<jsonObject><a><jsonArray><jsonElement>1</jsonElement><jsonElement>2</jsonElement></"
             "jsonArray></a></jsonObject>"},
        Pair{"ArraysInRootArray", "[[1],[]]",
             "<jsonArray><jsonElement><jsonArray><jsonElement>1</jsonElement></jsonArray></jsonElement>"
             "<jsonElement><jsonArray/></jsonElement></jsonArray>"},
        Pair{"ObjectInObject", R"({"a":{"b":1},"c":2})", "<jsonObject><a><b>1</b></a><c>2</c></jsonObject>"},
        Pair{"ObjectsInArray", R"({"a":[{"b":1},{"b":2}],"c":3})",
             "<jsonObject><a><b>1</b></a><a><b>2</b></a><c>3</c></jsonObject>"},
        Pair{"EmptyValues", R"({"a":null,"b":"","c":{}})", "<jsonObject><a/><b/><c/></jsonObject>"},
        Pair{"EmptyArrayVanishes", R"({"a":[],"b":1})", "<jsonObject><b>1</b></jsonObject>"},
        Pair{"AttributeAndText", R"({"a":{"@x":"v","$":"t"}})", R"(<jsonObject><a x="v">t</a></jsonObject>)"},
        Pair{"PrimitiveRoot", R"("x")", "<jsonValue>\"x\"</jsonValue>"},
        // MED-239
        Pair{"DigitName", R"({"1a":1})", "<jsonObject><_JsonReader_PD_1a>1</_JsonReader_PD_1a></jsonObject>"},
        Pair{"DollarName", R"({"$a":1})", "<jsonObject><_JsonReader_PS_a>1</_JsonReader_PS_a></jsonObject>"},
        Pair{"NameWithBlank", R"({"a b":1})",
             "<jsonObject><a_JsonReader_32_b>1</a_JsonReader_32_b></jsonObject>"},
        Pair{"NumbersKeepTheirText", R"({"a":1.50,"b":1e3})",
             "<jsonObject><a>1.50</a><b>1e3</b></jsonObject>"},
        Pair{"TextIsEscaped", R"({"a":"<b>&"})", "<jsonObject><a>&lt;b&gt;&amp;</a></jsonObject>"}),
    pair_name);

// REL-100
TEST(JsonToXml, FaultsWhenTheXmlWouldBeTooDeep) {
  const std::string deep = std::string(200, '[') + std::string(200, ']');
  EXPECT_EQ(status_of(deep), 200);
  EXPECT_TRUE(xml_of(deep).starts_with("fault:"));
  EXPECT_FALSE(xml_of(std::string(100, '[') + std::string(100, ']')).starts_with("fault:"));
}

// REL-092, REL-100
TEST(JsonToXml, ObeysTheLimitsOfXml) {
  const auto object = [](int members, const std::string& name) {
    std::string text;
    for (int i = 0; i < members; ++i) text += (i ? ",\"" : "{\"") + name + std::to_string(i) + "\":1";
    return text + "}";
  };
  EXPECT_FALSE(xml_of(object(1000, "@a")).starts_with("fault:"));
  EXPECT_TRUE(xml_of(object(1001, "@a")).starts_with("fault:"));
  EXPECT_FALSE(xml_of(object(1001, "a")).starts_with("fault:"));
  EXPECT_FALSE(xml_of(object(1, std::string(1023, 'a'))).starts_with("fault:"));
  EXPECT_TRUE(xml_of(object(1, std::string(1024, 'a'))).starts_with("fault:"));
  EXPECT_TRUE(xml_of("{\"@a\":\"" + std::string((1 << 20) + 1, 'x') + "\"}").starts_with("fault:"));
}

// --- XML to JSON ---------------------------------------------------------------------------------

class XmlToJson : public testing::TestWithParam<Pair> {};
TEST_P(XmlToJson, Converts) { EXPECT_EQ(json_of(GetParam().from), GetParam().to); }

INSTANTIATE_TEST_SUITE_P(
    Reference, XmlToJson,
    testing::Values(
        // MED-240
        Pair{"Number", "<a>5</a>", R"({"a":5})"}, Pair{"LeadingZeros", "<a>007</a>", R"({"a":"007"})"},
        Pair{"Empty", "<a/>", R"({"a":null})"}, Pair{"Blank", "<a> \n</a>", R"({"a":null})"},
        Pair{"Nested", "<a><b>5</b></a>", R"({"a":{"b":5}})"},
        // MED-242
        Pair{"AdjacentSiblings", "<a><b>1</b><b>2</b><c>3</c></a>", R"({"a":{"b":[1,2],"c":3}})"},
        Pair{"SiblingsOfObjects", "<a><b><x>1</x></b> <b><x>2</x></b></a>",
             R"({"a":{"b":[{"x":1},{"x":2}]}})"},
        Pair{"OneSibling", "<a><b>1</b></a>", R"({"a":{"b":1}})"},
        Pair{"SeparatedSiblings", "<a><b>1</b><c>2</c><b>3</b></a>", R"({"a":{"b":1,"c":2,"b":3}})"},
        // MED-241
        Pair{"Attribute", R"(<a n="5"><b/></a>)", R"({"a":{"@n":"5","b":null}})"},
        Pair{"TextBesideAttribute", R"(<a n="v">5</a>)", R"({"a":{"@n":"v","$":5}})"},
        Pair{"NamespacesVanish", R"(<p:a xmlns:p="u" p:n="v"><p:b>x</p:b></p:a>)",
             R"({"a":{"@n":"v","b":"x"}})"},
        Pair{"Multiple", "<a><?xml-multiple b?><b>1</b></a>", R"({"a":{"b":[1]}})"},
        Pair{"MultipleWithoutElements", "<a><?xml-multiple b?></a>", R"({"a":{"b":[]}})"},
        Pair{"JsonObject", "<jsonObject><a>1</a></jsonObject>", R"({"a":1})"},
        Pair{"JsonObjectEmpty", "<jsonObject/>", "null"},
        Pair{"JsonArray", "<jsonArray><jsonElement>1</jsonElement></jsonArray>", "[1]"},
        Pair{"JsonArrayInMember", "<a><jsonArray><jsonElement>1</jsonElement></jsonArray></a>",
             R"({"a":[1]})"},
        Pair{"JsonArraysInArray",
             "<jsonArray><jsonElement><jsonArray><jsonElement>1</jsonElement></jsonArray></jsonElement></"
             "jsonArray>",
             "[[1]]"},
        Pair{"JsonValue", "<jsonValue>\"x\"</jsonValue>", "\"x\""},
        Pair{"DigitName", "<_JsonReader_PD_1a>x</_JsonReader_PD_1a>", R"({"1a":"x"})"},
        Pair{"EncodedName", "<a_JsonReader_32_b>x</a_JsonReader_32_b>", R"({"a b":"x"})"},
        Pair{"Comment", "<a>1<!-- x -->2</a>", R"({"a":12})"}),
    pair_name);

TEST(XmlToJson, FaultsOnMixedContent) { EXPECT_TRUE(json_of("<a>x<b/></a>").starts_with("fault:")); }

class Primitive : public testing::TestWithParam<Pair> {};
TEST_P(Primitive, IsTypedByItsText) { EXPECT_EQ(json::primitive(GetParam().from), GetParam().to); }

INSTANTIATE_TEST_SUITE_P(Reference, Primitive,
                         testing::Values(Pair{"True", "true", "true"}, Pair{"Null", "null", "null"},
                                         Pair{"Upper", "True", "\"True\""}, Pair{"Zeros", "1.50", "1.50"},
                                         Pair{"Exponent", "1e3", "1E+3"},
                                         Pair{"ExponentWithFraction", "1.5e3", "1.5E+3"},
                                         Pair{"SmallExponent", "15e-1", "1.5"},
                                         Pair{"TinyExponent", "1e-10", "1E-10"}, Pair{"MinusZero", "-0", "0"},
                                         Pair{"Plus", "+1", "\"+1\""}, Pair{"Dot", "1.", "\"1.\""},
                                         Pair{"LeadingDot", ".5", "\".5\""}, Pair{"Zeroed", "01", "\"01\""},
                                         Pair{"Negative", "-5", "-5"}, Pair{"Blank", " 5", "\" 5\""},
                                         Pair{"HugeExponent", "1e99999999999", "\"1e99999999999\""}),
                         pair_name);

// REL-100
TEST(XmlToJson, WalksDeepTreesWithoutRecursion) {
  tree::Document document;
  tree::NodeId inner = document.create_element({}, {}, "a");
  for (int i = 0; i < 100'000; ++i) {
    const tree::NodeId outer = document.create_element({}, {}, "a");
    document.append(outer, inner);
    inner = outer;
  }
  const auto json = json::from_xml(document, inner);
  ASSERT_TRUE(json.ok());
  EXPECT_EQ(json->size(), 100'001 * 6 + 4u);
}

}  // namespace
}  // namespace myelin
