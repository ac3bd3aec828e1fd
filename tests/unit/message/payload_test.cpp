// The forms of a body: stream, bytes, envelope, JSON (expressions reference, 6.1 to 6.4).
#include "engine/message/payload.hpp"

#include <gtest/gtest.h>

#include "engine/message/json.hpp"

namespace myelin {
namespace {

constexpr std::string_view kSoap11 =
    R"(<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><a>1</a></s:Body></s:Envelope>)";

/// A body that comes in pieces; fill() shows the next one.
class Pieces final : public BodySource {
 public:
  explicit Pieces(std::vector<std::string> pieces, bool fails = false)
      : pieces_(std::move(pieces)), fails_(fails) {}

  std::optional<std::uint64_t> announced;

  std::string_view buffered() const noexcept override {
    return next_ == 0 ? std::string_view() : std::string_view(pieces_[next_ - 1]).substr(used_);
  }
  bool ended() const noexcept override { return !fails_ && next_ == pieces_.size(); }
  void consume(std::size_t bytes) noexcept override { used_ += bytes; }
  Task<Status> fill() override {
    if (next_ == pieces_.size()) co_return fails_ ? Status::failed : Status::end;
    ++next_;
    used_ = 0;
    co_return Status::more;
  }
  const Fault& fault() const noexcept override { return fault_; }
  std::optional<std::uint64_t> length() const noexcept override { return announced; }

 private:
  std::vector<std::string> pieces_;
  bool fails_;
  std::size_t next_ = 0;
  std::size_t used_ = 0;
  Fault fault_{code::kClosed, "gone"};
};

/// A whole body that lies in several places: what buffered() shows may be the last right behind consume().
class Scattered final : public BodySource {
 public:
  std::string_view buffered() const noexcept override { return next_ < 3 ? kPieces[next_] : std::string_view(); }
  bool ended() const noexcept override { return next_ >= 2; }
  void consume(std::size_t) noexcept override { ++next_; }
  Task<Status> fill() override { co_return next_ < 3 ? Status::more : Status::end; }
  const Fault& fault() const noexcept override { return fault_; }
  std::optional<std::uint64_t> length() const noexcept override { return std::nullopt; }

