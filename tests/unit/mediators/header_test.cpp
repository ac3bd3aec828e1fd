#include "tests/unit/mediators/fixture.hpp"

namespace myelin {
namespace {

using testing::HasSubstr;

struct HeaderTest : test::MediatorTest {
  std::string blocks() {
    const auto envelope = message().payload.envelope();
    const tree::Document& tree = **envelope;
    const tree::NodeId header = Payload::header(tree);
    std::string names;
    if (header == tree::kNone) return names;
    for (auto block = tree.first_element(header); block != tree::kNone; block = tree.next_element(block))
      names += "{" + std::string(tree.ns(block)) + "}" + std::string(tree.local(block)) + "=" + tree.string_value(block) + ";";
    return names;
  }
};

// MED-090
TEST_F(HeaderTest, ToAndTheOtherAddressingNamesAreSetAndRemoved) {
  receive_soap("<a/>");
  run(R"x(<header name="To" value="http://backend/"/><header name="Action" expression="concat('urn:','act')"/>
         <header name="From" value="f"/><header name="FaultTo" value="ft"/><header name="ReplyTo" value="rt"/>
         <header name="RelatesTo" value="rel"/>)x");
  EXPECT_EQ(message().addressing().to, "http://backend/");
  EXPECT_EQ(message().addressing().action, "urn:act");
  EXPECT_EQ(message().addressing().soap_action, "urn:act");
  EXPECT_EQ(message().addressing().from, "f");
  EXPECT_EQ(message().addressing().fault_to, "ft");
  EXPECT_EQ(message().addressing().reply_to, "rt");
  EXPECT_EQ(message().addressing().relates_to, "rel");
  run(R"(<header name="To" action="remove"/>)");
  EXPECT_EQ(message().addressing().to, "");
}

// MED-091
TEST_F(HeaderTest, OtherNamesNeedANamespace) {
  EXPECT_THAT(errors_of(R"(<header name="Custom" value="v"/>)"), HasSubstr("has no namespace"));
  EXPECT_THAT(errors_of(R"(<header name="zz:Custom" value="v"/>)"), HasSubstr("'zz' is not declared"));
}

// MED-092
TEST_F(HeaderTest, SettingAppendsABlockEachTime) {
  receive_soap("<a/>");
  run(R"(<header name="m:Id" value="1"/><header name="m:Id" expression="'2'"/>)");
  EXPECT_EQ(blocks(), "{urn:m}Id=1;{urn:m}Id=2;");
  EXPECT_THAT(envelope(), HasSubstr(R"(<soapenv:Header><m:Id xmlns:m="urn:m">1</m:Id>)"));
}

TEST_F(HeaderTest, AnXmlValueIsTheContentOfTheBlock) {
  receive_soap("<a/>");
  run(R"(<header name="m:Id" value="&lt;x&gt;1&lt;/x&gt;" type="OM"/>)");
  EXPECT_THAT(envelope(), HasSubstr("><x>1</x></m:Id>"));
}

// MED-093
TEST_F(HeaderTest, RemoveTakesAllBlocksOfThatName) {
  receive_soap("<a/>", R"(<x:Id xmlns:x="urn:m">1</x:Id><x:Id xmlns:x="urn:m">2</x:Id><Id xmlns="urn:other">3</Id>)");
  run(R"(<header name="m:Id" action="remove"/>)");
  EXPECT_EQ(blocks(), "{urn:other}Id=3;");
}

// MED-094
TEST_F(HeaderTest, TransportHeadersAreSetAndRemoved) {
  message().headers.add("X-Old", "1");
  EXPECT_EQ(run(R"(<header name="X-New" value="v" scope="transport"/><header name="x-old" action="remove" scope="transport"/>)"),
            Flow::next);
  EXPECT_EQ(header("X-New"), "v");
  EXPECT_EQ(header("X-Old"), "(none)");
  // REL-080
  EXPECT_EQ(run(R"(<header name="X" value="a&#10;b" scope="transport"/>)"), Flow::fault);
}

// REL-080
TEST_F(HeaderTest, ALineEndCannotReachTheSoapAction) {
  EXPECT_EQ(run(R"(<header name="Action" value="a&#13;&#10;Evil: 1"/>)"), Flow::fault);
  EXPECT_EQ(message().addressing().soap_action, "");
}

// MED-095
TEST_F(HeaderTest, WithoutANameTheChildrenAreBlocks) {
  receive_soap("<a/>");
  run(R"(<header><m:One>1</m:One><m:Two>2</m:Two></header>)");
  EXPECT_EQ(blocks(), "{urn:m}One=1;{urn:m}Two=2;");
  run(R"(<header action="remove"><m:One/></header>)");
  EXPECT_EQ(blocks(), "{urn:m}Two=2;");
}

// MED-096
TEST_F(HeaderTest, SettingNeedsAValue) {
  EXPECT_THAT(errors_of(R"(<header name="m:Id"/>)"), HasSubstr("without a value"));
  EXPECT_THAT(errors_of("<header/>"), HasSubstr("without a name"));
}

// MED-097
TEST_F(HeaderTest, UnknownScopesAreRefused) {
  EXPECT_THAT(errors_of(R"(<header name="m:Id" value="v" scope="foo"/>)"), HasSubstr("foo"));
  artifacts.apache = true;
  EXPECT_EQ(errors_of(R"(<header name="m:Id" value="v" scope="SOAP"/>)"), "");
}

TEST_F(HeaderTest, OnlySoapHeadersNeedTheMessage) {
  EXPECT_EQ(need_of(R"(<header name="X" value="v" scope="transport"/>)"), Need::nothing);
  EXPECT_EQ(need_of(R"(<header name="To" value="v"/>)"), Need::header);
  EXPECT_EQ(need_of(R"(<header name="m:Id" value="v"/>)"), Need::body);
}

}  // namespace
}  // namespace myelin
