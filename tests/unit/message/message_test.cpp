// Message: direction, addressing values, properties the engine knows, clones.
#include "engine/message/message.hpp"

#include <gtest/gtest.h>

namespace myelin {
namespace {

constexpr std::string_view kAddressed =
    R"(<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:w="http://www.w3.org/2005/08/addressing"><s:Header>)"
    R"(<w:To>http://b/to</w:To><w:ReplyTo><w:Address>http://www.w3.org/2005/08/addressing/anonymous</w:Address></w:ReplyTo>)"
    R"(<w:From><w:Address>http://from</w:Address></w:From><w:FaultTo><w:Address>http://faults</w:Address></w:FaultTo>)"
    R"(<w:MessageID> urn:m </w:MessageID><w:RelatesTo>urn:r</w:RelatesTo><w:Action>urn:act</w:Action>)"
    R"(</s:Header><s:Body><a/></s:Body></s:Envelope>)";

class Buffered final : public BodySource {
 public:
  explicit Buffered(std::string_view text) : text_(text) {}
  std::string_view buffered() const noexcept override { return text_; }
  bool ended() const noexcept override { return true; }
  void consume(std::size_t bytes) noexcept override { text_.remove_prefix(bytes); }
  Task<Status> fill() override { co_return Status::end; }
  const Fault& fault() const noexcept override { return fault_; }
  std::optional<std::uint64_t> length() const noexcept override { return std::nullopt; }