 private:
  static constexpr std::string_view kPieces[] = {"one ", "two ", "three"};
  std::size_t next_ = 0;
  Fault fault_;
};

Result<void> load(Payload& payload, std::size_t limit) {
  Task<Result<void>> task = payload.load(limit);
  EXPECT_TRUE(task.done());
  return task.await_resume();
}

TEST(Payload, IsLoadedToItsLastPiece) {
  for (const bool at_once : {true, false}) {
    Scattered body;
    Payload payload;
    payload.receive(&body, "text/plain");
    if (at_once) payload.try_load(100);
    EXPECT_TRUE(load(payload, 100));
    EXPECT_EQ(payload.bytes(), "one two three");
  }
}

Payload made(std::string_view bytes, std::string_view type) {
  Payload payload;
  payload.assign(std::string(bytes), std::string(type));
  return payload;
}

std::string body_xml(Payload& payload) {
  const auto envelope = payload.envelope();
  if (!envelope) return "fault: " + std::to_string(envelope.fault().status) + " " + envelope.fault().detail;
  const tree::NodeId child = Payload::body_child(**envelope);
  return child == tree::kNone ? "" : (*envelope)->xml(child);
}

std::string body_xml(std::string_view bytes, std::string_view type) {
  Payload payload = made(bytes, type);
  return body_xml(payload);
}

// --- media types ---------------------------------------------------------------------------------

TEST(MediaType, KindFollowsTheTypeAlone) {
  const std::pair<const char*, MediaKind> cases[] = {
      {"text/xml; charset=UTF-8", MediaKind::soap11},
      {" TEXT/XML ", MediaKind::soap11},
      {"application/soap+xml;action=\"a\"", MediaKind::soap12},
      {"application/xml", MediaKind::xml},
      {"application/atom+xml", MediaKind::xml},
      {"application/json", MediaKind::json},
      {"application/vnd.x+json; v=1", MediaKind::json},
      {"application/x-www-form-urlencoded", MediaKind::form},
      {"multipart/form-data; boundary=x", MediaKind::multipart},
      {"text/plain", MediaKind::text},
      {"text/html", MediaKind::binary},
      {"application/octet-stream", MediaKind::binary},
      {"", MediaKind::none}};
  for (const auto& [type, kind] : cases) EXPECT_EQ(media_kind(type), kind) << type;
}

TEST(MediaType, ParametersAreUnquoted) {
  constexpr std::string_view kType =
      "application/soap+xml; Charset = utf-8 ;action=\"urn:a;b\"; boundary='q'";
  EXPECT_EQ(media_type(kType), "application/soap+xml");
  EXPECT_EQ(media_parameter(kType, "charset"), "utf-8");
  EXPECT_EQ(media_parameter(kType, "action"), "urn:a;b");
  EXPECT_EQ(media_parameter(kType, "boundary"), "q");
  EXPECT_EQ(media_parameter(kType, "start"), "");
  EXPECT_EQ(media_parameter("text/xml;;=;charset", "charset"), "");
}

// --- loading -------------------------------------------------------------------------------------

TEST(Payload, LoadsAStreamToItsEnd) {
  Pieces pieces({"{\"a\"", ":1", "}"});
  Payload payload;
  payload.receive(&pieces, "application/json");
  EXPECT_FALSE(payload.loaded());
  EXPECT_FALSE(payload.empty());
  EXPECT_FALSE(payload.try_load(100));
  ASSERT_TRUE(load(payload, 100).ok());
  EXPECT_TRUE(payload.loaded());
  EXPECT_TRUE(payload.received());
  EXPECT_EQ(payload.bytes(), "{\"a\":1}");
}

TEST(Payload, TakesWhatIsBufferedWithoutWaiting) {
  Pieces pieces({"all"});
  Task<BodySource::Status> filled = pieces.fill();
  Payload payload;
  payload.receive(&pieces, "text/plain");
  EXPECT_TRUE(payload.try_load(3));
  EXPECT_EQ(payload.bytes(), "all");
}

TEST(Payload, AnEndedStreamWithoutBytesIsNoBody) {
  Pieces pieces({});
  Payload payload;
  payload.receive(&pieces, "text/xml");
  EXPECT_TRUE(payload.empty());
  EXPECT_TRUE(payload.try_load(0));
  EXPECT_EQ(body_xml(payload), "");
}

// REL-017
TEST(Payload, MoreThanTheLimitIs413) {
  Pieces pieces({"1234", "5678"});
  Payload payload;
  payload.receive(&pieces, "text/plain");
  const auto loaded = load(payload, 7);
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.fault().status, 413);

  Pieces exact({"1234", "5678"});
  payload.receive(&exact, "text/plain");
  EXPECT_TRUE(load(payload, 8).ok());

