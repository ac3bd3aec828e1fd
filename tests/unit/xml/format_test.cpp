#include "engine/xml/format.hpp"

#include <gtest/gtest.h>

#include "engine/xml/reader.hpp"

namespace myelin::xml {
namespace {

std::string formatted(const std::string& text) {
  Problems problems;
  auto document = read(text, "f.xml", problems);
  EXPECT_TRUE(document) << problems.all().front().text();
  return document ? format(std::move(document)) : std::string();
}

/// The formatted content of `<definitions>`, which has to be a fixed point.
std::string inside(const std::string& content) {
  const std::string once = formatted("<definitions xmlns='http://ws.apache.org/ns/synapse'>" + content + "</definitions>");
  EXPECT_EQ(formatted(once), once);
  const std::string begin = "<definitions xmlns=\"http://ws.apache.org/ns/synapse\">\n";
  const auto at = once.find(begin);
  const auto end = once.rfind("</definitions>");
  return at == std::string::npos ? once : once.substr(at + begin.size(), end - at - begin.size());
}

TEST(Format, PutsOneElementOnALine) {
  EXPECT_EQ(formatted("<sequence xmlns='http://ws.apache.org/ns/synapse' name='s'><log/><in><drop></drop></in></sequence>"),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<sequence xmlns=\"http://ws.apache.org/ns/synapse\" name=\"s\">\n"
            "    <log/>\n"
            "    <in>\n"
            "        <drop/>\n"
            "    </in>\n"
            "</sequence>\n");
}

TEST(Format, KeepsCommentsInstructionsAndWhatItDoesNotKnow) {
  const std::string text = "<!--a--><?b c?><definitions xmlns='http://ws.apache.org/ns/synapse' xmlns:x='urn:x' x:y='1'>"
                           "<!--c--><strange odd='1'/><x:foreign> <x:b/></x:foreign></definitions><!--d-->";
  EXPECT_EQ(formatted(text),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<!--a-->\n"
            "<?b c?>\n"
            "<definitions xmlns=\"http://ws.apache.org/ns/synapse\" xmlns:x=\"urn:x\" x:y=\"1\">\n"
            "    <!--c-->\n"
            "    <strange odd=\"1\"/>\n"
            "    <x:foreign> <x:b/></x:foreign>\n"
            "</definitions>\n"
            "<!--d-->\n");
}

TEST(Format, LeavesPayloadsScriptsAndTextAlone) {
  EXPECT_EQ(inside("<payloadFactory><format>\n <a xmlns=''>  $1\n</a></format><args><arg value='1'/></args></payloadFactory>"),
            "    <payloadFactory>\n"
            "        <format>\n <a xmlns=\"\">  $1\n</a></format>\n"
            "        <args>\n"
            "            <arg value=\"1\"/>\n"
            "        </args>\n"
            "    </payloadFactory>\n");
  EXPECT_EQ(inside("<script language='js'><![CDATA[ a < b ]]></script>"),
            "    <script language=\"js\"><![CDATA[ a < b ]]></script>\n");
  EXPECT_EQ(inside("<localEntry key='k'>\n  a &gt; b\n </localEntry>"), "    <localEntry key=\"k\">\n  a > b\n </localEntry>\n");
  EXPECT_EQ(inside("<duration> 10 </duration>"), "    <duration> 10 </duration>\n");
}

TEST(Format, KeepsOneBlankLineBetweenParts) {
  EXPECT_EQ(inside("\n\n<a/>\n<b/>\n\n\n\n<c/>\n\n"), "    <a/>\n    <b/>\n\n    <c/>\n");
}

TEST(Format, WritesTheAlgorithmInsteadOfThePolicy) {  // EP-166
  EXPECT_EQ(inside("<endpoint><loadbalance policy='roundRobin' failover='false'/></endpoint>"),
            "    <endpoint>\n"
            "        <loadbalance algorithm=\"org.apache.synapse.endpoints.algorithms.RoundRobin\" failover=\"false\"/>\n"
            "    </endpoint>\n");
  EXPECT_EQ(inside("<loadBalance policy='other'/>"), "    <loadbalance policy=\"other\"/>\n") << "EP-004";
}

TEST(Format, WritesFactorsAsJavaDoes) {  // EP-167
  EXPECT_EQ(inside("<progressionFactor>2</progressionFactor>"), "    <progressionFactor>2.0</progressionFactor>\n");
  EXPECT_EQ(inside("<progressionFactor>1.50</progressionFactor>"), "    <progressionFactor>1.5</progressionFactor>\n");
  EXPECT_EQ(inside("<progressionFactor>x</progressionFactor>"), "    <progressionFactor>x</progressionFactor>\n");
}

TEST(Format, OrdersADefinition) {  // EP-168, EP-169, EP-170
  EXPECT_EQ(inside("<endpoint><address uri='u'><retryConfig><disabledErrorCodes>1</disabledErrorCodes><enabledErrorCodes>2"
                   "</enabledErrorCodes></retryConfig><!-- slow --><markForSuspension><retriesBeforeSuspension>3"
                   "</retriesBeforeSuspension></markForSuspension><suspendOnFailure><maximumDuration>9</maximumDuration>"
                   "</suspendOnFailure></address></endpoint>"),
            "    <endpoint>\n"
            "        <address uri=\"u\">\n"
            "            <suspendOnFailure>\n"
            "                <maximumDuration>9</maximumDuration>\n"
            "            </suspendOnFailure>\n"
            "            <!-- slow -->\n"
            "            <markForSuspension>\n"
            "                <retriesBeforeSuspension>3</retriesBeforeSuspension>\n"
            "            </markForSuspension>\n"
            "            <retryConfig>\n"
            "                <disabledErrorCodes>1</disabledErrorCodes>\n"
            "                <enabledErrorCodes>2</enabledErrorCodes>\n"
            "            </retryConfig>\n"
            "        </address>\n"
            "    </endpoint>\n");
}

TEST(Format, ReplacesTheSuspensionInSeconds) {
  EXPECT_EQ(inside("<endpoint><default><suspendDurationOnFailure>30</suspendDurationOnFailure></default></endpoint>"),
            "    <endpoint>\n"
            "        <default>\n"
            "            <suspendOnFailure>\n"
            "                <initialDuration>30000</initialDuration>\n"
            "                <progressionFactor>1.0</progressionFactor>\n"
            "            </suspendOnFailure>\n"
            "        </default>\n"
            "    </endpoint>\n");
}

TEST(Format, OrdersAnEndpoint) {  // EP-165, EP-171, EP-174
  EXPECT_EQ(inside("<endpoint name=' '><description>d</description><session type='http'/><loadbalance/></endpoint>"),
            "    <endpoint>\n"
            "        <loadbalance/>\n"
            "        <session type=\"http\"/>\n"
            "        <description>d</description>\n"
            "    </endpoint>\n");
}

TEST(Format, WritesThePortsOfMembersAndTheCacheSize) {  // EP-172, EP-173
  EXPECT_EQ(inside("<loadbalance><member hostName='h' httpPort='80'/></loadbalance>"),
            "    <loadbalance>\n"
            "        <member hostName=\"h\" httpPort=\"80\" httpsPort=\"-1\"/>\n"
            "    </loadbalance>\n");
  EXPECT_EQ(inside("<recipientlist><endpoints value='{x}'/></recipientlist>"),
            "    <recipientlist>\n"
            "        <endpoints value=\"{x}\" max-cache=\"20\"/>\n"
            "    </recipientlist>\n");
}

}  // namespace
}  // namespace myelin::xml