 private:
  std::string_view text_;
  Fault fault_;
};

void request(Message& message) {
  message.incoming.method = "POST";
  message.incoming.target = "/services/P/sub?x=1";
  message.incoming.host = "h:8280";
  message.incoming.scheme = "http";
  message.incoming.remote_address = "10.0.0.9";
}

// --- direction -----------------------------------------------------------------------------------

// MED-040
TEST(Message, ResponsePropertyReplacesTheDirection) {
  Message message;
  EXPECT_FALSE(message.is_response());
  message.properties.set("RESPONSE", "true");
  EXPECT_TRUE(message.is_response());
  message.response = true;
  message.properties.set("RESPONSE", "false");
  EXPECT_FALSE(message.is_response());
}

// MED-041
TEST(Message, BooleanResponsePropertyIsIgnored) {
  Message message;
  message.properties.set("RESPONSE", true);
  EXPECT_FALSE(message.is_response());
}

// --- addressing ----------------------------------------------------------------------------------

TEST(Addressing, ComesFromTheTransportWithoutHeaders) {
  Message message;
  request(message);
  message.headers.add("SOAPAction", "\"urn:x\"");
  EXPECT_FALSE(message.addressing_read());
  EXPECT_EQ(message.addressing().to, "/services/P/sub?x=1");
  EXPECT_EQ(message.addressing().soap_action, "urn:x");
  EXPECT_EQ(message.addressing().action, "urn:x");
  EXPECT_TRUE(message.addressing().message_id.starts_with("urn:uuid:"));
  EXPECT_TRUE(message.addressing_read());
}

TEST(Addressing, ActionMayStandInTheContentType) {
  Message message;
  message.headers.add("content-type", "application/soap+xml; action=\"urn:p\"");
  EXPECT_EQ(message.addressing().action, "urn:p");
}

TEST(Addressing, ReadsTheSoapHeaders) {
  for (const std::string_view ns : {soap::kAddressing, soap::kAddressing2004}) {
    std::string text(kAddressed);
    const std::string declared = "xmlns:w=\"" + std::string(soap::kAddressing);
    text.replace(text.find(declared), declared.size(), "xmlns:w=\"" + std::string(ns));
    Message message;
    request(message);
    message.payload.assign(text, "text/xml");
    const Addressing& values = message.addressing();
    EXPECT_EQ(values.to, "http://b/to");
    EXPECT_EQ(values.from, "http://from");
    EXPECT_EQ(values.reply_to, soap::kAnonymous);
    EXPECT_EQ(values.fault_to, "http://faults");
    EXPECT_EQ(values.message_id, "urn:m");
    EXPECT_EQ(values.relates_to, "urn:r");
    EXPECT_EQ(values.action, "urn:act");
  }
}

TEST(Addressing, HeadersAreReadOnceTheBodyIsLoaded) {
  Message message;
  request(message);
  Buffered source(kAddressed);
  message.payload.receive(&source, "text/xml");
  EXPECT_EQ(message.addressing().to, "/services/P/sub?x=1");
  message.addressing().to = "http://set/by/mediator";
  ASSERT_TRUE(message.payload.try_load(1 << 20));
  EXPECT_EQ(message.addressing().to, "http://set/by/mediator") << "what a mediator set stays";
  EXPECT_EQ(message.addressing().action, "urn:act");
  message.addressing().action.clear();
  EXPECT_EQ(message.addressing().action, "") << "read once";
}

TEST(Addressing, ABodyWithoutSuchHeadersIsNotParsedForThem) {
  Message message;
  request(message);
  message.payload.assign("<s:Envelope><broken", "text/xml");
  EXPECT_EQ(message.addressing().to, "/services/P/sub?x=1");
  EXPECT_FALSE(message.payload.built());
}

TEST(Addressing, AnAnswerGoesToAnonymous) {
  Message message;
  request(message);
  message.addressing().to = "http://b";
  message.begin_response();
  message.response = true;
  message.status = 200;
  EXPECT_EQ(message.addressing().to, soap::kAnonymous);
}

// --- properties ----------------------------------------------------------------------------------

TEST(MessageProperties, TheMapWins) {
  Message message;
  request(message);
  EXPECT_EQ(message.property("TRANSPORT_IN_NAME").text(), "http");
  message.properties.set("TRANSPORT_IN_NAME", "jms");
  EXPECT_EQ(message.property("TRANSPORT_IN_NAME").text(), "jms");
  EXPECT_TRUE(message.property("nothing").is_null());
}

TEST(MessageProperties, OfAnApi) {
  Message message;
  request(message);
  EXPECT_TRUE(message.property("SYNAPSE_REST_API").is_null()) << "no API, no such property";
  message.api = "orders:v1.2";
  message.api_context = "/orders";
  message.resource = "/{id}";
  message.sub_path = "/7?x=1";
  const std::pair<const char*, const char*> expected[] = {{"REST_FULL_REQUEST_PATH", "/services/P/sub?x=1"},
                                                          {"REST_SUB_REQUEST_PATH", "/7?x=1"},
                                                          {"REST_API_CONTEXT", "/orders"},
                                                          {"REST_METHOD", "POST"},
                                                          {"REST_URL_PREFIX", "http://h:8280"},
                                                          {"SYNAPSE_REST_API", "orders:v1.2"},
                                                          {"SYNAPSE_REST_API_VERSION", "1.2"},
                                                          {"SYNAPSE_RESOURCE", "/{id}"},
                                                          {"rest.url.pattern", "/{id}"},
                                                          {"ARTIFACT_NAME", "apiorders:v1.2"}};
  for (const auto& [name, value] : expected) EXPECT_EQ(message.property(name).text(), value) << name;
  message.sub_path = "";
  EXPECT_EQ(message.property("REST_SUB_REQUEST_PATH").text(), "/");
  EXPECT_EQ(message.log_prefix(), "{api:orders:v1.2} ");
}

TEST(MessageProperties, OfAProxyAndItsClient) {
  Message message;
  message.proxy = "P";
  message.client_kind = MediaKind::soap11;
  EXPECT_EQ(message.property("proxy.name").text(), "P");
  EXPECT_EQ(message.property("ARTIFACT_NAME").text(), "proxyP");
  EXPECT_TRUE(message.property("IsClientDoingSOAP11").truth());
  EXPECT_FALSE(message.property("IsClientDoingREST").truth());
  EXPECT_EQ(message.log_prefix(), "{proxy:P} ");
}

TEST(MessageProperties, Axis2OfARequest) {
  Message message;
  request(message);
  message.postfix = "/sub?x=1";
  message.has_postfix = true;
  message.headers.add("Content-Type", "application/json; charset=UTF-16");
  message.payload.assign("{}", "application/json; charset=UTF-16");
  EXPECT_EQ(message.axis2_property("HTTP_METHOD").text(), "POST");
  EXPECT_EQ(message.axis2_property("REST_URL_POSTFIX").text(), "/sub?x=1");
  EXPECT_EQ(message.axis2_property("REMOTE_ADDR").text(), "10.0.0.9");
  EXPECT_EQ(message.axis2_property("TransportInURL").text(), "/services/P/sub?x=1");
  EXPECT_EQ(message.axis2_property("ContentType").text(), "application/json; charset=UTF-16");
  EXPECT_EQ(message.axis2_property("messageType").text(), "application/json");
  EXPECT_EQ(message.axis2_property("CHARACTER_SET_ENCODING").text(), "UTF-16");
  EXPECT_TRUE(message.axis2_property("HTTP_SC").is_null());
  EXPECT_TRUE(message.axis2_property("NO_ENTITY_BODY").is_null());
  message.payload.reset();
  EXPECT_TRUE(message.axis2_property("NO_ENTITY_BODY").truth());
}

// MED-252
TEST(MessageProperties, RemovedPostfixIsGone) {
  Message message;
  message.postfix = "/p";
  message.has_postfix = true;
  message.axis2.set("REST_URL_POSTFIX", "/other");
  EXPECT_EQ(message.axis2_property("REST_URL_POSTFIX").text(), "/other");
  message.axis2.remove("REST_URL_POSTFIX");
  message.has_postfix = false;
  EXPECT_TRUE(message.axis2_property("REST_URL_POSTFIX").is_null());
}

TEST(MessageProperties, Axis2OfAnAnswer) {
  Message message;
  message.status = 503;
  message.reason = "Busy";
  EXPECT_EQ(*message.axis2_property("HTTP_SC").as<std::int64_t>(), 503);
  EXPECT_EQ(message.axis2_property("HTTP_SC_DESC").text(), "Busy");
  EXPECT_EQ(message.axis2_property("FAULT_MESSAGE").text(), "TRUE");
  message.status = 202;
  EXPECT_TRUE(message.axis2_property("FAULT_MESSAGE").is_null());
  EXPECT_EQ(message.axis2_property("HTTP_202_RECEIVED").text(), "true");
}

// MED-027
TEST(Message, TheAnswerKeepsPropertiesAndVariables) {
  Message message;
  message.properties.set("p", "1");
  message.variables.set("v", "2");
  message.operation.set("o", "3");
  message.axis2.set("a", "4");
  message.headers.add("X", "y");
  message.begin_response();
  EXPECT_EQ(message.property("p").text(), "1");
  EXPECT_EQ(message.variables.text("v"), "2");
  EXPECT_EQ(message.operation.text("o"), "3");
  EXPECT_TRUE(message.axis2.empty());
  EXPECT_TRUE(message.headers.empty());
}

TEST(Message, ResetForgetsTheExchange) {
  Message message;
  request(message);
  message.properties.set("p", "1");
  message.payload.assign("x", "text/plain");
  message.proxy = "P";
  message.status = 200;
  message.addressing().to = "x";
  message.reset();
  EXPECT_TRUE(message.properties.empty());
  EXPECT_TRUE(message.payload.empty());
  EXPECT_TRUE(message.proxy.empty());
  EXPECT_TRUE(message.incoming.target.empty());
  EXPECT_FALSE(message.addressing_read());
  EXPECT_EQ(message.status, 0);
}

// --- clones --------------------------------------------------------------------------------------

// MED-054
TEST(MessageClone, HasItsOwnPropertiesAndBody) {
  Message message;
  request(message);
  message.properties.set("p", "1");
  message.variables.set("v", "1");
  message.payload.assign(std::string(kAddressed), "text/xml");
  message.headers.add("X", "y");
  const auto copy = message.clone();
  copy->properties.set("p", "2");
  copy->variables.set("v", "2");
  tree::Document& document = **copy->payload.edit();
  document.set_text(Payload::body_child(document), "changed");
  EXPECT_EQ(message.properties.text("p"), "1");
  EXPECT_EQ(message.variables.text("v"), "1");
  EXPECT_FALSE(message.payload.edited());
  EXPECT_EQ(copy->headers.get("x"), "y");
  EXPECT_EQ(copy->addressing().to, "http://b/to");
  EXPECT_NE(copy->addressing().message_id, message.addressing().message_id);
}

TEST(MessageClone, OutlivesTheOriginal) {
  auto message = std::make_unique<Message>();
  message->incoming.target = message->copy("/some/path");
  message->headers.add(message->copy("Name"), message->copy("value"));
  message->proxy = message->copy("P");
  message->payload.assign(std::string(kAddressed), "text/xml");
  const tree::Document* envelope = *message->payload.envelope();
  Nodes nodes;
  nodes.items.push_back({envelope, Payload::body_child(*envelope)});
  message->properties.set("nodes", nodes);
  const auto copy = message->clone();
  message.reset();
  EXPECT_EQ(copy->incoming.target, "/some/path");
  EXPECT_EQ(copy->headers.get("Name"), "value");
  EXPECT_EQ(copy->proxy, "P");
  const Value value = copy->property("nodes");
  const Nodes* own = value.as<Nodes>();
  ASSERT_TRUE(own);
  EXPECT_EQ(own->items[0].document, *copy->payload.envelope());
  EXPECT_EQ(own->items[0].document->local(own->items[0].id), "a");
}

// What the client sent stays apart from what mediators set, also in a copy of a copy.
TEST(MessageClone, KnowsWhichFieldsWereReceived) {
  Message message;
  message.received = message.copy("first|second||");
  const std::string_view text = message.received;
  message.headers.add("A", text.substr(0, 5));
  message.headers.add("Set", message.copy("mine"));
  message.headers.add("B", text.substr(6, 6));
  message.headers.add("Empty", text.substr(13, 0));
  const auto copy = message.clone()->clone();
  const auto is_received = [&](std::string_view name) {
    const std::string_view value = *copy->headers.get(name);
    return value.data() >= copy->received.data() && value.data() < copy->received.data() + copy->received.size();
  };
  EXPECT_EQ(copy->headers.get("B"), "second");
  EXPECT_EQ(copy->headers.get("Empty"), "");
  EXPECT_TRUE(is_received("A"));
  EXPECT_TRUE(is_received("B"));
  EXPECT_TRUE(is_received("Empty"));
  EXPECT_FALSE(is_received("Set"));
}

}  // namespace
}  // namespace myelin