  Pieces announced({"1"});
  announced.announced = 9;
  payload.receive(&announced, "text/plain");
  EXPECT_EQ(load(payload, 8).fault().status, 413) << "refused before it is read";
}

TEST(Payload, ThePeersFaultEndsTheLoad) {
  Pieces pieces({"12"}, true);
  Payload payload;
  payload.receive(&pieces, "text/plain");
  EXPECT_EQ(load(payload, 100).fault().code, code::kClosed);
}

// --- views ---------------------------------------------------------------------------------------

TEST(Payload, SoapIsParsedAsItIs) {
  Payload payload = made(kSoap11, "text/xml");
  ASSERT_TRUE(payload.envelope().ok());
  EXPECT_TRUE(payload.built());
  EXPECT_FALSE(payload.edited());
  EXPECT_EQ(body_xml(payload), "<a>1</a>");
}

// MED-245
TEST(Payload, Soap12ContentTypeWith11EnvelopeIsRefused) {
  EXPECT_TRUE(
      body_xml(kSoap11, "application/soap+xml")
          .starts_with(
              "fault: 400 Transport level information does not match with SOAP Message namespace URI"));
  std::string soap12(kSoap11);
  soap12.replace(soap12.find(soap::kEnvelope11), soap::kEnvelope11.size(), soap::kEnvelope12);
  EXPECT_TRUE(body_xml(soap12, "text/xml").starts_with("fault: 400"));
  EXPECT_EQ(body_xml(soap12, "application/soap+xml"), "<a>1</a>");
}

TEST(Payload, OtherXmlBecomesTheChildOfASoap11Body) {
  constexpr std::string_view kXml =
      "<?xml version='1.0'?>\n<p:a  xmlns:p='u'\tx = \"1\" ><p:b/><c></c ></p:a>";
  Payload payload = made(kXml, "application/xml");
  const auto envelope = payload.envelope();
  ASSERT_TRUE(envelope.ok());
  EXPECT_FALSE(Payload::is_soap12(**envelope));
  EXPECT_EQ((*envelope)->local((*envelope)->root()), "Envelope");
  EXPECT_EQ(body_xml(payload), kXml.substr(kXml.find("<p:a"))) << "untouched bytes stay as they are";
  EXPECT_EQ((*envelope)->xml((*envelope)->root()),
            "<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\"><soapenv:Body>" +
                std::string(kXml.substr(kXml.find("<p:a"))) + "</soapenv:Body></soapenv:Envelope>");
}

TEST(Payload, TextXmlThatIsNoEnvelopeIsPox) {
  Payload payload = made("<a/>", "text/xml");
  EXPECT_EQ(body_xml(payload), "<a/>");
  EXPECT_EQ(payload.kind(), MediaKind::xml);
}

TEST(Payload, WrapperElements) {
  EXPECT_EQ(body_xml("a<b", "text/plain"),
            R"(<text xmlns="http://ws.apache.org/commons/ns/payload">a&lt;b</text>)");
  EXPECT_EQ(body_xml("\xE4", "text/plain; charset=ISO-8859-1"),
            R"(<text xmlns="http://ws.apache.org/commons/ns/payload">ä</text>)");
  EXPECT_EQ(body_xml(std::string_view("\0\xff", 2), "application/octet-stream"),
            R"(<binary xmlns="http://ws.apache.org/commons/ns/payload">AP8=</binary>)");
  EXPECT_EQ(body_xml("x", ""), R"(<binary xmlns="http://ws.apache.org/commons/ns/payload">eA==</binary>)");
  EXPECT_EQ(body_xml(R"({"a":[1,2]})", "application/json"), "<jsonObject><a>1</a><a>2</a></jsonObject>");
}

// MED-244
TEST(Payload, FormBecomesXformValues) {
  EXPECT_EQ(body_xml("a=1&b=x+y%26z&a=2&1x=&$y=3", "application/x-www-form-urlencoded"),
            "<xformValues><a>1</a><a>2</a><b>x "
            "y&amp;z</b><_JsonReader_PD_1x/><_JsonReader_PS_y>3</_JsonReader_PS_y></xformValues>");
}

// REL-092
TEST(Payload, AFormWithANameThatXmlMayNotHaveIsRefused) {
  for (const char* type : {"application/x-www-form-urlencoded", "multipart/form-data; boundary=b"}) {
    const std::string name(1025, 'a');
    Payload payload;
    payload.assign(std::string(type).starts_with("m") ? "--b\r\nContent-Disposition: form-data; name=" + name + "\r\n\r\n1\r\n--b--"
                                                      : name + "=1",
                   type);
    const auto envelope = payload.envelope();
    ASSERT_FALSE(envelope.ok()) << type;
    EXPECT_EQ(envelope.fault().status, 400);
  }
}

TEST(Payload, NoBodyIsAnEmptyEnvelope) {
  Payload payload;
  EXPECT_TRUE(payload.empty());
  const auto envelope = payload.envelope();
  ASSERT_TRUE(envelope.ok());
  EXPECT_NE(Payload::body(**envelope), tree::kNone);
  EXPECT_EQ(Payload::body_child(**envelope), tree::kNone);
}

// REL-095
TEST(Payload, UnknownCharsetIs415AndBadBytesAre400) {
  EXPECT_TRUE(body_xml("a", "text/plain; charset=EBCDIC").starts_with("fault: 415"));
  EXPECT_TRUE(body_xml("\xff", "text/plain").starts_with("fault: 400"));
}

// REL-090
TEST(Payload, DoctypeIsRefused) {
  EXPECT_TRUE(body_xml("<!DOCTYPE a><a/>", "application/xml").starts_with("fault: 400"));
  EXPECT_TRUE(body_xml("<!DOCTYPE a><a/>", "text/xml").starts_with("fault: 400"));
}

TEST(Payload, UnparsableBodyFaultsWithTheParseCode) {
  Payload payload = made("<a", "application/xml");
  EXPECT_EQ(payload.envelope().fault().code, code::kParse);
  Payload json = made("{", "application/json");
  EXPECT_EQ(json.envelope().fault().status, 400);
  EXPECT_EQ(json.json().fault().code, code::kParse);
}

// --- JSON ----------------------------------------------------------------------------------------

// MED-243
TEST(Payload, ReadingJsonLeavesItsBytesAlone) {
  constexpr std::string_view kText = "{ \"a\" : [ 1 ] }";
  Payload payload = made(kText, "application/json");
  ASSERT_TRUE(payload.json().ok());
  ASSERT_TRUE(payload.envelope().ok());
  EXPECT_FALSE(payload.edited());
  EXPECT_TRUE(payload.is_json());
  EXPECT_EQ(*payload.json_text(), kText);
}

TEST(Payload, AnEmptyJsonBodyIsAnEmptyObjectWhateverWasReadBefore) {
  Payload payload;
  payload.assign("", "application/json");
  EXPECT_EQ(*payload.json_text(), "{}");
  ASSERT_TRUE(payload.envelope().ok());
  EXPECT_EQ(*payload.json_text(), "{}");
}

TEST(Payload, EditingTheXmlViewChangesTheJson) {
  Payload payload = made(R"({"a":1,"b":[2]})", "application/json");
  const auto envelope = payload.edit();
  ASSERT_TRUE(envelope.ok());
  tree::Document& document = **envelope;
  document.set_text(document.first_element(Payload::body_child(document)), "x");
  EXPECT_FALSE(payload.is_json());
  EXPECT_EQ(*payload.json_text(), R"({"a":"x","b":2})");
  EXPECT_EQ((*payload.json())->text(1), "x");
}

TEST(Payload, EditingSoapHeadersLeavesTheJsonAlone) {
  Payload payload = made("{ \"a\" : [ 1 ] }", "application/json");
  const auto envelope = payload.edit();
  ASSERT_TRUE(envelope.ok());
  Payload::ensure_header(**envelope);
  EXPECT_EQ(*payload.json_text(), "{ \"a\" : [ 1 ] }");
}

TEST(Payload, XmlIsReadAsJson) {
  Payload payload = made("<a><b>5</b></a>", "application/xml");
  EXPECT_EQ(*payload.json_text(), R"({"a":{"b":5}})");
  Payload soap = made(kSoap11, "text/xml");
  EXPECT_EQ(*soap.json_text(), R"({"a":1})");
  EXPECT_FALSE(soap.is_json());
}

TEST(Payload, AssignedJsonReplacesEverything) {
  Payload payload = made(kSoap11, "text/xml");
  ASSERT_TRUE(payload.edit().ok());
  payload.assign_json(R"({"n":1})");
  EXPECT_EQ(payload.kind(), MediaKind::json);
  EXPECT_EQ(payload.content_type(), "application/json");
  EXPECT_FALSE(payload.edited());
  EXPECT_FALSE(payload.received());
  EXPECT_EQ(body_xml(payload), "<jsonObject><n>1</n></jsonObject>");

  Payload own = made("{}", "application/vnd.x+json");
  own.assign_json("[]");
  EXPECT_EQ(own.content_type(), "application/vnd.x+json") << "a JSON type stays";
}

// --- envelopes -----------------------------------------------------------------------------------

TEST(Payload, AnAssignedEnvelopeDecidesTheSoapVersion) {
  Payload payload;
  payload.assign(Payload::empty_envelope(true), "text/xml");
  EXPECT_EQ(payload.kind(), MediaKind::soap12);
  EXPECT_EQ(media_type(payload.content_type()), "application/soap+xml");
  EXPECT_TRUE(payload.edited());
  payload.assign(Payload::empty_envelope(false), "application/xml");
  EXPECT_EQ(payload.kind(), MediaKind::xml);
}

TEST(Payload, HeaderIsMadeInFrontOfTheBody) {
  Payload payload = made(kSoap11, "text/xml");
  tree::Document& document = **payload.edit();
  EXPECT_EQ(Payload::header(document), tree::kNone);
  const tree::NodeId header = Payload::ensure_header(document);
  EXPECT_EQ(Payload::header(document), header);
  EXPECT_EQ(Payload::ensure_header(document), header);
  EXPECT_EQ(document.next_element(header), Payload::body(document));
}

TEST(Payload, FindsFaults) {
  Payload payload = made(
      R"(<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault/></s:Body></s:Envelope>)",
      "text/xml");
  EXPECT_TRUE(Payload::has_fault(**payload.envelope()));
  Payload other = made(
      R"(<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><Fault/></s:Body></s:Envelope>)",
      "text/xml");
  EXPECT_FALSE(Payload::has_fault(**other.envelope()));
}

TEST(Payload, ACloneIsItsOwn) {
  Payload payload = made(kSoap11, "text/xml");
  ASSERT_TRUE(payload.edit().ok());
  Payload copy = payload.clone();
  tree::Document& document = **copy.edit();
  document.set_text(Payload::body_child(document), "changed");
  EXPECT_EQ(body_xml(copy), "<a>changed</a>");
  EXPECT_EQ(body_xml(payload), "<a>1</a>");
}

TEST(Payload, ResetForgetsEverything) {
  Payload payload = made(kSoap11, "text/xml");
  ASSERT_TRUE(payload.edit().ok());
  payload.reset();
  EXPECT_TRUE(payload.empty());
  EXPECT_FALSE(payload.edited());
  EXPECT_FALSE(payload.built());
  EXPECT_EQ(payload.kind(), MediaKind::none);
}

// REL-131's neighbour: a message that waits is held as text.
TEST(PutAway, WhatWasOnlyLookedAtKeepsItsBytes) {
  Payload payload = made(kSoap11, "text/xml");
  const tree::Document* first = *payload.envelope();
  ASSERT_NE(first, nullptr);
  payload.put_away();
  EXPECT_TRUE(payload.built());
  EXPECT_FALSE(payload.edited());
  EXPECT_EQ(payload.bytes(), kSoap11);
  EXPECT_EQ(body_xml(payload), "<a>1</a>");
}

TEST(PutAway, ASmallEditedEnvelopeStays) {
  Payload payload = made(kSoap11, "text/xml");
  tree::Document* envelope = *payload.edit();
  payload.put_away();
  EXPECT_EQ(*payload.envelope(), envelope);
}

TEST(PutAway, ABigEditedEnvelopeComesBackAsItWas) {
  const std::string long_text(70'000, 'x');
  for (const char* type : {"text/xml", "application/xml"}) {
    const bool soap = std::string(type) == "text/xml";
    Payload payload = made(soap ? std::string(kSoap11) : "<a>1</a>", type);
    tree::Document& envelope = **payload.edit();
    envelope.set_text(Payload::body_child(envelope), long_text);
    Payload::ensure_header(envelope);
    const std::string before = envelope.xml(envelope.root());
    payload.put_away();
    EXPECT_TRUE(payload.built());
    EXPECT_TRUE(payload.edited());
    Payload copy = payload.clone();
    for (Payload* each : {&payload, &copy}) {
      EXPECT_EQ(each->kind(), soap ? MediaKind::soap11 : MediaKind::xml);
      EXPECT_EQ((*each->envelope())->xml((*each->envelope())->root()), before);
      EXPECT_EQ(body_xml(*each), "<a>" + long_text + "</a>");
    }
  }
}

TEST(PutAway, EditedJsonStaysATree) {
  Payload payload = made(R"({"a":")" + std::string(70'000, 'x') + R"("})", "application/json");
  tree::Document* envelope = *payload.edit();
  payload.put_away();
  EXPECT_EQ(*payload.envelope(), envelope);
}

}  // namespace
}  // namespace myelin
