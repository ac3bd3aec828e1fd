// /metrics keeps the rules that promtool checks: HELP and TYPE before a family's samples, each family in
// one piece, counters that end in _total, base units, cumulative buckets.

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <sstream>
#include <string>

#include "tests/support/backend.hpp"
#include "tests/support/myelin.hpp"

namespace myelin::test {
namespace {

/// `name{labels} value`
struct Sample {
  std::string name, labels;
  double value = 0;
};

Sample sample_of(const std::string& line) {
  const auto value = line.rfind(' ');
  const auto brace = line.find('{');
  Sample made;
  made.name = line.substr(0, std::min(brace, value));
  if (brace < value) made.labels = line.substr(brace, value - brace);
  made.value = std::stod(line.substr(value + 1));
  return made;
}

std::string without(std::string text, const std::string& suffix) {
  if (text.ends_with(suffix)) text.resize(text.size() - suffix.size());
  return text;
}

class MetricsText {
 public:
  explicit MetricsText(const std::string& text) {
    EXPECT_TRUE(text.ends_with('\n'));
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) take(line);
  }
  double of(const std::string& name, const std::string& labels = {}) const {
    const auto found = values_.find(name + labels);
    return found == values_.end() ? -1 : found->second;
  }

 private:
  void take(const std::string& line) {
    if (line.starts_with("# HELP ")) {
      helped_ = line.substr(7, line.find(' ', 7) - 7);
      EXPECT_TRUE(families_.insert(helped_).second) << "a second time: " << line;
      EXPECT_GT(line.size(), 8 + helped_.size());
    } else if (line.starts_with("# TYPE ")) {
      family_ = line.substr(7, line.find(' ', 7) - 7);
      type_ = line.substr(8 + family_.size());
      EXPECT_EQ(family_, helped_);
      EXPECT_EQ(type_ == "counter", family_.ends_with("_total")) << line;
      for (const char* unit : {"_ms", "_milliseconds", "_kib", "_mb"}) EXPECT_EQ(family_.find(unit), std::string::npos);
    } else {
      const Sample sample = sample_of(line);
      EXPECT_TRUE(values_.emplace(sample.name + sample.labels, sample.value).second) << "a second time: " << line;
      std::string name = sample.name;
      if (type_ == "histogram") name = without(without(without(name, "_bucket"), "_sum"), "_count");
      EXPECT_EQ(name, family_) << line;
      if (type_ == "histogram") take_part(sample);
    }
  }
  void take_part(const Sample& sample) {
    const auto le = sample.labels.find(",le=");
    if (sample.name.ends_with("_bucket")) {
      EXPECT_GE(sample.value, below_);
      below_ = sample.value;
      if (sample.labels.find("le=\"+Inf\"", le) != std::string::npos) all_ = sample.value;
    } else if (sample.name.ends_with("_count")) {
      EXPECT_EQ(sample.value, all_);
      below_ = 0;
    }
  }

  std::string helped_, family_, type_;
  std::set<std::string> families_;
  std::map<std::string, double> values_;
  double below_ = 0, all_ = -1;
};

TEST(Metrics, AreWellFormedAndAddUp) {  // REL-001
  Backend backend("A");
  backend.behave(Behaviour::replying("A"));
  Myelin server(definitions(
      "<api name=\"a&quot;b\" context=\"/quoted\"><resource><inSequence><respond/></inSequence></resource></api>"
      "<proxy name=\"P\" transports=\"http https\"><target><endpoint><address uri=\"" + backend.address() +
      "\"/></endpoint></target></proxy>"
      "<sequence name=\"main\"><in><respond/></in></sequence>"));
  HttpClient client = server.client();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.get("/services/P").status(), 200);
  EXPECT_EQ(client.get("/quoted").status(), 200);
  EXPECT_EQ(client.post("/", "text/plain", std::string(1000, 'x')).status(), 200);
  server.client().send("BAD\r\n\r\n");
  // What a shard has noted is seen a moment later.
  const auto noted = [](const std::string& text) {
    return text.find("{status=\"400\"} 1\n") != std::string::npos && text.find("\nmyelin_connections_open 1\n") != std::string::npos &&
           text.find("{service_type=\"main\",service=\"main\"} 1\n") != std::string::npos;
  };
  std::string text;
  ASSERT_TRUE(eventually([&] { return noted(text = server.admin("GET", "/metrics").body); })) << text;
  const MetricsText metrics(text);
  EXPECT_EQ(metrics.of("myelin_http_requests_total", "{service_type=\"proxy\",service=\"P\",status=\"2xx\"}"), 3);
  EXPECT_EQ(metrics.of("myelin_http_request_duration_seconds_count", "{service_type=\"proxy\",service=\"P\"}"), 3);
  EXPECT_EQ(metrics.of("myelin_http_requests_total", "{service_type=\"api\",service=\"a\\\"b\",status=\"2xx\"}"), 1);
  EXPECT_GT(metrics.of("myelin_http_request_duration_seconds_sum", "{service_type=\"proxy\",service=\"P\"}"), 0);
  EXPECT_EQ(metrics.of("myelin_requests_accepted_total"),
            metrics.of("myelin_requests_answered_total") + metrics.of("myelin_requests_aborted_total") +
                metrics.of("myelin_requests_in_flight"));
  EXPECT_GT(metrics.of("myelin_http_received_bytes_total"), 1000);
  EXPECT_GT(metrics.of("myelin_http_sent_bytes_total"), 1000);
}

// REL-001: what broke off counts as aborted, though it had begun.
TEST(Metrics, CutAnswersAreAborted) {
  Backend backend("A");
  Behaviour cut = Behaviour::of(Behaviour::Kind::cut);
  cut.body = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc";
  backend.behave(cut);
  Myelin server(main_sequence("<send><endpoint><address uri=\"" + backend.address() + "/\"/></endpoint></send>"));
  EXPECT_FALSE(server.get("/").complete);
  backend.behave(Behaviour::replying("whole"));
  EXPECT_TRUE(server.get("/").complete);
  std::string text;
  const auto noted = [&] {
    text = server.admin("GET", "/metrics").body;
    return MetricsText(text).of("myelin_requests_answered_total") == 1 && MetricsText(text).of("myelin_requests_aborted_total") == 1;
  };
  EXPECT_TRUE(eventually(noted)) << text;
}

}  // namespace
}  // namespace myelin::test
