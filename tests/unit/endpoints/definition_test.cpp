#include "endpoints/common/definition.hpp"

#include "endpoints/common/leaf.hpp"
#include "tests/unit/endpoints/support.hpp"

namespace myelin::test {
namespace {

using endpoints::Definition;
using endpoints::SendingLeaf;

class DefinitionTest : public EndpointTest {
 protected:
  static std::string xml(std::string_view inside, std::string_view attributes = "") {
    return "<endpoint><address uri='http://h/' " + std::string(attributes) + ">" + std::string(inside) +
           "</address></endpoint>";
  }
  /// The definition of a good endpoint.
  const Definition& read(std::string_view inside, std::string_view attributes = "") {
    problems = {};
    endpoint = linked(xml(inside, attributes));
    return dynamic_cast<SendingLeaf&>(*endpoint).definition;
  }
  bool bad(std::string_view inside, std::string_view attributes = "") { return is_error(xml(inside, attributes)); }

  static std::string wrap(std::string_view parent, std::string_view child, std::string_view value) {
    return "<" + std::string(parent) + "><" + std::string(child) + ">" + std::string(value) + "</" + std::string(child) +
           "></" + std::string(parent) + ">";
  }

  std::unique_ptr<Endpoint> endpoint;
};

TEST_F(DefinitionTest, Format) {  // EP-015
  EXPECT_EQ(read("", "format='SOAP11'").format, EndpointFormat::soap11);
  EXPECT_EQ(read("", "format='Pox'").format, EndpointFormat::pox);
  EXPECT_EQ(read("", "format='xml'").format, EndpointFormat::as_is);
  EXPECT_FALSE(problems.has_errors());
}

TEST_F(DefinitionTest, Optimize) {  // EP-016
  EXPECT_EQ(read("", "optimize='MTOM'").attachments, Attachments::mtom);
  EXPECT_EQ(read("", "optimize='swa'").attachments, Attachments::swa);
  EXPECT_EQ(read("", "optimize='zip'").attachments, Attachments::dropped);
  EXPECT_FALSE(problems.has_errors());
}

TEST_F(DefinitionTest, Addressing) {  // EP-017, EP-018
  EXPECT_TRUE(bad("<enableAddressing version='foo'/>"));
  EXPECT_EQ(read("").addressing, AddressingVersion::off);
  EXPECT_EQ(read("<enableAddressing/>").addressing, AddressingVersion::final);
  EXPECT_EQ(read("<enableAddressing version=' Submission '/>").addressing, AddressingVersion::submission);
  EXPECT_TRUE(read("<enableAddressing version='final' separateListener=' TRUE '/>").separate_listener);
  EXPECT_FALSE(read("<enableAddressing separateListener='yes'/>").separate_listener);
}

TEST_F(DefinitionTest, SecurityThatCannotBeHadIsWarnedAbout) {
  read("<enableSec policy='p'/>");
  ASSERT_EQ(problems.all().size(), 1U);
  EXPECT_EQ(problems.all()[0].level, xml::Level::warning);
  EXPECT_NE(problems.all()[0].text().find("without WS-Security"), std::string::npos);
}

TEST_F(DefinitionTest, NumbersAreNumbers) {  // EP-020, EP-022
  const std::pair<const char*, const char*> fields[] = {{"timeout", "duration"},
                                                        {"suspendOnFailure", "initialDuration"},
                                                        {"suspendOnFailure", "maximumDuration"},
                                                        {"suspendOnFailure", "progressionFactor"},
                                                        {"markForSuspension", "retryDelay"},
                                                        {"markForSuspension", "retriesBeforeSuspension"}};
  for (const auto& [parent, child] : fields) {
    EXPECT_TRUE(bad(wrap(parent, child, "abc"))) << child;
    EXPECT_TRUE(bad(wrap(parent, child, ""))) << child;
    EXPECT_FALSE(bad(wrap(parent, child, " 12 "))) << child << all_problems();
  }
  EXPECT_TRUE(bad("<suspendDurationOnFailure>x</suspendDurationOnFailure>"));
}

TEST_F(DefinitionTest, Ranges) {  // EP-021
  EXPECT_TRUE(bad(wrap("suspendOnFailure", "initialDuration", "2147483648")));
  EXPECT_FALSE(bad(wrap("suspendOnFailure", "initialDuration", "2147483647")));
  EXPECT_EQ(read(wrap("suspendOnFailure", "maximumDuration", "9223372036854775806")).suspension.maximum,
            9223372036854775806);
  EXPECT_FALSE(bad(wrap("markForSuspension", "retryDelay", "-5")));
}

TEST_F(DefinitionTest, ErrorCodes) {  // EP-022, EP-023, EP-024
  EXPECT_TRUE(read("<suspendOnFailure><errorCodes/></suspendOnFailure>").suspension.suspend_codes.empty());
  EXPECT_EQ(read(wrap("markForSuspension", "errorCodes", " 101504, 101505 101506 ")).suspension.timeout_codes,
            (std::vector<int>{101504, 101505, 101506}));
  EXPECT_TRUE(bad(wrap("markForSuspension", "errorCodes", "101504,x")));
  EXPECT_TRUE(bad(wrap("markForSuspension", "errorCodes", "1\n2"))) << "a line break is no separator";
}

TEST_F(DefinitionTest, ResponseAction) {  // EP-025
  EXPECT_EQ(read(wrap("timeout", "responseAction", "Discard")).action, Leaf::Action::discard);
  EXPECT_EQ(read(wrap("timeout", "responseAction", "FAULT")).action, Leaf::Action::fault);
  EXPECT_EQ(read(wrap("timeout", "duration", "1")).action, Leaf::Action::never);
  EXPECT_EQ(dynamic_cast<Leaf&>(*linked(xml(wrap("timeout", "responseAction", "fault")))).timeout_action,
            Leaf::Action::fault);
  EXPECT_TRUE(bad(wrap("timeout", "responseAction", "never")));
}

TEST_F(DefinitionTest, ActionWithoutDuration) {  // EP-026, EP-027
  EXPECT_EQ(read(wrap("timeout", "responseAction", "fault")).timeout, 0) << "the transport's own";
  artifacts.apache = true;
  EXPECT_EQ(read(wrap("timeout", "responseAction", "fault")).timeout, 30000);
}

TEST_F(DefinitionTest, BadTimeoutExpressionsAreErrors) {
  EXPECT_TRUE(bad(wrap("timeout", "duration", "{//[}")));
  EXPECT_FALSE(bad(wrap("timeout", "duration", "{$ctx:t}")));
}

TEST_F(DefinitionTest, TheOldSuspendDuration) {  // EP-028
  const auto& old = read("<suspendDurationOnFailure>60</suspendDurationOnFailure>").suspension;
  EXPECT_EQ(old.initial, 60000);
  EXPECT_EQ(old.factor, 1.0F);
  const auto& both = read(
      "<suspendOnFailure><progressionFactor>2</progressionFactor></suspendOnFailure>"
      "<suspendDurationOnFailure>60</suspendDurationOnFailure>").suspension;
  EXPECT_EQ(both.initial, -1);
  EXPECT_EQ(both.factor, 2.0F);
}

TEST_F(DefinitionTest, EnabledErrorCodes) {  // EP-029
  EXPECT_EQ(read(wrap("retryConfig", "enabledErrorCodes", "1 2")).enabled_codes, (std::vector<int>{1, 2}));
  artifacts.apache = true;
  EXPECT_TRUE(read(wrap("retryConfig", "enabledErrorCodes", "1 2")).enabled_codes.empty());
}

TEST_F(DefinitionTest, RetryCodesMatchShiftedAndBase) {
  Definition definition;
  definition.disabled_codes = {101504};
  EXPECT_FALSE(definition.allows_failover(101507, 101504));
  EXPECT_TRUE(definition.allows_failover(101503, 101503));
  definition.disabled_codes.clear();
  definition.enabled_codes = {101504};
  EXPECT_TRUE(definition.allows_failover(101507, 101504));
  EXPECT_FALSE(definition.allows_failover(101503, 101503));
}

TEST_F(DefinitionTest, GlobalSuspendSettings) {  // EP-096, EP-097
  artifacts.settings["synapse.global_endpoint_suspend_duration"] = "4000";
  artifacts.settings["synapse.global_endpoint_suspend_progression_factor"] = "3";
  const std::string own =
      "<suspendOnFailure><initialDuration>10</initialDuration><progressionFactor>2</progressionFactor></suspendOnFailure>";
  EXPECT_EQ(read("").suspension.initial, 4000);
  EXPECT_EQ(read("").suspension.factor, 3.0F);
  EXPECT_EQ(read(own).suspension.initial, 10);
  artifacts.settings["synapse.override_endpoint_suspend_config_with_global_values"] = "true";
  EXPECT_EQ(read(own).suspension.initial, 4000);
  EXPECT_EQ(read(own).suspension.factor, 3.0F);
}

TEST_F(DefinitionTest, MisspeltNamesWarn) {  // EP-005: ignored, but said
  EXPECT_FALSE(bad("<suspendOnFailur/>", "formt='soap11'"));
  EXPECT_EQ(problems.all().size(), 2U);
  EXPECT_NE(all_problems().find("suspendOnFailure"), std::string::npos);
  EXPECT_NE(all_problems().find("'format'"), std::string::npos);
}

// --- kinds and common children --------------------------------------------------------------------------

TEST_F(DefinitionTest, SomethingMustSayTheKind) {  // EP-001, EP-007
  EXPECT_TRUE(is_error("<endpoint/>"));
  EXPECT_TRUE(is_error("<endpoint><adress uri='http://h/'/></endpoint>"));
  EXPECT_TRUE(is_error("<endpoint><address xmlns='urn:other' uri='http://h/'/></endpoint>"));
}

TEST_F(DefinitionTest, TheOrderOfKinds) {  // EP-002
  EXPECT_EQ(build("<endpoint key='k' key-expression='1'><address uri='http://h/'/></endpoint>")->kind(), "indirect");
  EXPECT_EQ(build("<endpoint key-expression='1'><address uri='http://h/'/></endpoint>")->kind(), "resolving");
  EXPECT_EQ(build("<endpoint><default/><address uri='http://h/'/></endpoint>")->kind(), "address");
}

TEST_F(DefinitionTest, AddressNeedsAUri) {  // EP-010
  EXPECT_TRUE(is_error("<endpoint><address/></endpoint>"));
}

TEST_F(DefinitionTest, ExpressionsOfKeysAreChecked) {
  EXPECT_TRUE(is_error("<endpoint key-expression='//['/>"));
  EXPECT_TRUE(is_error("<endpoint key=' '/>"));
}

TEST_F(DefinitionTest, Properties) {  // EP-030, EP-031, EP-032
  const auto with = [](std::string_view property) {
    return "<endpoint><address uri='http://h/'/>" + std::string(property) + "</endpoint>";
  };
  EXPECT_TRUE(is_error(with("<property name='a'/>")));
  EXPECT_TRUE(is_error(with("<property name='a' value=' '/>")));
  EXPECT_TRUE(is_error(with("<property name=' ' value='v'/>")));
  EXPECT_TRUE(is_error(with("<property name='a' value='v' scope='operation'/>")));
  problems = {};
  const auto built = build(with("<property name='a' value='1'/><property name='a' value='2' scope='axis2'/>"));
  ASSERT_EQ(built->properties.size(), 1U);
  EXPECT_EQ(built->properties[0].value, "2");
  EXPECT_EQ(built->properties[0].scope, EndpointProperty::Scope::axis2);
}

}  // namespace
}  // namespace myelin::test
