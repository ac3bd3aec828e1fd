// What goes out to backends and clients (endpoints reference 2.2; expressions reference 6).
#include "engine/message/formats.hpp"

#include <gtest/gtest.h>

namespace myelin {
namespace {

constexpr std::string_view kWsa = "http://www.w3.org/2005/08/addressing";

std::string envelope(bool soap12, std::string_view header, std::string_view body) {
  std::string out = "<s:Envelope xmlns:s=\"";
  out += soap12 ? soap::kEnvelope12 : soap::kEnvelope11;
  out += "\">";
  if (!header.empty()) out += "<s:Header>" + std::string(header) + "</s:Header>";
  return out + "<s:Body>" + std::string(body) + "</s:Body></s:Envelope>";
}

constexpr std::string_view kFault11 =
    "<s:Fault><faultcode>s:Client</faultcode><faultstring>bad</faultstring><faultactor>urn:me</faultactor>"
    "<detail><d:e xmlns:d=\"urn:d\">1</d:e></detail></s:Fault>";
constexpr std::string_view kFault12 =
    "<s:Fault><s:Code><s:Value>s:Receiver</s:Value></s:Code><s:Reason><s:Text "
    "xml:lang=\"en\">oops</s:Text></s:Reason>"
    "<s:Role>urn:r</s:Role><s:Detail>more</s:Detail></s:Fault>";

class Stream final : public BodySource {
 public:
  std::string_view buffered() const noexcept override { return "raw"; }
  bool ended() const noexcept override { return false; }
  void consume(std::size_t) noexcept override {}
  Task<Status> fill() override { co_return Status::more; }
  const Fault& fault() const noexcept override { return fault_; }
  std::optional<std::uint64_t> length() const noexcept override { return std::nullopt; }

 private:
  Fault fault_;
};

/// A message as the listener fills it; the body is loaded.
class Formats : public testing::Test {
 protected:
  Message message;
  std::string type;

