// Many clients at once, while backends die and configurations change: nothing is lost, nothing is
// answered twice or by the wrong one.

#include <gtest/gtest.h>
#include <signal.h>

#include <array>
#include <atomic>
#include <map>
#include <mutex>
#include <thread>

#include "tests/support/backend.hpp"
#include "tests/support/myelin.hpp"

namespace myelin::test {
namespace {

std::string leaf(const Backend& backend, std::string_view inside = {}) {
  return "<endpoint><address uri=\"" + backend.address() + "/\">" + std::string(inside) + "</address></endpoint>";
}

class Concurrency : public testing::Test {
 protected:
  Concurrency() {
    for (Backend* backend : {&a, &b, &c}) backend->behave(Behaviour::replying(backend->name()));
    server.threads = 4;
  }

  std::string balanced(std::string_view inside = {}) {
    return main_sequence("<send><endpoint name=\"farm\"><loadbalance>" + leaf(a, inside) + leaf(b, inside) +
                         leaf(c, inside) + "</loadbalance></endpoint></send>");
  }

  /// `clients` threads, each asking `times` times on one connection; answers by body or status line.
  std::map<std::string, int> storm(int clients, int times) {
    std::map<std::string, int> answers;
    std::mutex mutex;
    std::vector<std::thread> threads;
    for (int i = 0; i < clients; ++i)
      threads.emplace_back([&] {
        HttpClient client = server.client();
        for (int n = 0; n < times; ++n) {
          const auto answer = client.get("/");
          const std::lock_guard lock(mutex);
          ++answers[answer.complete && answer.status() == 200 ? answer.body : answer.start + answer.trouble];
        }
      });
    for (std::thread& thread : threads) thread.join();
    return answers;
  }

  Backend a{"A"}, b{"B"}, c{"C"};
  Myelin server;
};

// EP-109: one rotation for all threads, so the shares differ by no more than a turn.
TEST_F(Concurrency, RoundRobinIsStrictAcrossThreads) {
  server.write("synapse.xml", balanced());
  server.start();
  const auto answers = storm(12, 50);
  EXPECT_EQ(answers, (std::map<std::string, int>{{"A", 200}, {"B", 200}, {"C", 200}}));
}

TEST_F(Concurrency, ADeadBackendLosesNoMessage) {
  server.write("synapse.xml", balanced("<suspendOnFailure><initialDuration>50</initialDuration></suspendOnFailure>"));
  server.start();
  std::atomic<bool> over{false};
  std::thread killer([&] {
    while (!over) {
      b.behave(Behaviour::of(Behaviour::Kind::refuse));
      c.await(c.count() + 20, Millis(200));
      b.behave(Behaviour::replying("B"));
      b.await(b.count() + 5, Millis(200));
    }
  });
  const auto answers = storm(8, 100);
  over = true;
  killer.join();
  int served = 0;
  for (const auto& [body, count] : answers) {
    EXPECT_TRUE(body == "A" || body == "B" || body == "C") << body;
    served += count;
  }
  EXPECT_EQ(served, 800);
}

// REL-152 in small: redeploys one after another under load.
TEST_F(Concurrency, RedeploysLoseNoMessage) {
  server.write("synapse.xml", balanced());
  server.start();
  std::atomic<bool> over{false};
  std::thread deployer([&] {
    for (int i = 0; !over; ++i) {
      server.write("sequences/extra.xml", "<sequence name=\"extra\" xmlns=\"http://ws.apache.org/ns/synapse\"><log level=\"custom\">"
                                          "<property name=\"n\" value=\"" + std::to_string(i) + "\"/></log></sequence>");
      server.deploy();
    }
  });
  const auto answers = storm(8, 100);
  over = true;
  deployer.join();
  EXPECT_EQ(answers.size(), 3u);
  int served = 0;
  for (const auto& [body, count] : answers) served += count;
  EXPECT_EQ(served, 800) << answers.begin()->first;
}

// A storm: five back ends of a nested group die and come back in turn, connections and all, while the
// configuration changes. Some children stay alive, so no message may get lost (REL-122, REL-152, GW-162, GW-163).
TEST_F(Concurrency, AStormLosesNoMessage) {
  Backend d{"D"}, e{"E"};
  for (Backend* backend : {&d, &e}) backend->behave(Behaviour::replying(backend->name()));
  const std::string inside = "<suspendOnFailure><initialDuration>50</initialDuration></suspendOnFailure>";
  server.write("synapse.xml",
               main_sequence("<send><endpoint name=\"farm\"><failover><endpoint><loadbalance>" + leaf(a, inside) +
                             leaf(b, inside) + leaf(c, inside) + "</loadbalance></endpoint><endpoint><loadbalance>" +
                             leaf(d, inside) + leaf(e, inside) + "</loadbalance></endpoint></failover></endpoint></send>"));
  server.start();
  std::atomic<bool> over{false};
  const auto served = [&] { return a.count() + b.count() + c.count() + d.count() + e.count(); };
  // Forty are under way at most. If each death met all of them, and they were sent again, that would be a tenth of
  // those between two deaths: half of what may be sent again.
  auto live_on = [&, before = std::size_t{0}]() mutable {
    eventually([&] { return over || served() >= before + 200; });
    before = served();
  };
  std::thread killer([&] {
    std::array<Backend*, 4> victims{&a, &b, &c, &d};
    live_on();
    for (std::size_t i = 0; !over; ++i) {
      live_on();
      Backend& victim = *victims[i % victims.size()];
      victim.behave(Behaviour::of(Behaviour::Kind::refuse));
      victim.drop_connections();
      live_on();
      victim.behave(Behaviour::replying(victim.name()));
    }
  });
  std::thread deployer([&] {
    for (int i = 0; !over; ++i) {
      server.write("sequences/extra.xml", "<sequence name=\"extra\" xmlns=\"http://ws.apache.org/ns/synapse\"><log level=\"custom\">"
                                          "<property name=\"n\" value=\"" + std::to_string(i) + "\"/></log></sequence>");
      server.deploy();
      e.await(e.count() + 50, Millis(100));
    }
  });
  const auto answers = storm(40, 100);
  over = true;
  killer.join();
  deployer.join();
  int answered = 0;
  for (const auto& [body, count] : answers) {
    EXPECT_TRUE(body.size() == 1 && body[0] >= 'A' && body[0] <= 'E') << count << " times " << body;
    answered += count;
  }
  EXPECT_EQ(answered, 4000);
}

TEST_F(Concurrency, DrainAnswersWhatIsUnderWay) {
  Behaviour holding = Behaviour::replying("held");
  holding.kind = Behaviour::Kind::hold;
  a.behave(holding);
  server.write("synapse.xml", main_sequence("<send>" + leaf(a) + "</send>"));
  server.start();
  HttpClient client = server.client();
  client.send_request("GET", "/", {}, "");
  ASSERT_TRUE(a.await(1));
  server.process().signal(SIGTERM);
  ASSERT_FALSE(server.process().wait(Millis(300))) << "it ended before the answer";
  a.release();
  const auto answer = client.receive("GET");
  EXPECT_EQ(answer.body, "held") << answer.trouble;
  EXPECT_EQ(server.process().wait(), 0);
}

}  // namespace
}  // namespace myelin::test
