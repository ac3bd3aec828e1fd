#include "engine/xml/bind.hpp"

#include <gtest/gtest.h>

#include "engine/xml/reader.hpp"

namespace myelin::xml {
namespace {

/// One element in the Synapse namespace, bound.
struct Bound {
  explicit Bound(const std::string& text) {
    Problems reading;
    document = read("<r xmlns='http://ws.apache.org/ns/synapse'>" + text + "</r>", "f", reading);
    bind.emplace(*document->root->children().at(0), problems);
  }
  std::string said() const {
    std::string all;
    for (const Problem& problem : problems.all()) all += problem.text() + '\n';
    return all;
  }
  std::unique_ptr<Document> document;
  Problems problems;
  std::optional<Bind> bind;
};

TEST(Bind, SuggestsTheNearAttribute) {
  Bound x("<address urii='http://h'/>");
  x.bind->text("uri");
  x.bind->text("format");
  x.bind->finish();
  EXPECT_EQ(x.said(), "f:1:53: warning: unknown attribute 'urii' on <address>; did you mean 'uri'?\n");
}

TEST(Bind, ListsWhatIsAllowedWhenNothingIsNear) {
  Bound x("<address colour='red'/>");
  x.bind->text("uri");
  x.bind->text("format");
  x.bind->text("encoding");
  x.bind->finish();
  EXPECT_EQ(x.said(), "f:1:53: warning: unknown attribute 'colour' on <address>; allowed: uri, format or encoding\n");
}

TEST(Bind, SaysWhenNothingIsAllowed) {
  Bound x("<drop a='1'><b/></drop>");
  x.bind->finish();
  EXPECT_EQ(x.said(),
            "f:1:50: warning: unknown attribute 'a' on <drop>; <drop> takes no attributes\n"
            "f:1:56: warning: unknown element <b> in <drop>; <drop> takes no elements\n");
}

TEST(Bind, KnowsWhatEveryElementMayHave) {
  Bound x("<log description='d' statistics='enable' trace='enable' xml:space='preserve'><description>d</description></log>");
  x.bind->finish();
  EXPECT_EQ(x.said(), "");
}

TEST(Bind, SuggestsTheNearElement) {
  Bound x("<timeout><durration>1</durration><action xmlns='urn:x'/></timeout>");
  EXPECT_EQ(x.bind->child_text("duration"), std::nullopt);
  x.bind->finish();
  EXPECT_EQ(x.said(),
            "f:1:53: warning: unknown element <durration> in <timeout>; did you mean 'duration'?\n"
            "f:1:77: warning: element {urn:x}action in <timeout> is ignored; elements of namespace "
            "http://ws.apache.org/ns/synapse are read\n");
}

TEST(Bind, LeavesChildrenToOthers) {
  Bound x("<then><anything/></then>");
  x.bind->all_children_known();
  x.bind->ignore({"sequence"});
  x.bind->finish();
  EXPECT_EQ(x.said(), "");
}

TEST(Bind, RequiresAttributes) {
  Bound x("<proxy name='  '/>");
  EXPECT_EQ(x.bind->required("name"), "");
  EXPECT_EQ(x.bind->required("key"), "");
  EXPECT_EQ(x.said(),
            "f:1:51: error: attribute 'name' on <proxy> is empty\n"
            "f:1:44: error: missing attribute 'key' on <proxy>\n");
}

TEST(Bind, ReadsNumbersAsJavaDoes) {
  Bound x("<a i='+7' bad=' 7' big='2147483648'/>");
  EXPECT_EQ(x.bind->integer("i"), 7);
  EXPECT_EQ(x.bind->integer("none"), std::nullopt);
  EXPECT_EQ(x.bind->integer("bad"), std::nullopt);
  EXPECT_EQ(x.bind->integer("big"), std::nullopt);
  EXPECT_EQ(x.bind->long_integer("big"), 2147483648);
  EXPECT_EQ(x.problems.error_count(), 2u);
  EXPECT_NE(x.said().find("f:1:54: error: attribute 'bad' on <a> is ' 7'; a whole number is needed"), std::string::npos) << x.said();
}

TEST(Bind, ReadsBooleansStrictlyOrLeniently) {
  Bound x("<a t='TRUE' f='false' y='yes' n='x'/>");
  EXPECT_EQ(x.bind->strict_bool("t"), true);
  EXPECT_EQ(x.bind->strict_bool("f"), false);
  EXPECT_EQ(x.bind->strict_bool("none"), std::nullopt);
  EXPECT_TRUE(x.bind->is_true("y"));
  EXPECT_FALSE(x.bind->is_true("n"));
  EXPECT_TRUE(x.bind->is_true("none", true));
  EXPECT_FALSE(x.problems.has_errors());
  EXPECT_EQ(x.bind->strict_bool("y"), std::nullopt);
  EXPECT_EQ(x.said(), "f:1:66: error: attribute 'y' on <a> is 'yes'; allowed: true or false\n");
}

enum class Level { simple, full };
constexpr std::pair<std::string_view, Level> kLevels[] = {{"simple", Level::simple}, {"full", Level::full}};

TEST(Bind, PicksOneOfSeveralWords) {
  Bound x("<log level='full' upper='FULL' wrong='ful' ignored='x'/>");
  EXPECT_EQ(x.bind->choice<Level>("level", kLevels, Level::simple), Level::full);
  EXPECT_EQ(x.bind->choice<Level>("upper", kLevels, Level::simple, Bind::Unknown::error, Bind::Case::any), Level::full);
  EXPECT_EQ(x.bind->choice<Level>("absent", kLevels, Level::full), Level::full);
  EXPECT_EQ(x.said(), "");
  EXPECT_EQ(x.bind->choice<Level>("wrong", kLevels, Level::simple), Level::simple);
  EXPECT_EQ(x.bind->choice<Level>("ignored", kLevels, Level::simple, Bind::Unknown::keep_default), Level::simple);
  EXPECT_EQ(x.said(),
            "f:1:75: error: attribute 'wrong' on <log> is 'ful'; did you mean 'full'?\n"
            "f:1:87: warning: attribute 'ignored' on <log> is 'x', which is ignored; allowed: simple or full\n");
}

TEST(Bind, WarnsOfASecondChild) {
  Bound x("<a><b>1</b><b>2</b></a>");
  EXPECT_EQ(x.bind->child_text("b"), "1");
  EXPECT_EQ(x.said(), "f:1:55: warning: a second <b> in <a> is ignored; one is allowed\n");
}

TEST(Problem, IsOneLineOfTextOrOneJsonObject) {
  const Problem problem{myelin::xml::Level::error, {"a \"b\".xml", 3, 4}, "found", "allowed"};
  EXPECT_EQ(problem.text(), "a \"b\".xml:3:4: error: found; allowed");
  EXPECT_EQ(problem.json(),
            R"({"file":"a \"b\".xml","line":3,"column":4,"level":"error","found":"found","allowed":"allowed"})");
  const Problem bare{myelin::xml::Level::warning, {"f", 0, 0}, "found", ""};
  EXPECT_EQ(bare.text(), "f: warning: found");
}

}  // namespace
}  // namespace myelin::xml