  void body(std::string_view bytes, std::string_view content_type) {
    type = content_type;
    message.headers.set("Content-Type", type);
    message.payload.assign(std::string(bytes), type);
  }
  void edit(std::string_view text) {
    tree::Document& document = **message.payload.edit();
    document.set_text(Payload::body_child(document), text);
  }
  OutgoingBody send(EndpointFormat format = EndpointFormat::as_is) {
    FormatOptions options;
    options.format = format;
    return send(options);
  }
  OutgoingBody send(const FormatOptions& options) {
    auto out = format_request(message, options);
    EXPECT_TRUE(out.ok()) << (out ? "" : out.fault().message + out.fault().detail);
    return out ? *out : OutgoingBody{};
  }
  OutgoingBody reply() {
    auto out = format_reply(message);
    EXPECT_TRUE(out.ok()) << (out ? "" : out.fault().message + out.fault().detail);
    return out ? *out : OutgoingBody{};
  }
  /// An answer of a backend for a client that spoke `client`.
  void answer(MediaKind client, std::string_view bytes, std::string_view content_type) {
    message.client_kind = client;
    message.response = true;
    message.status = 200;
    body(bytes, content_type);
  }
};

std::string body_of(std::string_view xml) {
  const auto parsed = tree::Document::parse(std::string(xml));
  if (!parsed) return "not XML: " + std::string(xml);
  const tree::NodeId child = Payload::body_child(**parsed);
  return child == tree::kNone ? "" : (*parsed)->xml(child);
}

std::string fault_field(std::string_view xml, std::vector<std::string_view> path) {
  const auto parsed = tree::Document::parse(std::string(xml));
  if (!parsed) return "not XML";
  const tree::Document& document = **parsed;
  tree::NodeId at = Payload::body_child(document);
  for (const std::string_view step : path) {
    tree::NodeId child = at == tree::kNone ? tree::kNone : document.first_element(at);
    while (child != tree::kNone && document.local(child) != step) child = document.next_element(child);
    at = child;
  }
  return at == tree::kNone ? "(none)" : document.string_value(at);
}

// --- relaying --------------------------------------------------------------------------------------

// MED-051
TEST_F(Formats, UneditedBytesGoOutAsTheyCame) {
  body("<a  ><b/>broken", "application/xml");
  const OutgoingBody out = send();
  EXPECT_TRUE(out.has_body);
  EXPECT_EQ(out.bytes, "<a  ><b/>broken");
  EXPECT_EQ(out.stream, nullptr);
}

TEST_F(Formats, AnUnreadStreamIsHandedOn) {
  Stream stream;
  message.payload.receive(&stream, "application/json");
  const OutgoingBody out = send();
  EXPECT_TRUE(out.has_body);
  EXPECT_EQ(out.stream, &stream);
  EXPECT_TRUE(out.content_type.empty()) << "the message's own header is right";
  EXPECT_EQ(message.payload.source(), nullptr);
}

// MED-243
TEST_F(Formats, JsonThatWasReadGoesOutByteExact) {
  body("{ \"a\" : [ 1 ] }", "application/json");
  ASSERT_TRUE(message.payload.json().ok());
  ASSERT_TRUE(message.payload.envelope().ok());
  EXPECT_EQ(send().bytes, "{ \"a\" : [ 1 ] }");
}

// MED-254
TEST_F(Formats, BinaryGoesOutUnchanged) {
  const std::string bytes("\0\x01\xff\r\n", 5);
  body(bytes, "application/octet-stream");
  ASSERT_TRUE(message.payload.envelope().ok());
  EXPECT_EQ(send().bytes, bytes);
}

TEST_F(Formats, NothingHasNoBody) {
  message.incoming.method = "GET";
  const OutgoingBody out = send();
  EXPECT_FALSE(out.has_body);
  EXPECT_TRUE(out.drop_content_type);
}

TEST_F(Formats, NoEntityBodyDropsAnUneditedBody) {
  body("{}", "application/json");
  message.axis2.set("NO_ENTITY_BODY", true);
  EXPECT_FALSE(send().has_body);
}

TEST_F(Formats, EndpointEncodingIsAnnouncedWhenTheBodyHasNone) {
  body("{}", "application/json");
  FormatOptions options;
  options.encoding = "UTF-8";
  EXPECT_EQ(send(options).content_type, "application/json; charset=UTF-8");
  body("{}", "application/json; charset=utf-8");
  EXPECT_NE(send(options).content_type, "application/json; charset=utf-8; charset=UTF-8");
}

// --- edited bodies -----------------------------------------------------------------------------------

TEST_F(Formats, EditedSoapIsWrittenAsSoap) {
  body(envelope(false, "", "<a>1</a>"), "text/xml; charset=ISO-8859-1");
  message.headers.add("SOAPAction", "\"urn:x\"");
  edit("ä");
  const OutgoingBody out = send();
  EXPECT_EQ(body_of(out.bytes), "<a>ä</a>");
  EXPECT_EQ(out.content_type, "text/xml; charset=UTF-8");
  EXPECT_TRUE(out.has_soap_action);
  EXPECT_EQ(out.soap_action, "urn:x");
}

TEST_F(Formats, EditedXmlIsWrittenWithoutItsEnvelope) {
  body("<a>1</a>", "application/xml");
  edit("2");
  const OutgoingBody out = send();
  EXPECT_EQ(out.bytes, "<a>2</a>");
  EXPECT_EQ(out.content_type, "application/xml; charset=UTF-8");
  EXPECT_FALSE(out.has_soap_action);
}

TEST_F(Formats, EditedJsonIsWrittenAsJson) {
  body(R"({"a":1})", "application/vnd.x+json");
  tree::Document& document = **message.payload.edit();
  document.set_text(document.first_element(Payload::body_child(document)), "x");
  const OutgoingBody out = send();
  EXPECT_EQ(out.bytes, R"({"a":"x"})");
  EXPECT_EQ(out.content_type, "application/vnd.x+json; charset=UTF-8");
}

TEST_F(Formats, EditedTextAndBinary) {
  body("a", "text/plain");
  edit("b & c");
  EXPECT_EQ(send().bytes, "b & c");
  body("a", "application/octet-stream");
  edit("AP8=");
  EXPECT_EQ(send().bytes, std::string_view("\0\xff", 2));
}

// MED-244
TEST_F(Formats, EditedFormEncodesSpacesAsPercent20) {
  body("a=1&1b=2", "application/x-www-form-urlencoded");
  tree::Document& document = **message.payload.edit();
  document.set_text(document.first_element(Payload::body_child(document)), "x y&z");
  EXPECT_EQ(send().bytes, "a=x%20y%26z&1b=2");
}

TEST_F(Formats, CharsetPropertyDecidesTheBytes) {
  body("<a>1</a>", "application/xml");
  edit("ä€");
  message.axis2.set("CHARACTER_SET_ENCODING", "ISO-8859-1");
  const OutgoingBody out = send();
  EXPECT_EQ(out.bytes, "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>\xE4&#x20AC;</a>");
  EXPECT_EQ(out.content_type, "application/xml; charset=ISO-8859-1");
  message.axis2.set("CHARACTER_SET_ENCODING", "UTF-8");
  message.axis2.set("setCharacterEncoding", "false");
  EXPECT_EQ(send().content_type, "application/xml");
}

TEST_F(Formats, XmlDeclarationOnRequest) {
  body("<a>1</a>", "application/xml");
  edit("2");
  message.axis2.set("WRITE_XML_DECLARATION", "true");
  message.axis2.set("XML_DECLARATION_STANDALONE", "yes");
  EXPECT_EQ(send().bytes, "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?><a>2</a>");
}

// --- messageType ---------------------------------------------------------------------------------------

// MED-081
TEST_F(Formats, MessageTypeJsonConvertsXml) {
  body("<a><b>5</b></a>", "application/xml");
  message.axis2.set("messageType", "application/json");
  message.axis2.set("ContentType", "application/json");
  const OutgoingBody out = send();
  EXPECT_EQ(out.bytes, R"({"a":{"b":5}})");
  EXPECT_EQ(out.content_type, "application/json; charset=UTF-8");
}

// MED-081
TEST_F(Formats, MessageTypeXmlConvertsJson) {
  body(R"({"a":{"b":5}})", "application/json");
  message.axis2.set("messageType", "application/xml");
  const OutgoingBody out = reply();
  EXPECT_EQ(out.bytes, "<jsonObject><a><b>5</b></a></jsonObject>");
  EXPECT_EQ(out.content_type, "application/xml; charset=UTF-8");
}

TEST_F(Formats, MessageTypeSoapWrapsJsonForASoapFlow) {
  body(R"({"a":1})", "application/json");
  message.axis2.set("messageType", "text/xml");
  const OutgoingBody out = send();
  EXPECT_EQ(body_of(out.bytes), "<jsonObject><a>1</a></jsonObject>");
  EXPECT_TRUE(out.has_soap_action);
}

TEST_F(Formats, MessageTypeTextXmlOfARestFlowHasNoEnvelope) {
  body("<a/>", "application/xml");
  message.rest = true;
  message.axis2.set("messageType", "text/xml");
  const OutgoingBody out = send();
  EXPECT_EQ(out.bytes, "<a/>");
  EXPECT_EQ(out.content_type, "text/xml");
}

TEST_F(Formats, ContentTypeWithParametersIsKept) {
  body("<a>1</a>", "application/xml");
  message.axis2.set("messageType", "application/json");
  message.axis2.set("ContentType", "application/vnd.api+json; v=2");
  EXPECT_EQ(reply().content_type, "application/vnd.api+json; v=2");
}

TEST_F(Formats, SameMessageTypeRelays) {
  body("{ }", "text/json");
  message.axis2.set("messageType", "application/json");
  const OutgoingBody out = send();
  EXPECT_EQ(out.bytes, "{ }");
  EXPECT_EQ(out.content_type, "application/json");
}

// --- endpoint formats ----------------------------------------------------------------------------------

TEST(FormatNeed, ConversionsNeedTheBody) {
  const auto need = [](EndpointFormat format, AddressingVersion addressing = AddressingVersion::off) {
    FormatOptions options;
    options.format = format;
    options.addressing = addressing;
    return format_need(options);
  };
  EXPECT_EQ(need(EndpointFormat::as_is), Need::nothing);
  EXPECT_EQ(need(EndpointFormat::rest), Need::nothing);
  EXPECT_EQ(need(EndpointFormat::soap11), Need::body);
  EXPECT_EQ(need(EndpointFormat::get), Need::body);
  EXPECT_EQ(need(EndpointFormat::as_is, AddressingVersion::final), Need::body);
}

TEST_F(Formats, Soap11WrapsPox) {
  body("<m:q  xmlns:m='urn:m'/>", "application/xml");
  message.rest = true;
  const OutgoingBody out = send(EndpointFormat::soap11);
  EXPECT_EQ(out.bytes,
            "<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\"><soapenv:Body>"
            "<m:q  xmlns:m='urn:m'/></soapenv:Body></soapenv:Envelope>");
  EXPECT_EQ(out.content_type, "text/xml; charset=UTF-8");
  EXPECT_TRUE(out.has_soap_action);
  EXPECT_EQ(out.soap_action, "");
  EXPECT_FALSE(out.rest) << "EP-064: no REST suffix";
}

TEST_F(Formats, Soap11OfARequestWithoutBodyIsAnEmptyEnvelope) {
  message.incoming.method = "GET";
  message.rest = true;
  const OutgoingBody out = send(EndpointFormat::soap11);
  EXPECT_TRUE(out.has_body);
  EXPECT_EQ(body_of(out.bytes), "");
}

TEST_F(Formats, Soap11KeepsASoap11BodyAsItIs) {
  const std::string text = envelope(false, "", "<a  />");
  body(text, "text/xml");
  message.headers.add("SOAPAction", "urn:x");
  const OutgoingBody out = send(EndpointFormat::soap11);
  EXPECT_EQ(out.bytes, text);
  EXPECT_EQ(out.soap_action, "urn:x");
}

TEST_F(Formats, ActionSetByAMediatorIsTheSoapAction) {
  body(envelope(false, "", "<a/>"), "text/xml");
  message.headers.add("SOAPAction", "\"old\"");
  message.addressing().action = "new";
  EXPECT_EQ(send(EndpointFormat::soap11).soap_action, "new");
  const OutgoingBody as_is = send();
  EXPECT_TRUE(as_is.has_soap_action);
  EXPECT_EQ(as_is.soap_action, "new");
}

TEST_F(Formats, Soap12PutsTheActionIntoTheContentType) {
  body(envelope(false,
                "<h:h xmlns:h='urn:h' s:mustUnderstand='1' "
                "s:actor='http://schemas.xmlsoap.org/soap/actor/next'>v</h:h>",
                "<a xmlns:x='urn:x' t='x:y'/>"),
       "text/xml");
  message.headers.add("SOAPAction", "\"urn:x\"");
  const OutgoingBody out = send(EndpointFormat::soap12);
  EXPECT_EQ(out.content_type, "application/soap+xml; charset=UTF-8; action=\"urn:x\"");
  EXPECT_TRUE(out.drop_soap_action);
  EXPECT_FALSE(out.has_soap_action);
  const auto parsed = tree::Document::parse(std::string(out.bytes));
  ASSERT_TRUE(parsed.ok());
  const tree::Document& document = **parsed;
  EXPECT_TRUE(Payload::is_soap12(document));
  const tree::NodeId block = document.first_element(Payload::header(document));
  EXPECT_EQ(document.string_value(block), "v");
  EXPECT_EQ(document.value(document.attribute(block, soap::kEnvelope12, "mustUnderstand")), "1");
  EXPECT_EQ(document.value(document.attribute(block, soap::kEnvelope12, "role")),
            "http://www.w3.org/2003/05/soap-envelope/role/next");
  EXPECT_EQ(body_of(out.bytes), "<a xmlns:x=\"urn:x\" t=\"x:y\"/>");
}

TEST_F(Formats, ConversionKeepsPrefixesThatTextsUse) {
  std::string text = envelope(false, "", "<a type=\"xsd:string\"/>");
  text.replace(text.find("xmlns:s"), 0, "xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\" ");
  body(text, "text/xml");
  const OutgoingBody out = send(EndpointFormat::soap12);
  const auto parsed = tree::Document::parse(std::string(out.bytes));
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ((*parsed)->resolve(Payload::body_child(**parsed), "xsd"), "http://www.w3.org/2001/XMLSchema");
}

TEST_F(Formats, PoxUnwrapsTheBodyChild) {
  body(envelope(false, "<h/>", "<a  x='1'/>"), "text/xml; charset=UTF-8");
  const OutgoingBody out = send(EndpointFormat::pox);
  EXPECT_EQ(out.bytes, "<a  x='1'/>");
  EXPECT_EQ(out.content_type, "application/xml; charset=UTF-8");
  EXPECT_TRUE(out.drop_soap_action);
}

TEST_F(Formats, PoxRelaysXml) {
  body("<?xml version='1.0'?><a/>", "text/xml; charset=utf-8");
  ASSERT_TRUE(message.payload.envelope().ok());
  const OutgoingBody out = send(EndpointFormat::pox);
  EXPECT_EQ(out.bytes, "<?xml version='1.0'?><a/>");
  EXPECT_EQ(out.content_type, "application/xml; charset=utf-8");
}

// MED-246
TEST_F(Formats, GetTurnsBodyChildrenIntoQueryParameters) {
  body(envelope(false, "", "<q><symbol>I B&amp;M</symbol><n>2</n><e/></q>"), "text/xml");
  const OutgoingBody out = send(EndpointFormat::get);
  EXPECT_EQ(out.query, "symbol=I%20B%26M&n=2&e=");
  EXPECT_FALSE(out.has_body);
  EXPECT_TRUE(out.drop_content_type);
  EXPECT_TRUE(out.drop_soap_action);
}

TEST_F(Formats, RestWritesTheBodyChildOfAnEditedSoapMessage) {
  body(envelope(false, "", "<a>1</a>"), "text/xml");
  edit("2");
  const OutgoingBody out = send(EndpointFormat::rest);
  EXPECT_EQ(out.bytes, "<a>2</a>");
  EXPECT_EQ(out.content_type, "text/xml; charset=UTF-8");
  EXPECT_TRUE(out.rest);
}

TEST_F(Formats, RestDropsTheTypeOfGetAndDelete) {
  message.incoming.method = "DELETE";
  body("{}", "application/json");
  const OutgoingBody out = send(EndpointFormat::rest);
  EXPECT_TRUE(out.drop_content_type);
  EXPECT_TRUE(out.has_body);
}

TEST_F(Formats, TheSuffixRuleFollowsTheRequest) {
  body("{}", "application/json");
  EXPECT_FALSE(send().rest);
  message.rest = true;
  EXPECT_TRUE(send().rest);
  EXPECT_FALSE(send(EndpointFormat::soap12).rest);  // EP-064
}

TEST_F(Formats, FormattingLeavesTheMessageAsItIs) {
  const std::string text = envelope(false, "", "<a/>");
  body(text, "text/xml");
  send(EndpointFormat::soap12);
  send(EndpointFormat::pox);
  EXPECT_FALSE(message.payload.edited());
  EXPECT_EQ(send().bytes, text) << "the next endpoint gets the original";
}

TEST_F(Formats, MessageTypeOfAnotherFormatDoesNotNameTheSoapBody) {
  body(envelope(false, "", "<a/>"), "text/xml");
  message.axis2.set("messageType", "application/json");
  message.axis2.set("ContentType", "application/json");
  const OutgoingBody out = send(EndpointFormat::soap12);
  EXPECT_EQ(out.content_type, "application/soap+xml; charset=UTF-8");
}

// --- WS-Addressing -------------------------------------------------------------------------------------

std::string addressed() {
  return envelope(false,
                  "<w:To xmlns:w='" + std::string(kWsa) +
                      "'>http://old</w:To><k>kept</k><w:MessageID xmlns:w='" + std::string(kWsa) +
                      "'>urn:old</w:MessageID>",
                  "<a/>");
}

TEST_F(Formats, EnableAddressingAddsTheHeaders) {
  body(envelope(false, "", "<a/>"), "text/xml");
  message.headers.add("SOAPAction", "\"urn:act\"");
  for (const AddressingVersion version : {AddressingVersion::final, AddressingVersion::submission}) {
    FormatOptions options;
    options.addressing = version;
    options.destination = "http://b:9000/s";
    const OutgoingBody out = send(options);
    Addressing values;
    const auto parsed = tree::Document::parse(std::string(out.bytes));
    ASSERT_TRUE(parsed.ok());
    Message reader;
    reader.payload.assign(std::string(out.bytes), "text/xml");
    EXPECT_EQ(reader.addressing().to, "http://b:9000/s");
    EXPECT_EQ(reader.addressing().action, "urn:act");
    EXPECT_TRUE(reader.addressing().message_id.starts_with("urn:uuid:"));
    EXPECT_TRUE(reader.addressing().reply_to.ends_with("anonymous"));
    const std::string_view ns = (*parsed)->ns((*parsed)->first_element(Payload::header(**parsed)));
    EXPECT_EQ(ns, version == AddressingVersion::final ? soap::kAddressing : soap::kAddressing2004);
  }
}

TEST_F(Formats, EnableAddressingReplacesReceivedHeaders) {
  body(addressed(), "text/xml");
  FormatOptions options;
  options.addressing = AddressingVersion::final;
  options.destination = "http://new";
  const OutgoingBody out = send(options);
  EXPECT_EQ(out.bytes.find("http://old"), std::string_view::npos);
  EXPECT_EQ(out.bytes.find("urn:old"), std::string_view::npos);
  EXPECT_NE(out.bytes.find("<k>kept</k>"), std::string_view::npos);
}

TEST_F(Formats, ReceivedAddressingIsRemovedFromABuiltEnvelope) {
  body(addressed(), "text/xml");
  EXPECT_EQ(send().bytes, addressed()) << "not built: as it came";
  ASSERT_TRUE(message.payload.envelope().ok());
  const OutgoingBody out = send();
  EXPECT_EQ(out.bytes.find("http://old"), std::string_view::npos);
  EXPECT_NE(out.bytes.find("<k>kept</k>"), std::string_view::npos);
  message.properties.set("PRESERVE_WS_ADDRESSING", "true");
  EXPECT_EQ(send().bytes, addressed());
}

// --- replies ---------------------------------------------------------------------------------------------

// MED-043
TEST_F(Formats, ClientSoap11GetsSoap11FromASoap12Backend) {
  answer(MediaKind::soap11, envelope(true, "", "<a>1</a>"), "application/soap+xml; charset=UTF-8");
  const OutgoingBody out = reply();
  EXPECT_EQ(out.content_type, "text/xml; charset=UTF-8");
  EXPECT_EQ(body_of(out.bytes), "<a>1</a>");
  EXPECT_EQ(out.bytes.find(soap::kEnvelope12), std::string_view::npos);
}

TEST_F(Formats, SameVersionIsRelayed) {
  answer(MediaKind::soap12, envelope(true, "", "<a  />"), "application/soap+xml");
  EXPECT_EQ(reply().bytes, envelope(true, "", "<a  />"));
}

// MED-044
TEST_F(Formats, FaultCodesAreMappedTo12) {
  const std::pair<const char*, const char*> codes[] = {{"s:Client", "s:Sender"},
                                                       {"s:Server", "s:Receiver"},
                                                       {"s:MustUnderstand", "s:MustUnderstand"},
                                                       {"s:VersionMismatch", "s:VersionMismatch"},
                                                       {"s:Client.Auth", "s:Sender"},
                                                       {"my:code", "s:Receiver"}};
  for (const auto& [code11, code12] : codes) {
    std::string fault(kFault11);
    fault.replace(fault.find("s:Client"), 8, code11);
    fault.replace(fault.find("<faultcode"), 10, "<faultcode xmlns:my='urn:my'");
    answer(MediaKind::soap12, envelope(false, "", fault), "text/xml");
    const std::string out(reply().bytes);
    EXPECT_EQ(fault_field(out, {"Code", "Value"}), code12) << out;
    EXPECT_EQ(fault_field(out, {"Reason", "Text"}), "bad");
    EXPECT_EQ(fault_field(out, {"Role"}), "urn:me");
    EXPECT_EQ(fault_field(out, {"Detail", "e"}), "1");
    const std::string subcode = fault_field(out, {"Code", "Subcode", "Value"});
    if (std::string_view(code11) == "my:code")
      EXPECT_EQ(subcode, "sub:code");
    else if (std::string_view(code11) == "s:Client.Auth")
      EXPECT_EQ(subcode, "Client.Auth");
    else
      EXPECT_EQ(subcode, "(none)");
  }
}

// MED-044
TEST_F(Formats, FaultCodesAreMappedTo11) {
  const std::pair<const char*, const char*> codes[] = {{"s:Sender", "s:Client"},
                                                       {"s:Receiver", "s:Server"},
                                                       {"s:MustUnderstand", "s:MustUnderstand"},
                                                       {"s:VersionMismatch", "s:VersionMismatch"},
                                                       {"s:DataEncodingUnknown", "s:Client"}};
  for (const auto& [code12, code11] : codes) {
    std::string fault(kFault12);
    fault.replace(fault.find("s:Receiver"), 10, code12);
    answer(MediaKind::soap11, envelope(true, "", fault), "application/soap+xml");
    const std::string out(reply().bytes);
    EXPECT_EQ(fault_field(out, {"faultcode"}), code11) << out;
    EXPECT_EQ(fault_field(out, {"faultstring"}), "oops");
    EXPECT_EQ(fault_field(out, {"faultactor"}), "urn:r");
    EXPECT_EQ(fault_field(out, {"detail"}), "more");
  }
}

// MED-045
TEST_F(Formats, RestClientGetsAnException) {
  answer(MediaKind::json, envelope(true, "", kFault12), "application/soap+xml");
  const OutgoingBody out = reply();
  EXPECT_EQ(out.bytes, "<Exception>more</Exception>");
  EXPECT_EQ(out.content_type, "application/xml; charset=UTF-8");
  answer(MediaKind::none, envelope(false, "", kFault11), "text/xml");
  EXPECT_EQ(reply().bytes, "<Exception>bad</Exception>") << "a detail without text of its own: the reason";
  message.axis2.set("messageType", "application/json");
  EXPECT_EQ(reply().bytes, R"({"Exception":"bad"})");
}

TEST_F(Formats, SoapClientGetsItsFaultAsItIs) {
  answer(MediaKind::soap11, envelope(false, "", kFault11), "text/xml");
  EXPECT_EQ(reply().bytes, envelope(false, "", kFault11));
}

TEST_F(Formats, PoxAnswerIsWrappedForASoapClientWhoseRequestLeftAsPox) {
  message.client_kind = MediaKind::soap11;
  body(envelope(false, "", "<a/>"), "text/xml");
  send(EndpointFormat::pox);
  message.begin_response();
  answer(MediaKind::soap11, "<a/>", "application/xml");
  const OutgoingBody out = reply();
  EXPECT_EQ(body_of(out.bytes), "<a/>");
  EXPECT_EQ(out.content_type, "text/xml; charset=UTF-8");

  answer(MediaKind::soap12, "<a/>", "text/xml");
  ASSERT_TRUE(message.payload.envelope().ok());
  const std::string soap12(reply().bytes);
  EXPECT_NE(soap12.find(soap::kEnvelope12), std::string::npos);
  EXPECT_EQ(body_of(soap12), "<a/>");
}

TEST_F(Formats, PoxAnswerIsRelayedWhenTheRequestLeftAsItCame) {
  message.client_kind = MediaKind::soap11;
  body(envelope(false, "", "<a/>"), "text/xml");
  send();
  message.begin_response();
  answer(MediaKind::soap11, "<a/>", "application/xml");
  EXPECT_EQ(reply().bytes, "<a/>");
  edit("2");
  EXPECT_EQ(body_of(reply().bytes), "<a>2</a>") << "a mediator's work is formatted for the client";
}

// MED-037
TEST_F(Formats, ARequestSentBackNamesItsOwnType) {
  message.client_kind = MediaKind::json;
  Stream stream;
  message.payload.receive(&stream, "application/json; charset=utf-8");
  EXPECT_EQ(reply().content_type, "application/json; charset=utf-8");
}

TEST_F(Formats, JsonAnswerStaysJsonForASoapClient) {
  answer(MediaKind::soap11, "{}", "application/json");
  EXPECT_EQ(reply().bytes, "{}");
}

TEST_F(Formats, EditedSoapAnswerIsUnwrappedForARestClient) {
  answer(MediaKind::none, envelope(false, "", "<a>1</a>"), "text/xml");
  edit("2");
  const OutgoingBody out = reply();
  EXPECT_EQ(out.bytes, "<a>2</a>");
  EXPECT_EQ(out.content_type, "text/xml; charset=UTF-8");
}

TEST_F(Formats, JsonMadeByAMediatorNamesItsType) {
  answer(MediaKind::json, "<a/>", "application/xml");
  message.payload.assign_json(R"({"x":1})");
  const OutgoingBody out = reply();
  EXPECT_EQ(out.bytes, R"({"x":1})");
  EXPECT_EQ(out.content_type, "application/json");
}

TEST_F(Formats, AnAnswerWithoutBodyStaysWithout) {
  message.client_kind = MediaKind::soap11;
  message.status = 202;
  EXPECT_FALSE(reply().has_body);
}

TEST_F(Formats, RepliesNeedTheBodyOnlyWhenItIsConverted) {
  const auto needs = [](MediaKind client, std::string_view content_type, int status = 200,
                        std::string_view chosen = {}, bool unwrapped = false) {
    Message waiting;
    waiting.unwrapped = unwrapped;
    Stream stream;
    waiting.client_kind = client;
    waiting.status = status;
    waiting.payload.receive(&stream, content_type);
    if (!chosen.empty()) waiting.axis2.set("messageType", chosen);
    return reply_needs_body(waiting);
  };
  EXPECT_FALSE(needs(MediaKind::soap11, "text/xml"));
  EXPECT_TRUE(needs(MediaKind::soap11, "application/soap+xml"));
  EXPECT_FALSE(needs(MediaKind::soap11, "application/xml"));
  EXPECT_TRUE(needs(MediaKind::soap11, "application/xml", 200, {}, true));
  EXPECT_FALSE(needs(MediaKind::soap11, "application/json"));
  EXPECT_FALSE(needs(MediaKind::json, "application/json", 500));
  EXPECT_FALSE(needs(MediaKind::none, "text/xml"));
  EXPECT_TRUE(needs(MediaKind::none, "text/xml", 500)) << "it may be a fault";
  EXPECT_TRUE(needs(MediaKind::json, "application/xml", 200, "application/json"));
  EXPECT_FALSE(needs(MediaKind::json, "application/json", 200, "application/json"));
  Message loaded;
  loaded.client_kind = MediaKind::soap11;
  loaded.payload.assign("<a/>", "application/xml");
  EXPECT_FALSE(reply_needs_body(loaded)) << "it is there already";
}

TEST_F(Formats, AnUnparsableBodyThatMustBeConvertedFaults) {
  body("<a", "application/xml");
  FormatOptions options;
  options.format = EndpointFormat::soap11;
  const auto out = format_request(message, options);
  ASSERT_FALSE(out.ok());
  EXPECT_EQ(out.fault().code, code::kParse);
}

}  // namespace
}  // namespace myelin
