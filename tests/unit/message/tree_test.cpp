// The message tree: what it refuses, what it gives back byte for byte, and how edits are written.
#include "engine/message/tree.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "engine/message/value.hpp"
#include "tests/support/cpu_time.hpp"

namespace myelin::tree {
namespace {

std::shared_ptr<Document> read(std::string xml) {
  auto parsed = Document::parse(std::move(xml));
  EXPECT_TRUE(parsed.ok()) << (parsed.ok() ? "" : parsed.fault().message);
  return parsed.ok() ? *parsed : std::make_shared<Document>();
}

int status_of(std::string xml, std::string_view charset = {}, const Limits& limits = {}) {
  auto parsed = Document::parse(std::move(xml), charset, limits);
  if (parsed.ok()) return 200;
  EXPECT_EQ(parsed.fault().code, code::kParse);
  EXPECT_FALSE(parsed.fault().message.empty());
  return parsed.fault().status;
}

// --- well-formedness ------------------------------------------------------------------------------

struct Text {
  const char* name;
  std::string xml;
};
void PrintTo(const Text& text, std::ostream* out) { *out << text.xml; }

class Accepts : public testing::TestWithParam<Text> {};
TEST_P(Accepts, AndWritesBackTheSameBytes) {
  const auto document = read(GetParam().xml);
  EXPECT_NE(document->root(), kNone);
  std::string xml = GetParam().xml;
  if (xml.starts_with("<?xml ")) xml.erase(0, xml.find("?>") + 2);
  while (!xml.empty() && xml.front() == '\n') xml.erase(0, 1);
  while (!xml.empty() && xml.back() == '\n') xml.pop_back();
  EXPECT_EQ(document->xml(document->document()), xml);
}
INSTANTIATE_TEST_SUITE_P(
    Documents, Accepts,
    testing::Values(
        Text{"Empty", "<a/>"}, Text{"SpaceInTags", "<a  b = 'c'\n ></a >"}, Text{"Nested", "<a><b><c/></b>t</a>"},
        Text{"Declaration", "<?xml version='1.0' encoding='UTF-8' standalone='yes'?>\n<a/>\n"},
        Text{"References", "<a b='&lt;&#65;&#x42;'>&amp;&gt;&quot;&apos;&#x10FFFF;</a>"},
        Text{"Cdata", "<a>x<![CDATA[<&]]]]>y</a>"}, Text{"Comments", "<!-- a - b --><a><!--c--></a><!-- -->"},
        Text{"Instructions", "<?p q?><a><?r?></a><?s t ?>"}, Text{"Namespaces", "<p:a xmlns:p='u' p:b='1' b='2'/>"},
        Text{"DefaultNamespace", "<a xmlns='u'><b xmlns=''/></a>"}, Text{"XmlPrefix", "<a xml:lang='en'/>"},
        Text{"XmlDeclared", "<a xmlns:xml='http://www.w3.org/XML/1998/namespace'/>"},
        Text{"PrefixRebound", "<p:a xmlns:p='u'><p:b xmlns:p='v'/><p:c/></p:a>"},
        Text{"WideNames", "<\xC3\xA9l\xC3\xA9ment \xE6\x97\xA5='x'>\xF0\x9F\x98\x80</\xC3\xA9l\xC3\xA9ment>"},
        Text{"Brackets", "<a>]] ]> &gt;</a>"}, Text{"QuoteInValue", "<a b=\"it's\" c='\"'/>"},
        Text{"LineEnds", "<a>x\r\ny\rz</a>"}, Text{"Version11", "<?xml version='1.1'?><a/>"}),
    [](const auto& tested) { return tested.param.name; });

class Refuses : public testing::TestWithParam<Text> {};
TEST_P(Refuses, WithStatus400) { EXPECT_EQ(status_of(GetParam().xml), 400); }
INSTANTIATE_TEST_SUITE_P(
    Documents, Refuses,
    testing::Values(
        Text{"Nothing", ""}, Text{"OnlySpace", " \n"}, Text{"OnlyText", "abc"}, Text{"OnlyComment", "<!--x-->"},
        Text{"Unclosed", "<a>"}, Text{"UnclosedTag", "<a b='1'"}, Text{"WrongEnd", "<a></b>"},
        Text{"LongerEnd", "<a></ab>"}, Text{"ShorterEnd", "<ab></a>"}, Text{"EndPrefix", "<p:a xmlns:p='u'></a>"},
        Text{"Crossed", "<a><b></a></b>"}, Text{"TwoRoots", "<a/><b/>"}, Text{"EndOnly", "</a>"},
        Text{"TextBefore", "x<a/>"}, Text{"TextBehind", "<a/>x"}, Text{"ReferenceBehind", "<a/>&#32;"},
        Text{"CdataOutside", "<![CDATA[x]]><a/>"}, Text{"UndeclaredPrefix", "<p:a/>"},
        Text{"UndeclaredAttributePrefix", "<a p:b='1'/>"}, Text{"PrefixOutOfScope", "<a><b xmlns:p='u'/><p:c/></a>"},
        Text{"XmlnsElement", "<xmlns:a/>"}, Text{"EmptyPrefixUri", "<a xmlns:p=''/>"},
        Text{"XmlRebound", "<a xmlns:xml='u'/>"}, Text{"XmlUriElsewhere", "<a xmlns:p='http://www.w3.org/XML/1998/namespace'/>"},
        Text{"XmlnsDeclared", "<a xmlns:xmlns='u'/>"}, Text{"DuplicateAttribute", "<a b='1' b='2'/>"},
        Text{"DuplicateExpandedName", "<a xmlns:p='u' xmlns:q='u' p:b='1' q:b='2'/>"},
        Text{"DuplicateDeclaration", "<a xmlns:p='u' xmlns:p='v'/>"}, Text{"TwoColons", "<a:b:c xmlns:a='u'/>"},
        Text{"EmptyPrefix", "<:a/>"}, Text{"EmptyLocal", "<a: xmlns:a='u'/>"}, Text{"DigitName", "<1a/>"},
        Text{"SpaceBeforeName", "< a/>"}, Text{"BadNameCharacter", "<a\xC3\x97/>"}, Text{"BadSlash", "<a/ >"},
        Text{"NoValue", "<a b/>"}, Text{"Unquoted", "<a b=1/>"}, Text{"NoSpaceBetween", "<a b='1'c='2'/>"},
        Text{"LessInValue", "<a b='<'/>"}, Text{"OpenValue", "<a b='1/>"}, Text{"BareAmpersand", "<a>a & b</a>"},
        Text{"UndefinedEntity", "<a>&nbsp;</a>"}, Text{"OpenEntity", "<a>&amp</a>"}, Text{"BadReference", "<a>&#x;</a>"},
        Text{"ReferenceToNul", "<a>&#0;</a>"}, Text{"ReferenceToControl", "<a>&#1;</a>"},
        Text{"ReferenceToSurrogate", "<a>&#xD800;</a>"}, Text{"ReferenceTooLarge", "<a>&#x110000;</a>"},
        Text{"HugeReference", "<a>&#99999999999999999999;</a>"}, Text{"Control", "<a>\x01</a>"},
        Text{"Nul", std::string("<a>\0</a>", 8)}, Text{"CdataEndInText", "<a>]]></a>"}, Text{"OpenCdata", "<a><![CDATA[x]]</a>"},
        Text{"OpenComment", "<a><!-- </a>"}, Text{"DashesInComment", "<a><!-- -- --></a>"},
        Text{"DashAtCommentEnd", "<a><!-- x---></a>"}, Text{"OpenInstruction", "<a><?p </a>"},
        Text{"LateDeclaration", "<a/><?xml version='1.0'?>"}, Text{"SpaceBeforeDeclaration", " <?xml version='1.0'?><a/>"},
        Text{"ColonTarget", "<?p:q r?><a/>"}, Text{"NoVersion", "<?xml encoding='UTF-8'?><a/>"},
        Text{"BadVersion", "<?xml version='2.0'?><a/>"}, Text{"BadStandalone", "<?xml version='1.0' standalone='maybe'?><a/>"},
        Text{"DeclarationOrder", "<?xml version='1.0' standalone='yes' encoding='UTF-8'?><a/>"},
        Text{"BadMarkup", "<a><!ELEMENT b ANY></a>"}, Text{"LoneContinuation", "<a>\x80</a>"},
        Text{"Overlong", "<a>\xC0\xAF</a>"}, Text{"Surrogate", "<a>\xED\xA0\x80</a>"},
        Text{"CutSequence", "<a>\xE6\x97</a>"}, Text{"NonCharacter", "<a>\xEF\xBF\xBF</a>"},
        Text{"BeyondUnicode", "<a>\xF4\x90\x80\x80</a>"}),
    [](const auto& tested) { return tested.param.name; });

TEST(Tree, RefusesADoctypeByName) {  // REL-090
  for (const char* xml : {"<!DOCTYPE a><a/>", "<?xml version='1.0'?>\n<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
                          "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>"}) {
    auto parsed = Document::parse(xml);
    ASSERT_FALSE(parsed.ok());
    EXPECT_EQ(parsed.fault().status, 400);
    EXPECT_NE(parsed.fault().message.find("DOCTYPE"), std::string::npos);
  }
}

TEST(Tree, SaysWhereItIsMalformed) {
  auto parsed = Document::parse("<a>\n  <b></c>\n</a>");
  ASSERT_FALSE(parsed.ok());
  EXPECT_NE(parsed.fault().message.find("line 2, column 6"), std::string::npos) << parsed.fault().message;
}

// --- limits -----------------------------------------------------------------------------------------

std::string nested(int depth) {
  std::string xml;
  for (int i = 0; i < depth; ++i) xml += "<a>";
  for (int i = 0; i < depth; ++i) xml += "</a>";
  return xml;
}
std::string with_attributes(int count) {
  std::string xml = "<a";
  for (int i = 0; i < count; ++i) xml += " a" + std::to_string(i) + "=''";
  return xml + "/>";
}

TEST(Tree, LimitsDepthAttributesNamesAndValues) {  // REL-092
  EXPECT_EQ(status_of(nested(256)), 200);
  EXPECT_EQ(status_of(nested(257)), 413);
  EXPECT_EQ(status_of(with_attributes(1000)), 200);
  EXPECT_EQ(status_of(with_attributes(1001)), 413);
  EXPECT_EQ(status_of("<" + std::string(1024, 'a') + "/>"), 200);
  EXPECT_EQ(status_of("<" + std::string(1025, 'a') + "/>"), 413);
  EXPECT_EQ(status_of("<a b='" + std::string(1 << 20, 'x') + "'/>"), 200);
  EXPECT_EQ(status_of("<a b='" + std::string((1 << 20) + 1, 'x') + "'/>"), 413);
}

TEST(Tree, LimitsNodesAndMemory) {  // REL-093
  Limits limits;
  limits.nodes = 100;
  std::string xml = "<a>";
  for (int i = 0; i < 98; ++i) xml += "<b/>";
  EXPECT_EQ(status_of(xml + "</a>", {}, limits), 200);
  EXPECT_EQ(status_of(xml + "<b/></a>", {}, limits), 413);

  std::string dense = "<a>";
  while (dense.size() < 1'000'000) dense += "<b/>";
  EXPECT_EQ(status_of(dense + "</a>"), 413);

  std::string usual = "<a>";
  while (usual.size() < 1'000'000) usual += "<item key='1'>some text here</item>";
  usual += "</a>";
  const auto document = read(usual);
  EXPECT_LE(document->memory(), usual.size() * 11 + (1 << 20));
}

TEST(Tree, ManyNamesAndPrefixesCostLittle) {  // REL-094
  const auto start = test::cpu_time();
  std::string xml = "<a";
  for (int i = 0; i < 900; ++i) xml += " xmlns:p" + std::to_string(i) + "='u" + std::to_string(i) + "'";
  xml += ">";
  for (int i = 0; i < 100'000; ++i) xml += "<p0:b" + std::to_string(i) + "/>";
  xml += "</a>";
  EXPECT_EQ(status_of(xml), 200);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(status_of(with_attributes(1000)), 200);
  EXPECT_LT(test::cpu_time() - start, test::at_most(std::chrono::seconds(1)));
}

TEST(Tree, FindsADuplicateAmongManyAttributes) {
  std::string xml = with_attributes(900);
  xml.insert(xml.size() - 2, " a5=''");
  EXPECT_EQ(status_of(xml), 400);
}

// --- encodings --------------------------------------------------------------------------------------

std::string utf16(std::string_view ascii, bool little, bool mark) {
  std::string out = !mark ? "" : little ? "\xFF\xFE" : "\xFE\xFF";
  for (const char c : ascii) out += little ? std::string{c, '\0'} : std::string{'\0', c};
  return out;
}

TEST(Tree, ReadsTheFourEncodings) {  // REL-095
  EXPECT_EQ(status_of("\xEF\xBB\xBF<a/>"), 200);
  for (const bool little : {true, false})
    for (const bool mark : {true, false})
      EXPECT_EQ(status_of(utf16("<?xml version='1.0' encoding='UTF-16'?><a/>", little, mark)), 200);
  EXPECT_EQ(status_of(utf16("<a/>", false, false), "utf-16"), 200);
  EXPECT_EQ(status_of(utf16("<a/>", true, false), "UTF-16LE"), 200);
  auto latin = Document::parse("<?xml version='1.0' encoding='ISO-8859-1'?><a>\xE9</a>");
  ASSERT_TRUE(latin.ok());
  EXPECT_EQ((*latin)->string_value((*latin)->root()), "\xC3\xA9");
  EXPECT_EQ(status_of("<a>\xE9</a>", "iso-8859-1"), 200);
  EXPECT_EQ(status_of("<a>x</a>", "us-ascii"), 200);
}

TEST(Tree, RefusesOtherEncodingsAndBadSequences) {  // REL-095
  EXPECT_EQ(status_of("<a/>", "windows-1252"), 415);
  EXPECT_EQ(status_of("<?xml version='1.0' encoding='EBCDIC-CP-US'?><a/>"), 415);
  EXPECT_EQ(status_of("<?xml version='1.0' encoding='UTF-16'?><a/>"), 400);
  EXPECT_EQ(status_of("<?xml version='1.0' encoding='_UTF 8'?><a/>", "utf-8"), 400);
  EXPECT_EQ(status_of("<a>\xE9</a>", "us-ascii"), 400);
  EXPECT_EQ(status_of("<a>\xE9</a>"), 400);
  EXPECT_EQ(status_of(utf16("<a/>", true, true) + "x"), 400);
  EXPECT_EQ(status_of(std::string("\xFF\xFE\0\0", 4) + "<a/>"), 415);
}

// --- reading ----------------------------------------------------------------------------------------

TEST(Tree, TellsNamesNamespacesAndValues) {
  const auto document = read("<p:a xmlns:p='u' xmlns='d' p:x='1' y='2'><b>t</b><?q r s?><!--c--></p:a>");
  const NodeId a = document->root();
  EXPECT_EQ(document->local(a), "a");
  EXPECT_EQ(document->prefix(a), "p");
  EXPECT_EQ(document->ns(a), "u");
  EXPECT_EQ(document->value(document->attribute(a, "u", "x")), "1");
  EXPECT_EQ(document->value(document->attribute(a, "", "y")), "2");
  EXPECT_EQ(document->attribute(a, "", "x"), kNone);
  const NodeId b = document->child(a, "d", "b");
  ASSERT_NE(b, kNone);
  EXPECT_EQ(document->string_value(a), "t");
  EXPECT_EQ(document->direct_text(a), "");
  const NodeId instruction = document->next(b);
  EXPECT_EQ(document->kind(instruction), Kind::instruction);
  EXPECT_EQ(document->local(instruction), "q");
  EXPECT_EQ(document->value(instruction), "r s");
  EXPECT_EQ(document->value(document->last_child(a)), "c");
  EXPECT_EQ(document->resolve(b, "p"), "u");
  EXPECT_EQ(document->resolve(b, "none"), "");
  EXPECT_EQ(document->resolve(b, ""), "d");
  EXPECT_EQ(document->declarations(a).size(), 2u);
  EXPECT_EQ(document->parent(document->first_attribute(a)), a);
}

TEST(Tree, MergesTextReferencesAndCdata) {
  const auto document = read("<a>x&lt;<![CDATA[&y]]>\r\nz\rw</a>");
  const NodeId text = document->first_child(document->root());
  EXPECT_EQ(document->value(text), "x<&y\nz\nw");
  EXPECT_EQ(document->next(text), kNone);
}

TEST(Tree, NormalisesAttributeValues) {
  const auto document = read("<a b='x\ty\r\nz&#10;&amp;'/>");
  EXPECT_EQ(document->value(document->attribute(document->root(), "", "b")), "x y z\n&");
}

TEST(Tree, KnowsDocumentOrderBeforeAndAfterEdits) {
  const auto document = read("<a><b x='1'/><c/></a>");
  const NodeId b = document->first_element(document->root());
  const NodeId c = document->next_element(b);
  EXPECT_LT(document->order(b, c), 0);
  EXPECT_EQ(document->order(b, b), 0);
  document->detach(b);
  document->append(document->root(), b);
  EXPECT_GT(document->order(b, c), 0);
  EXPECT_LT(document->order(b, document->first_attribute(b)), 0);
}

// --- writing and editing ------------------------------------------------------------------------------

constexpr const char* kSoap =
    "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/' xmlns:m='urn:m'  xmlns:n=\"urn:n\" >\n"
    " <s:Body><m:a  x='1'><m:b>1 &#x31;</m:b ><m:c/></m:a></s:Body>\n</s:Envelope>";

NodeId find(const Document& document, std::string_view local) {
  NodeId id = document.root();
  while (document.local(id) != local) {
    if (document.first_element(id) != kNone) {
      id = document.first_element(id);
      continue;
    }
    while (document.next_element(id) == kNone) id = document.parent(id);
    id = document.next_element(id);
  }
  return id;
}

TEST(Tree, WritesASubtreeWithTheNamespacesItUses) {
  const auto document = read(kSoap);
  EXPECT_EQ(document->xml(find(*document, "a")), "<m:a xmlns:m=\"urn:m\"  x='1'><m:b>1 &#x31;</m:b ><m:c/></m:a>");
}

TEST(Tree, DeclaresPrefixesThatAreUsedInContent) {
  const auto document = read("<e xmlns:xsi='urn:i' xmlns:t='urn:t' xmlns:f='urn:f' xmlns:g='urn:g'><a xsi:type='t:x'>f:y</a></e>");
  EXPECT_EQ(document->xml(document->first_element(document->root())),
            "<a xmlns:xsi=\"urn:i\" xmlns:t=\"urn:t\" xmlns:f=\"urn:f\" xsi:type='t:x'>f:y</a>");
}

TEST(Tree, KeepsUntouchedPartsByteForByteAroundAnEdit) {
  const auto document = read(kSoap);
  document->set_text(find(*document, "c"), "new");
  EXPECT_EQ(document->xml(document->root()),
            "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/' xmlns:m='urn:m'  xmlns:n=\"urn:n\" >\n"
            " <s:Body><m:a  x='1'><m:b>1 &#x31;</m:b ><m:c>new</m:c></m:a></s:Body>\n</s:Envelope>");
}

TEST(Tree, WritesEditedTextsAndAttributesEscaped) {
  const auto document = read("<a b='1'>x</a>");
  document->set_attribute(document->root(), "", "", "b", "<\"&\n\t");
  document->set_text(document->root(), "]]> & <\r");
  EXPECT_EQ(document->xml(document->root()), "<a b=\"&lt;&quot;&amp;&#xA;&#x9;\">]]&gt; &amp; &lt;&#xD;</a>");
  EXPECT_EQ(status_of(document->xml(document->root())), 200);
}

TEST(Tree, ReplacesWhatXmlCannotSay) {
  const auto document = read("<a/>");
  document->set_text(document->root(), std::string("x\x01y\0z\xFFw\xEF\xBF\xBF", 10));
  const std::string xml = document->xml(document->root());
  EXPECT_EQ(xml, "<a>x\xEF\xBF\xBDy\xEF\xBF\xBDz\xEF\xBF\xBDw\xEF\xBF\xBD</a>");
  EXPECT_EQ(status_of(xml), 200);
}

TEST(Tree, BuildsADocument) {
  Document document;
  const NodeId envelope = document.create_element("urn:s", "s", "Envelope");
  document.append(document.document(), envelope);
  const NodeId body = document.create_element("urn:s", "s", "Body");
  document.append(envelope, body);
  const NodeId child = document.create_element("", "", "x");
  document.append(body, child);
  document.append(child, document.create_text("1<2"));
  document.set_attribute(child, "urn:q", "q", "k", "v");
  document.insert_before(body, document.create_element("urn:s", "s", "Header"));
  EXPECT_EQ(document.xml(document.root()),
            "<s:Envelope xmlns:s=\"urn:s\"><s:Header/><s:Body><x xmlns:q=\"urn:q\" q:k=\"v\">1&lt;2</x></s:Body></s:Envelope>");
}

TEST(Tree, UndeclaresTheDefaultNamespaceWhereItDoesNotApply) {
  Document document;
  const NodeId a = document.create_element("urn:a", "", "a");
  document.append(document.document(), a);
  document.append(a, document.create_element("", "", "b"));
  EXPECT_EQ(document.xml(a), "<a xmlns=\"urn:a\"><b xmlns=\"\"/></a>");
}

TEST(Tree, GivesAPrefixToAnAttributeThatLacksOrSharesOne) {
  Document document;
  const NodeId a = document.create_element("urn:a", "p", "a");
  document.append(document.document(), a);
  document.set_attribute(a, "urn:b", "p", "x", "1");
  document.set_attribute(a, "urn:c", "", "y", "2");
  const std::string xml = document.xml(a);
  const auto again = read(xml);
  EXPECT_EQ(again->ns(again->root()), "urn:a");
  EXPECT_EQ(again->value(again->attribute(again->root(), "urn:b", "x")), "1") << xml;
  EXPECT_EQ(again->value(again->attribute(again->root(), "urn:c", "y")), "2") << xml;
}

TEST(Tree, AnAttributeDoesNotTakeThePrefixThatOthersHaveFromOutside) {
  const auto document = read("<r xmlns:p='u'><p:a/><b p:c='1'/></r>");
  const NodeId a = document->first_element(document->root()), b = document->next_element(a);
  document->set_attribute(a, "v", "p", "d", "2");
  document->set_attribute(b, "v", "p", "d", "2");
  const std::string xml = document->xml(document->document());
  EXPECT_EQ(xml, R"(<r xmlns:p='u'><p:a xmlns:ns1="v" ns1:d="2"/><b p:c="1" xmlns:ns1="v" ns1:d="2"/></r>)");
}

TEST(Tree, MovesASubtreeAndKeepsItsNamespaces) {
  const auto document = read("<r xmlns:o='urn:o'><x xmlns:p='urn:1'><p:y k='o:v'/></x><z xmlns:p='urn:2'/></r>");
  const NodeId x = document->first_element(document->root());
  const NodeId z = document->next_element(x);
  const NodeId y = document->first_element(x);
  document->detach(y);
  EXPECT_EQ(document->xml(y), "<p:y xmlns:p=\"urn:1\" k='o:v'/>");
  document->append(z, y);
  const auto again = read(document->xml(document->root()));
  const NodeId moved = again->first_element(again->next_element(again->first_element(again->root())));
  EXPECT_EQ(again->ns(moved), "urn:1");
  EXPECT_EQ(again->resolve(moved, "o"), "urn:o");
}

TEST(Tree, ImportsASubtreeOfAnotherDocumentWithItsNamespaces) {
  const auto from = read("<e xmlns:a='urn:a' xmlns='urn:d' xmlns:unused='urn:x'><b a:c='1'>t&amp;<d/><!--k--></b></e>");
  const auto to = read("<r/>");
  to->append(to->root(), to->import(*from, from->first_element(from->root())));
  EXPECT_EQ(to->xml(to->root()),
            "<r><b xmlns=\"urn:d\" xmlns:a=\"urn:a\" a:c=\"1\">t&amp;<d/><!--k--></b></r>");
}

TEST(Tree, ImportsACopyOfItsOwnSubtree) {
  const auto document = read("<r xmlns:a='urn:a'><a:b  x='1'>t</a:b></r>");
  const NodeId copy = document->import(*document, document->first_element(document->root()));
  document->append(document->root(), copy);
  const auto again = read(document->xml(document->root()));
  const NodeId first = again->first_element(again->root());
  EXPECT_EQ(again->ns(again->next_element(first)), "urn:a");
  EXPECT_EQ(again->string_value(again->root()), "tt");
}

TEST(Tree, ImportsAFragmentOrSaysWhyNot) {
  const auto document = read("<r/>");
  auto good = document->import_xml("<x a='1'><y/></x>");
  ASSERT_TRUE(good.ok());
  EXPECT_EQ(document->parent(*good), kNone);
  document->append(document->root(), *good);
  EXPECT_EQ(document->xml(document->root()), "<r><x a=\"1\"><y/></x></r>");
  EXPECT_FALSE(document->import_xml("<x>").ok());
}

TEST(Tree, TextsThatComeTogetherStayWellFormed) {
  const auto document = read("<r>]]<a/>>]<b/>]></r>");
  document->detach(document->first_element(document->root()));
  document->detach(document->first_element(document->root()));
  EXPECT_EQ(document->xml(document->root()), "<r>]]&gt;]]&gt;</r>");
}

TEST(Tree, DetachedNodesStayReadable) {
  const auto document = read("<r><a k='1'>t</a></r>");
  const NodeId a = document->first_element(document->root());
  document->remove_children(document->root());
  EXPECT_EQ(document->string_value(a), "t");
  EXPECT_EQ(document->parent(a), kNone);
  EXPECT_EQ(document->xml(document->root()), "<r/>");
  const NodeId k = document->attribute(a, "", "k");
  document->detach(k);
  EXPECT_EQ(document->value(k), "1");
  EXPECT_EQ(document->xml(a), "<a>t</a>");
}

TEST(Tree, RenamesAnElementAndItsEndTag) {
  const auto document = read("<s:e xmlns:s='urn:1'><s:b><c/></s:b></s:e>");
  const NodeId b = document->first_element(document->root());
  document->rename(b, "urn:2", "t", "x");
  EXPECT_EQ(document->xml(document->root()), "<s:e xmlns:s=\"urn:1\"><t:x xmlns:t=\"urn:2\"><c/></t:x></s:e>");
}

TEST(Tree, ACloneIsIndependentAndHasTheSameIds) {
  const auto document = read("<a><b>1&amp;</b></a>");
  const NodeId b = document->first_element(document->root());
  document->set_attribute(b, "", "", "k", "v");
  const auto copy = document->clone();
  document->set_text(b, "changed");
  EXPECT_EQ(copy->xml(copy->root()), "<a><b k=\"v\">1&amp;</b></a>");
  copy->set_text(b, "other");
  EXPECT_EQ(document->string_value(b), "changed");
}

TEST(Tree, DeepEditedTreesNeedNoDeepStack) {  // REL-101
  Document document;
  NodeId at = document.document();
  for (int i = 0; i < 200'000; ++i) {
    const NodeId next = document.create_element("", "", "a");
    document.append(at, next);
    at = next;
  }
  document.append(at, document.create_text("x"));
  EXPECT_EQ(document.string_value(document.root()), "x");
  EXPECT_EQ(document.xml(document.root()).size(), 200'000u * 7 + 1);
  Document other;
  other.append(other.document(), other.import(document, document.root()));
  EXPECT_EQ(other.string_value(other.root()), "x");
}

// --- values -------------------------------------------------------------------------------------------

std::string text_of(std::initializer_list<const char*> path_less_xml) {
  std::string out;
  for (const char* xml : path_less_xml) {
    const auto document = read(xml);
    out += Value(Nodes{{NodeRef{document.get(), document->root()}}, document}).text();
  }
  return out;
}

TEST(ValueText, OneElementGivesItsOwnTextOrItsXml) {  // MED-229
  EXPECT_EQ(text_of({"<a>1</a>"}), "1");
  EXPECT_EQ(text_of({"<a> 1\n</a>"}), "1");
  EXPECT_EQ(text_of({"<a>1<b>2</b></a>"}), "1");
  EXPECT_EQ(text_of({"<a><b>1</b></a>"}), "<a><b>1</b></a>");
  EXPECT_EQ(text_of({"<a/>"}), "<a/>");
  EXPECT_EQ(text_of({"<a> \xC2\xA0 </a>"}), "<a> \xC2\xA0 </a>");
}

TEST(ValueText, SeveralElementsGiveTheirXml) {  // MED-229
  const auto document = read("<r k='v'><a>1</a><a>2</a></r>");
  const NodeId a = document->first_element(document->root());
  Nodes nodes;
  nodes.items = {{document.get(), a}, {document.get(), document->next_element(a)}};
  EXPECT_EQ(Value(nodes).text(), "<a>1</a><a>2</a>");
  nodes.items = {{document.get(), document->first_attribute(document->root())}, {document.get(), document->first_child(a)}};
  EXPECT_EQ(Value(nodes).text(), "v1");
}

TEST(ValueText, SimpleKinds) {
  EXPECT_EQ(Value().text(), "");
  EXPECT_EQ(Value("x").text(), "x");
  EXPECT_EQ(Value(true).text(), "true");
  EXPECT_EQ(Value(3).text(), "3");
  EXPECT_EQ(Value(3.5).text(), "3.5");
  EXPECT_EQ(Value(Json{"{}"}).text(), "{}");
  EXPECT_TRUE(Value(true).truth());
  EXPECT_TRUE(Value("TRUE").truth());
  EXPECT_FALSE(Value("yes").truth());
  EXPECT_FALSE(Value().truth());
}

}  // namespace
}  // namespace myelin::tree
