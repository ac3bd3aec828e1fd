// Configurations that somebody damaged load or are refused for a reason; none ends the process.
#include <random>

#include "loader_fixture.hpp"

namespace myelin {
namespace {

const char* const kWhole = R"x(
<localEntry key="l"><sequence><log/></sequence></localEntry><localEntry key="t"> text </localEntry>
<sequence name="main" onError="failed"><in><property name="p" expression="//m:a/text()" xmlns:m="urn:m" scope="axis2"/>
<filter source="get-property('p')" regex="a.*"><then><send><endpoint key="lb"/></send></then><else sequence="l"/></filter>
<switch source="//b"><case regex="1"><drop/></case><default><respond/></default></switch>
<payloadFactory media-type="xml"><format><a xmlns="">$1</a></format><args><arg expression="//x"/></args></payloadFactory>
<enrich><source type="body"/><target type="property" property="q"/></enrich>
<header name="To" value="http://h/"/><call><endpoint><address uri="http://h/" format="soap11"/></endpoint></call></in>
<out><send/></out></sequence>
<sequence name="failed"><makefault version="soap12"><code value="s:Receiver" xmlns:s="http://www.w3.org/2003/05/soap-envelope"/>
<reason value="r"/></makefault><respond/></sequence>
<endpoint name="lb"><loadbalance algorithm="org.apache.synapse.endpoints.algorithms.WeightedRoundRobin">
<endpoint name="a"><address uri="http://h:1/"><timeout><duration>10</duration><responseAction>fault</responseAction></timeout>
<suspendOnFailure><errorCodes>101503,101504</errorCodes><initialDuration>1</initialDuration><progressionFactor>2</progressionFactor>
<maximumDuration>9</maximumDuration></suspendOnFailure><markForSuspension><retriesBeforeSuspension>1</retriesBeforeSuspension>
<retryDelay>1</retryDelay></markForSuspension><retryConfig><disabledErrorCodes>1</disabledErrorCodes></retryConfig></address>
<property name="loadbalance.weight" value="2"/></endpoint><endpoint><failover><endpoint><default/></endpoint>
<endpoint key="h"/></failover></endpoint></loadbalance><session type="http"><sessionTimeout>9</sessionTimeout></session></endpoint>
<endpoint name="h"><http method="get" uri-template="http://h/{uri.var.a}"/></endpoint>
<endpoint name="m"><loadbalance><member hostName="h" httpPort="1" httpsPort="2"/></loadbalance></endpoint>
<endpoint name="r"><recipientlist><endpoint><default/></endpoint></recipientlist></endpoint>
<proxy name="P" transports="http https" startOnLoad="true"><target inSequence="main"><endpoint key="lb"/><faultSequence><drop/>
</faultSequence></target><publishWSDL key="l"/><parameter name="a">b</parameter></proxy>
<api name="A" context="/a" version="1" version-type="url"><resource methods="GET POST" uri-template="/x/{y}?z={z}">
<inSequence><respond/></inSequence></resource><resource url-mapping="/*"/></api>
)x";

class Damage : public ConfigurationTest {};

TEST_F(Damage, TheWholeLoadsUndamaged) {
  options.offline = true;
  write("synapse.xml", definitions(kWhole));
  load();
  for (const std::string& line : problems) EXPECT_NE(line.find("not supported by this version"), std::string::npos) << line;
}

TEST_F(Damage, IsRefusedForAReason) {  // REL-005
  options.offline = true;
  const std::string whole = definitions(kWhole);
  // Every place where a name or a value begins, and what may stand there instead.
  std::vector<std::size_t> places;
  for (std::size_t i = 1; i < whole.size(); ++i)
    if (std::string_view("<\" >").find(whole[i - 1]) != std::string_view::npos) places.push_back(i);
  const std::string_view instead[] = {"", "x", "{", "{//", "-1", "99999999999999999999", "endpoint ", "sequence ", "key=\"lb\" ",
                                      "<endpoint/>", "<log/>", "(", "\"", "<!--", "$1", "\xC3\xA4"};
  std::mt19937 random(11);
  for (int round = 0; round < 1500; ++round) {
    std::string text = whole;
    const std::size_t at = places[random() % places.size()];
    const std::size_t length = random() % 3 == 0 ? 0 : text.find_first_of("\" =/>", at) - at;
    text.replace(at, length, instead[random() % std::size(instead)]);
    write("synapse.xml", text);
    loader.reset();
    if (!load()) {
      EXPECT_TRUE(told(": error: ")) << text;
    }
  }
}

}  // namespace
}  // namespace myelin
