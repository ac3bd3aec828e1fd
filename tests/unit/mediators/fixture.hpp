#pragma once
// Mediators from configuration text, run on a message whose body is in memory. Flows that wait for a
// backend are tested with the fixture of tests/unit/flow.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <string>

#include "engine/flow/artifacts.hpp"
#include "engine/flow/build.hpp"
#include "engine/flow/sequence.hpp"
#include "engine/message/message.hpp"
#include "engine/ports/state.hpp"
#include "engine/xml/reader.hpp"

namespace myelin::test {

inline constexpr std::string_view kEnvelopeStart =
    R"(<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/">)";

class FakeArtifacts final : public Artifacts {
 public:
  const Mediator* sequence(std::string_view key) const override {
    const auto found = sequences.find(key);
    return found == sequences.end() ? nullptr : found->second.get();
  }
  const Endpoint* endpoint(std::string_view) const override { return nullptr; }
  const LocalEntry* entry(std::string_view key) const override {
    const auto found = entries.find(key);
    return found == entries.end() ? nullptr : &found->second;
  }
  std::string_view setting(std::string_view) const override { return {}; }
  bool apache_dialect() const noexcept override { return apache; }

  std::map<std::string, std::unique_ptr<Mediator>, std::less<>> sequences;
  std::map<std::string, LocalEntry, std::less<>> entries;
  bool apache = false;
};

class MediatorTest : public testing::Test {
 protected:
  MediatorTest() { reset(); }

  /// A fresh request without a body.
  void reset() {
    message_ptr_ = std::make_unique<Message>();
    message().artifacts = &artifacts;
    message().incoming.method = "POST";
    message().incoming.target = "/services/echo?symbol=IBM&x=a%20b";
  }
  Message& message() { return *message_ptr_; }

  void receive(std::string body, std::string type) { message().payload.assign(std::move(body), std::move(type)); }
  /// SOAP 1.1 with that content of the body and of the header.
  void receive_soap(const std::string& body, const std::string& header = "") {
    std::string text(kEnvelopeStart);
    if (!header.empty()) text += "<soapenv:Header>" + header + "</soapenv:Header>";
    receive(text + "<soapenv:Body>" + body + "</soapenv:Body></soapenv:Envelope>", "text/xml");
  }
  void receive_json(std::string text) { receive(std::move(text), "application/json"); }

  /// Binds mediators inside a sequence. Errors stay in `problems`.
  std::unique_ptr<Sequence> bind(const std::string& mediators) {
    problems = xml::Problems();
    const auto document = xml::read(
        R"(<sequence xmlns="http://ws.apache.org/ns/synapse" xmlns:m="urn:m" xmlns:s11="http://schemas.xmlsoap.org/soap/envelope/")"
        R"( xmlns:s12="http://www.w3.org/2003/05/soap-envelope">)" + mediators + "</sequence>",
        "test.xml", problems);
    if (!document) return nullptr;
    Build build(problems, states_, artifacts, ".", "sequence:test");
    return build_sequence(*document->root, build);
  }

  std::string errors() const {
    std::string all;
    for (const xml::Problem& problem : problems.all())
      if (problem.level == xml::Level::error) all += problem.text() + "\n";
    return all;
  }
  /// The errors that binding these mediators gives; empty when they are fine.
  std::string errors_of(const std::string& mediators) {
    bind(mediators);
    return errors();
  }

  void define(const std::string& name, const std::string& mediators) {
    auto sequence = bind(mediators);
    EXPECT_EQ(errors(), "");
    artifacts.sequences[name] = std::move(sequence);
  }

  /// Binds, links and runs mediators on the message.
  Flow run(const std::string& mediators) {
    flows_.push_back(bind(mediators));
    EXPECT_EQ(errors(), "");
    if (!flows_.back()) return Flow::fault;
    Linker linker(artifacts, problems);
    for (auto& [name, sequence] : artifacts.sequences) sequence->link(linker);
    flows_.back()->link(linker);
    return flows_.back()->run(message());
  }
  /// What the first mediator of a list needs of the message.
  Need need_of(const std::string& mediator) {
    const auto sequence = bind(mediator);
    EXPECT_EQ(errors(), "");
    return sequence->children().front()->need();
  }

  std::string property(std::string_view name) { return plain(message().properties.text(name)); }
  /// The content of the SOAP body as XML.
  std::string body() {
    const auto envelope = message().payload.envelope();
    if (!envelope) return "fault: " + envelope.fault().message;
    std::string text;
    const tree::Document& tree = **envelope;
    for (auto node = tree.first_child(Payload::body(tree)); node != tree::kNone; node = tree.next(node)) tree.write(node, text);
    return plain(text);
  }
  std::string envelope() {
    const auto envelope = message().payload.envelope();
    return envelope ? (*envelope)->xml((*envelope)->root()) : "fault: " + envelope.fault().message;
  }
  std::string json() {
    const auto text = message().payload.json_text();
    return text ? *text : "fault: " + text.fault().message;
  }
  std::string header(std::string_view name) { return std::string(message().headers.get(name).value_or("(none)")); }

  FakeArtifacts artifacts;
  xml::Problems problems;

 private:
  /// Without the xmlns="" that inline XML of these tests carries.
  static std::string plain(std::string text) {
    constexpr std::string_view kNone = " xmlns=\"\"";
    for (std::size_t at; (at = text.find(kNone)) != std::string::npos;) text.erase(at, kNone.size());
    return text;
  }

  StateStore states_;
  std::deque<std::unique_ptr<Sequence>> flows_;
  std::unique_ptr<Message> message_ptr_;
};

}  // namespace myelin::test
