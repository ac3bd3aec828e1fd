// What <healthCheck> may say, whose block applies, and which address is asked.

#include "engine/ports/health.hpp"

#include "endpoints/common/leaf.hpp"
#include "tests/unit/endpoints/support.hpp"

namespace myelin::test {
namespace {

class HealthCheckTest : public EndpointTest {
 protected:
  static std::string single(std::string_view block, std::string_view uri = "http://a/v1") {
    return "<endpoint name='E'><address uri='" + std::string(uri) + "'>" + std::string(block) + "</address></endpoint>";
  }
  static std::string group(std::string_view shared, std::string_view own = "", std::string_view attributes = "") {
    return "<endpoint><loadbalance><shared>" + std::string(shared) + "</shared><endpoint " + std::string(attributes) +
           "><address uri='http://a/'>" + std::string(own) + "</address></endpoint></loadbalance></endpoint>";
  }
  const HealthCheck* check_of(const Endpoint& endpoint) {
    const auto children = endpoint.children();
    kept = children;
    const auto* leaf = dynamic_cast<const Leaf*>(children.empty() ? &endpoint : children.front().get());
    return leaf->health_check.get();
  }
  /// The check of one endpoint that stands alone.
  const HealthCheck* check_of(std::string_view block, std::string_view uri = "http://a/v1") {
    made.push_back(linked(single(block, uri)));
    return made.back() ? check_of(*made.back()) : nullptr;
  }
  std::vector<std::unique_ptr<Endpoint>> made;
  std::vector<std::shared_ptr<const Endpoint>> kept;
};

// REL-127
TEST_F(HealthCheckTest, IsOffUnlessWrittenAndThenHasTheReferencesNumbers) {
  EXPECT_EQ(check_of(""), nullptr);
  const HealthCheck* check = check_of("<healthCheck/>");
  ASSERT_TRUE(check);
  EXPECT_EQ(check->interval, Duration(2'000));
  EXPECT_EQ(check->rules.rise, 2u);
  EXPECT_EQ(check->rules.fall, 3u);
  EXPECT_EQ(check->rules.start, Health::up);
  EXPECT_EQ(check->rules.counting, HealthRules::Counting::consecutive);
  EXPECT_EQ(check->timeout, Duration(5'000));
  EXPECT_EQ(check->method, "GET");
  EXPECT_EQ(check->url, "http://a/v1");
}

TEST_F(HealthCheckTest, ReadsAllOfIt) {
  const HealthCheck* check = check_of(
      "<healthCheck type='http' enabled='true' schedule='*/5 * * * * *' timeout='700' jitter='100' rise='4' fall='5' "
      "start='down' counting='cumulative'><request method='post' path='/health' fromRoot='true'>"
      "<header name='X-Check' value='yes'/><body>ping</body></request>"
      "<assert status='200,204'/><assert expression='#responseTime &lt; 100'/><assert header='X-Ready' value='yes'/>"
      "</healthCheck>");
  ASSERT_TRUE(check) << all_problems();
  EXPECT_TRUE(check->schedule);
  EXPECT_EQ(check->timeout, Duration(700));
  EXPECT_EQ(check->jitter, Duration(100));
  EXPECT_EQ(check->rules.rise, 4u);
  EXPECT_EQ(check->rules.fall, 5u);
  EXPECT_EQ(check->rules.start, Health::down);
  EXPECT_EQ(check->rules.counting, HealthRules::Counting::cumulative);
  EXPECT_EQ(check->method, "POST");
  EXPECT_EQ(check->url, "http://a/health");
  EXPECT_EQ(check->headers.at(0).second, "yes");
  EXPECT_EQ(check->body, "ping");
  ASSERT_EQ(check->assertions.size(), 3u);
  EXPECT_EQ(check->assertions[2].header_value, "yes");
  EXPECT_TRUE(problems.all().empty()) << all_problems();
}

TEST_F(HealthCheckTest, TakesTheEndpointsOwnTimeoutWhenItHasNone) {
  EXPECT_EQ(check_of("<timeout><duration>1200</duration></timeout><healthCheck/>")->timeout, Duration(1'200));
  EXPECT_EQ(check_of("<timeout><duration>1200</duration></timeout><healthCheck timeout='300'/>")->timeout, Duration(300));
}

struct Mistake {
  const char* block;
  const char* said;
};
void PrintTo(const Mistake& one, std::ostream* to) { *to << one.block; }
class HealthCheckMistakes : public HealthCheckTest, public testing::WithParamInterface<Mistake> {};

TEST_P(HealthCheckMistakes, AreErrorsWithTheirPlace) {
  build(single(GetParam().block));
  ASSERT_TRUE(problems.has_errors());
  EXPECT_NE(all_problems().find(GetParam().said), std::string::npos) << all_problems();
  for (const auto& problem : problems.all()) EXPECT_GT(problem.where.column, 0);
}

INSTANTIATE_TEST_SUITE_P(
    Table, HealthCheckMistakes,
    testing::Values(
        Mistake{"<healthCheck type='ftp'/>", "'ftp'"}, Mistake{"<healthCheck service='a'/>", "service of <healthCheck>"},
        Mistake{"<healthCheck type='grpc'><request/></healthCheck>", "<request> and <assert> belong to type http"},
        Mistake{"<healthCheck schedule='* * * * *'/>", "six fields are needed"},
        Mistake{"<healthCheck schedule='* * * * * *' interval='1000'/>", "interval beside schedule"},
        Mistake{"<healthCheck interval='5'/>", "at least 100"}, Mistake{"<healthCheck interval='x'/>", "'x'"},
        Mistake{"<healthCheck timeout='0'/>", "at least 1"}, Mistake{"<healthCheck jitter='5001'/>", "from 0 to 5000"},
        Mistake{"<healthCheck rise='0'/>", "from 1 to 1000"}, Mistake{"<healthCheck fall='-1'/>", "from 1 to 1000"},
        Mistake{"<healthCheck start='maybe'/>", "'maybe'"}, Mistake{"<healthCheck counting='both'/>", "'both'"},
        Mistake{"<healthCheck enabled='perhaps'/>", "'perhaps'"}, Mistake{"<healthCheck inherit='no way'/>", "'no way'"},
        Mistake{"<healthCheck><assert/></healthCheck>", "<assert> has to say what is asserted"},
        Mistake{"<healthCheck><assert status='200' header='A'/></healthCheck>", "<assert> has to say what is asserted"},
        Mistake{"<healthCheck><assert status='999'/></healthCheck>", "'999'"},
        Mistake{"<healthCheck><assert status='200' value='A'/></healthCheck>", "value of <assert> without a header"},
        Mistake{"<healthCheck><assert header='A B'/></healthCheck>", "'A B' is no header name"},
        Mistake{"<healthCheck><assert expression='#response.statu == 1'/></healthCheck>", "character 1; allowed: #response.status"},
        Mistake{"<healthCheck><assert expression='//a['/></healthCheck>", "//a["},
        Mistake{"<healthCheck type='tcp'><request/></healthCheck>", "belong to type http"},
        Mistake{"<healthCheck type='tls'><assert status='200'/></healthCheck>", "belong to type http"},
        Mistake{"<healthCheck><request method='GET /'/></healthCheck>", "an HTTP method is needed"},
        Mistake{"<healthCheck><request path='/a b'/></healthCheck>", "%20"},
        Mistake{"<healthCheck><request fromRoot='1'/></healthCheck>", "'1'"},
        Mistake{"<healthCheck><request><header name='A:' value='1'/></request></healthCheck>", "'A:' is no header name"},
        Mistake{"<healthCheck><request><header name='A'/></request></healthCheck>", "attribute 'value' is needed"},
        Mistake{"<healthCheck><request><header name='A' value='1&#10;B: 2'/></request></healthCheck>", "holds control characters"},
        Mistake{"<healthCheck><request><header name='Content-Length' value='1'/></request></healthCheck>", "set by the transport itself"}));

// GW-131
TEST_F(HealthCheckTest, OwnOneWinsOverTheGroups) {
  const char* off = "<healthCheck enabled='false' interval='700'/>";
  const char* shared = "<healthCheck interval='700'/>";
  EXPECT_EQ(check_of(*linked(group(shared)))->interval, Duration(700));
  EXPECT_EQ(check_of(*linked(group(off))), nullptr);
  EXPECT_EQ(check_of(*linked(group(off, "<healthCheck inherit='false' interval='800'/>")))->interval, Duration(800));
  EXPECT_EQ(check_of(*linked(group(off, "<healthCheck interval='800'/>")))->interval, Duration(800));
  EXPECT_EQ(check_of(*linked(group(off, "<healthCheck inherit='true' interval='800'/>"))), nullptr);
  EXPECT_EQ(check_of(*linked(group(shared, "<healthCheck inherit='true' interval='800'/>")))->interval, Duration(700));
  EXPECT_EQ(check_of(*linked(group(shared, "<healthCheck inherit='true' enabled='false'/>"))), nullptr);
  EXPECT_EQ(check_of(*linked(group(shared, "", "inherit='false'"))), nullptr);
}

// GW-130
TEST_F(HealthCheckTest, BackupsAreNotCheckedWhereCountingIsThatOfV2) {
  const char* v2 = "<healthCheck counting='saturating'/>";
  EXPECT_TRUE(check_of(*linked(group(v2))));
  EXPECT_EQ(check_of(*linked(group(v2, "", "backup='true'"))), nullptr);
  EXPECT_TRUE(check_of(*linked(group(v2, v2, "backup='true'"))));
  EXPECT_TRUE(check_of(*linked(group("<healthCheck/>", "", "backup='true'"))));
  EXPECT_TRUE(problems.all().empty()) << all_problems();
}

TEST_F(HealthCheckTest, AddressThatDependsOnTheMessageIsNotChecked) {
  EXPECT_EQ(check_of("<healthCheck/>", "http://${host}/"), nullptr);
  EXPECT_NE(all_problems().find("warning: <healthCheck> is not run"), std::string::npos) << all_problems();
  const HealthCheck* elsewhere = check_of("<healthCheck><request path='http://b/ok'/></healthCheck>", "http://${host}/");
  ASSERT_TRUE(elsewhere);
  EXPECT_EQ(elsewhere->url, "http://b/ok");
}

TEST_F(HealthCheckTest, MembersAreCheckedAtTheirHostAndPort) {
  const auto endpoint = linked("<endpoint><loadbalance><shared><healthCheck type='tcp'/></shared>"
                               "<member hostName='a' httpPort='9000' httpsPort='9443'/></loadbalance></endpoint>");
  const HealthCheck* check = check_of(*endpoint);
  ASSERT_TRUE(check);
  EXPECT_EQ(check->url, "http://a:9000/");
}

// 4.5: state survives a redeploy of an unchanged endpoint.
TEST_F(HealthCheckTest, RecordOutlivesARedeployOfTheSameAddressOnly) {
  const auto record = [this](std::string_view uri) {
    made.push_back(linked(single("<healthCheck start='down'/>", uri)));
    return dynamic_cast<const Leaf&>(*made.back()).health_record;
  };
  const auto first = record("http://a/");
  auto& condition = made.back()->condition();
  EXPECT_EQ(first->health(), Health::down);
  EXPECT_EQ(condition.health(), Health::down);
  first->add(HealthRules(), HealthOutcome(), TimePoint());
  condition.set_health(Health::up);
  EXPECT_EQ(record("http://a/"), first);
  EXPECT_EQ(condition.health(), Health::up);
  EXPECT_NE(record("http://b/"), first);
}

// GW-126; failoverOn of 4.5.
TEST_F(HealthCheckTest, OnlyDownRemovesWhereChecksCount) {
  const auto endpoint = linked("<endpoint><loadbalance><shared><healthCheck/></shared>" + leaf('a') + leaf('b') + "</loadbalance></endpoint>");
  const auto children = endpoint->children();
  for (const Health health : {Health::unknown, Health::transitionally_down, Health::transitionally_up, Health::up}) {
    children[0]->condition().set_health(health);
    EXPECT_TRUE(children[0]->ready(Clock::now()));
  }
  children[0]->condition().set_health(Health::down);
  EXPECT_FALSE(children[0]->ready(Clock::now()));
  EXPECT_EQ(trials(*endpoint, 3), "bbb");
}

TEST_F(HealthCheckTest, PassedCheckEndsASuspensionWhereBothAxesCount) {
  for (const auto& [axis, ends] : {std::pair{"both", true}, std::pair{"fault", false}}) {
    const auto endpoint = linked("<endpoint><loadbalance failoverOn='" + std::string(axis) + "'><shared><healthCheck/></shared>" +
                                 leaf('a') + "</loadbalance></endpoint>", axis);
    const auto children = endpoint->children();
    const auto& only = dynamic_cast<const endpoints::SendingLeaf&>(*children.front());
    const TimePoint now = Clock::now();
    only.failed(refused(), now, now);
    ASSERT_FALSE(only.ready(now, Use::fresh));
    only.check_passed(now - Duration(1));  // begun before: it says nothing
    EXPECT_FALSE(only.ready(now, Use::fresh));
    only.check_passed(now);
    EXPECT_EQ(only.ready(now, Use::fresh), ends) << axis;
  }
}

}  // namespace
}  // namespace myelin::test
