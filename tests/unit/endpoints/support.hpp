#pragma once
// What the endpoint tests share: a configuration in a string becomes a linked endpoint, and messages
// go down it without a network.

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/clock.hpp"
#include "engine/flow/artifacts.hpp"
#include "engine/flow/build.hpp"
#include "engine/message/message.hpp"
#include "engine/ports/endpoint.hpp"
#include "engine/ports/sender.hpp"
#include "engine/ports/state.hpp"
#include "engine/xml/reader.hpp"

namespace myelin::test {

class FakeArtifacts final : public Artifacts {
 public:
  const Mediator* sequence(std::string_view) const override { return nullptr; }
  const Endpoint* endpoint(std::string_view key) const override {
    const auto found = endpoints.find(key);
    return found == endpoints.end() ? nullptr : found->second.get();
  }
  const LocalEntry* entry(std::string_view) const override { return nullptr; }
  std::string_view setting(std::string_view name) const override {
    const auto found = settings.find(name);
    return found == settings.end() ? std::string_view{} : std::string_view(found->second);
  }
  bool apache_dialect() const noexcept override { return apache; }

  std::map<std::string, std::unique_ptr<Endpoint>, std::less<>> endpoints;
  std::map<std::string, std::string, std::less<>> settings;
  bool apache = false;
};

inline Fault refused() { return Fault(code::kConnectFailed, "connection refused"); }

class EndpointTest : public testing::Test {
 protected:
  /// An `<endpoint>` without its xmlns. Null after errors.
  std::unique_ptr<Endpoint> build(std::string_view xml, std::string scope = "sequence:main") {
    std::string text(xml);
    text.insert(text.find("endpoint") + 8, " xmlns='http://ws.apache.org/ns/synapse'");
    documents.push_back(xml::read(text, "test.xml", problems));
    if (!documents.back()) return nullptr;
    Build builder(problems, states, artifacts, MYELIN_SOURCE_DIR, std::move(scope));
    builder.offline = offline;
    return builder.endpoint(*documents.back()->root);
  }

  std::unique_ptr<Endpoint> linked(std::string_view xml, std::string scope = "sequence:main") {
    auto endpoint = build(xml, std::move(scope));
    EXPECT_TRUE(endpoint) << all_problems();
    if (endpoint) link(*endpoint);
    return endpoint;
  }

  void link(Endpoint& endpoint) {
    Linker linker(artifacts, problems);
    linker.states = &states;
    endpoint.link(linker);
  }

  /// Named endpoints that keys lead to.
  void define(const std::string& name, std::string_view xml) {
    artifacts.endpoints[name] = build(xml, "endpoint:" + name);
    ASSERT_TRUE(artifacts.endpoints[name]) << all_problems();
  }
  void link_all() {
    for (auto& [name, endpoint] : artifacts.endpoints) link(*endpoint);
  }

  std::string all_problems() const {
    std::string text;
    for (const auto& problem : problems.all()) text += problem.text() + '\n';
    return text;
  }
  bool is_error(std::string_view xml) {
    problems = {};
    const auto endpoint = build(xml);
    return problems.has_errors();
  }

  void fresh(Message& message, std::string_view method = "POST", std::string_view target = "/services/S") {
    message.reset();
    message.artifacts = &artifacts;
    message.incoming.method = method;
    message.incoming.target = target;
    message.incoming.scheme = "http";
  }

  /// The address a message is sent to, or "fault CODE".
  std::string sent_to(const Endpoint& endpoint, Message& message) {
    delivery.reset();
    const Choice choice = endpoint.choose(delivery, message);
    if (!choice.leaf) return "fault " + std::to_string(choice.fault().code);
    delivery.leaf = choice.leaf;
    return address_of(*choice.leaf, message);
  }
  std::string sent_to(const Endpoint& endpoint) {
    Message message;
    fresh(message);
    return sent_to(endpoint, message);
  }
  std::string address_of(const Leaf& leaf, Message& message) {
    request = {};
    const Result<void> prepared = leaf.prepare(message, request);
    if (!prepared) return "fault " + std::to_string(prepared.fault().code) + " " + prepared.fault().message;
    return std::string(request.url.scheme) + "://" + std::string(request.url.authority) + std::string(request.target);
  }

  /// What the exchange driver does after a failed attempt: the next leaf, or null and `fault` is
  /// what the fault handlers see.
  const Leaf* fail(Message& message, Fault& fault) {
    const TimePoint now = Clock::now();
    delivery.leaf->failed(fault, now, now);
    while (delivery.depth > 0) {
      Retry retry = delivery.path[delivery.depth - 1].group->child_failed(delivery, message, fault);
      if (retry.fault.code != 0) fault = std::move(retry.fault);
      if (retry.kind == Retry::Kind::leaf) return retry.leaf;
      delivery.pop();
      if (retry.kind == Retry::Kind::stop) break;
    }
    return nullptr;
  }
  const Leaf* fail(Message& message) {
    Fault fault = refused();
    return fail(message, fault);
  }
  void respond(Message& message) {
    delivery.leaf->succeeded(200, delivery.started, Clock::now());
    for (std::size_t i = delivery.depth; i-- > 0;) delivery.path[i].group->responded(delivery, message);
  }

  /// One message through a group whose leaves stand for hosts named by one letter; `dead` ones fail.
  /// The letters tried, in order.
  std::string trial(const Endpoint& group, std::string_view dead = "") {
    Message message;
    fresh(message);
    delivery.reset();
    Choice choice = group.choose(delivery, message);
    if (!choice.leaf) {
      last_fault = choice.fault();
      return "-";
    }
    std::string tried;
    for (const Leaf* leaf = choice.leaf; leaf;) {
      delivery.leaf = leaf;
      const std::string address = address_of(*leaf, message);
      tried += address[7];
      if (dead.find(address[7]) == std::string_view::npos) {
        respond(message);
        return tried;
      }
      last_fault = refused();
      leaf = fail(message, last_fault);
    }
    return tried + '!';
  }
  std::string trials(const Endpoint& group, int times, std::string_view dead = "") {
    std::string all;
    while (times-- > 0) all += trial(group, dead);
    return all;
  }

  static std::string leaf(char name, std::string_view definition = "", std::string_view properties = "") {
    return std::string("<endpoint><address uri='http://") + name + "/'>" + std::string(definition) + "</address>" +
           std::string(properties) + "</endpoint>";
  }

  xml::Problems problems;
  StateStore states;
  FakeArtifacts artifacts;
  Delivery delivery;
  OutgoingRequest request;
  Fault last_fault;
  bool offline = false;
  std::vector<std::unique_ptr<xml::Document>> documents;
};

}  // namespace myelin::test
