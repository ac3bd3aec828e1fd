// The incumbent's own sample configurations, run as their descriptions say: the same clients, the
// same backends killed and revived. Skipped where the samples are not at hand.

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "tests/support/backend.hpp"
#include "tests/support/corpus.hpp"
#include "tests/support/myelin.hpp"

namespace myelin::test {
namespace {

void replace_all(std::string& text, const std::string& what, const std::string& with) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size())
    text.replace(at, what.size(), with);
}

std::string envelope(const std::string& body, const std::string& header = {}) {
  return "<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\"><soapenv:Header>" + header +
         "</soapenv:Header><soapenv:Body>" + body + "</soapenv:Body></soapenv:Envelope>";
}

std::string quote(const std::string& symbol, const std::string& header = {}) {
  return envelope("<m0:getQuote xmlns:m0=\"http://services.samples\"><m0:request><m0:symbol>" + symbol +
                      "</m0:symbol></m0:request></m0:getQuote>",
                  header);
}

std::string to_header(const std::string& address) {
  return "<wsa:To xmlns:wsa=\"http://www.w3.org/2005/08/addressing\">" + address + "</wsa:To>";
}

std::string client_id(const std::string& id) {
  return "<syn:ClientID xmlns:syn=\"http://ws.apache.org/ns/synapse\">" + id + "</syn:ClientID>";
}

class ApacheSample : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(corpus())) GTEST_SKIP() << "no samples at " << corpus() << "; set MYELIN_CORPUS";
  }

  /// The backend that the samples expect on `port`; answers with its port.
  Backend& backend(int port) {
    auto& made = backends_[port];
    if (!made) {
      made = std::make_unique<Backend>(std::to_string(port));
      revive(port);
    }
    return *made;
  }
  void revive(int port) {
    Behaviour answer = Behaviour::replying(envelope("<from>" + std::to_string(port) + "</from>"));
    answer.headers = {{"Content-Type", "text/xml; charset=UTF-8"}};
    backends_.at(port)->behave(answer);
  }
  void kill(int port) { backend(port).behave(Behaviour::of(Behaviour::Kind::refuse)); }

  /// Starts the sample with its ports changed into those of the backends that exist by now.
  void start(int number) {
    server.write("synapse.xml", adapted(corpus() / ("synapse_sample_" + std::to_string(number) + ".xml")));
    for (const auto& entry : std::filesystem::recursive_directory_iterator(corpus() / "resources"))
      if (entry.is_regular_file())
        server.write(std::filesystem::path("repository/conf/sample") / entry.path().lexically_relative(corpus()),
                     adapted(entry.path()));
    server.start();
  }

  /// What `port` was sent last; nothing when it was sent nothing.
  HttpMessage last(int port) {
    const auto received = backend(port).received();
    return received.empty() ? HttpMessage{} : received.back();
  }

  HttpMessage post(const std::string& path, const std::string& body, HeaderList headers = {}, bool tls = false) {
    headers.emplace_back("Content-Type", "text/xml; charset=UTF-8");
    headers.emplace_back("SOAPAction", "\"urn:getQuote\"");
    return HttpClient(tls ? server.https_port() : server.port(), tls).request("POST", path, headers, body);
  }
  /// Which backends answered `times` messages: "9001 9002 ".
  std::string ask(const std::string& path, const std::string& body, int times) {
    std::string answered;
    while (times-- > 0) answered += from(post(path, body)) + " ";
    return answered;
  }
  static std::string from(const HttpMessage& answer) {
    const auto at = answer.body.find("<from>");
    return at == std::string::npos ? answer.start + answer.body : answer.body.substr(at + 6, 4);
  }

  std::map<int, std::unique_ptr<Backend>> backends_;
  Myelin server;

 private:
  std::string adapted(const std::filesystem::path& path) {
    std::string text = read_file(path);
    for (const auto& [port, made] : backends_) {
      const std::string real = std::to_string(made->port());
      replace_all(text, "localhost:" + std::to_string(port), "localhost:" + real);
      replace_all(text, "Port=\"" + std::to_string(port) + "\"", "Port=\"" + real + "\"");
    }
    return text;
  }
};

constexpr const char* kQuoteService = "/services/SimpleStockQuoteService";

TEST_F(ApacheSample, S0_SmartClientAndProxyMode) {
  backend(9000);
  start(0);
  const std::string service = "http://localhost:" + std::to_string(backend(9000).port()) + kQuoteService;
  EXPECT_EQ(from(post("/", quote("IBM", to_header(service)))), "9000");
  EXPECT_EQ(last(9000).target(), kQuoteService);
  // Proxy mode: the request line names the service itself.
  const std::string host = "localhost:" + std::to_string(backend(9000).port());
  EXPECT_EQ(from(post("http://" + host + kQuoteService, quote("IBM"), {{"Host", host}})), "9000");
}

TEST_F(ApacheSample, S1_RoutesByTheToAddress) {
  backend(9000);
  start(1);
  EXPECT_EQ(from(post("/services/StockQuote", quote("IBM"))), "9000");
  EXPECT_EQ(last(9000).target(), kQuoteService);
}

TEST_F(ApacheSample, S2_SwitchSetsAProperty) {
  backend(9000);
  start(2);
  const std::string service = "http://localhost:" + std::to_string(backend(9000).port()) + kQuoteService;
  for (const std::string symbol : {"IBM", "MSFT", "SUN"})
    EXPECT_EQ(from(post("/", quote(symbol, to_header(service)))), "9000");
  EXPECT_TRUE(server.await_log("symbol = Great stock - IBM"));
  EXPECT_TRUE(server.await_log("symbol = Are you sure? - MSFT"));
  EXPECT_TRUE(server.await_log("symbol = Normal Stock - SUN"));
}

TEST_F(ApacheSample, S3_NamedSequencesAndEndpoints) {
  backend(9000);
  start(3);
  EXPECT_EQ(from(post("/", quote("IBM"))), "9000");
}

TEST_F(ApacheSample, S4_ErrorHandlersBySequence) {
  backend(9000);
  backend(9009);
  kill(9009);
  start(4);
  EXPECT_EQ(from(post("/", quote("IBM"))), "9000");
  post("/", quote("MSFT"));
  EXPECT_TRUE(server.await_log("text = An unexpected error occured, message = Couldn't find the endpoint with the key : bogus"));
  post("/", quote("SUN"));
  EXPECT_TRUE(server.await_log("An unexpected error occured for stock SUN"));
}

TEST_F(ApacheSample, S5_FaultsMadeFromErrors) {
  backend(9009);
  kill(9009);
  start(5);
  const auto answer = post("/", quote("SUN"));
  EXPECT_EQ(answer.status(), 500);
  EXPECT_NE(answer.body.find("Fault"), std::string::npos) << answer.body;
  EXPECT_NE(answer.body.find("Error connecting to the back end"), std::string::npos) << answer.body;
}

TEST_F(ApacheSample, S6_SetsTo) {
  backend(9000);
  start(6);
  EXPECT_EQ(from(post("/services/whatever", quote("IBM"))), "9000");
  EXPECT_EQ(last(9000).target(), kQuoteService);
}

TEST_F(ApacheSample, S10_EndpointFromTheRegistry) {
  backend(9000);
  start(10);
  EXPECT_EQ(from(post("/", quote("IBM"))), "9000");
}

TEST_F(ApacheSample, S9_SequenceFromTheRegistry) {
  backend(9000);
  start(9);
  const std::string service = "http://localhost:" + std::to_string(backend(9000).port()) + kQuoteService;
  EXPECT_EQ(from(post("/", quote("IBM", to_header(service)))), "9000");
  EXPECT_TRUE(server.await_log("message = *** Test Message 1 ***"));
}

TEST_F(ApacheSample, S11_ConfigurationFromTheRegistry) {
  backend(9000);
  start(11);
  const std::string service = "http://localhost:" + std::to_string(backend(9000).port()) + kQuoteService;
  EXPECT_EQ(from(post("/", quote("IBM", to_header(service)))), "9000");
  EXPECT_TRUE(server.await_log("message = This is a dynamic Synapse configuration"));
}

TEST_F(ApacheSample, S12_EndpointAndSequenceFromLocalEntries) {
  backend(9000);
  start(12);
  EXPECT_EQ(from(post("/", quote("IBM"))), "9000");
  EXPECT_TRUE(server.await_log("message = *** Test Message 1 ***"));
}

TEST_F(ApacheSample, S15_EnrichesAndRemembers) {
  backend(9000);
  start(15);
  EXPECT_EQ(from(post("/", quote("IBM"))), "9000");
  EXPECT_NE(last(9000).body.find("<m0:symbol>MSFT</m0:symbol>"), std::string::npos) << last(9000).body;
  EXPECT_TRUE(server.await_log("Original Request Symbol = IBM, Request Payload = <m0:getQuote"));
}

TEST_F(ApacheSample, S16_StyleSheetByAComputedKey) {
  backend(9000);
  constexpr std::string_view kSheet =
      "<xsl:stylesheet version=\"1.0\" xmlns:xsl=\"http://www.w3.org/1999/XSL/Transform\">"
      "<xsl:template match=\"/\"><from>%</from></xsl:template></xsl:stylesheet>";
  for (const std::string name : {"transform", "transform_back"}) {
    std::string sheet(kSheet);
    replace_all(sheet, "%", name == "transform" ? "made" : "back");
    server.write("repository/conf/sample/resources/transform/" + name + ".xslt", sheet);
  }
  start(16);
  const std::string service = "http://localhost:" + std::to_string(backend(9000).port()) + kQuoteService;
  EXPECT_EQ(from(post("/", quote("IBM", to_header(service)))), "back");
  EXPECT_NE(last(9000).body.find("<from>made</from>"), std::string::npos) << last(9000).body;
}

TEST_F(ApacheSample, S17_PayloadFactory) {
  backend(9000);
  start(17);
  const std::string service = "http://localhost:" + std::to_string(backend(9000).port()) + kQuoteService;
  const auto answer = post("/", envelope("<m0:CheckPriceRequest xmlns:m0=\"http://services.samples\"><m0:Code>IBM</m0:Code></m0:CheckPriceRequest>", to_header(service)));
  EXPECT_EQ(answer.status(), 200);
  EXPECT_NE(answer.body.find("CheckPriceResponse"), std::string::npos) << answer.body;
  EXPECT_NE(last(9000).body.find("<m:symbol>IBM</m:symbol>"), std::string::npos) << last(9000).body;
}

TEST_F(ApacheSample, S50_PoxToSoap) {
  backend(9000);
  start(50);
  const auto answer = HttpClient(server.port())
                          .request("POST", "/services/StockQuote", {{"Content-Type", "application/xml"}},
                                   "<m0:getQuote xmlns:m0=\"http://services.samples\"><m0:request><m0:symbol>IBM</m0:symbol>"
                                   "</m0:request></m0:getQuote>");
  EXPECT_EQ(from(answer), "9000");
  const HttpMessage sent = last(9000);
  EXPECT_EQ(sent.target(), kQuoteService);
  EXPECT_NE(sent.body.find("http://schemas.xmlsoap.org/soap/envelope/"), std::string::npos) << sent.body;
  EXPECT_NE(sent.header("SOAPAction").find("urn:getQuote"), std::string::npos) << sent.raw;
  EXPECT_NE(sent.header("Content-Type").find("text/xml"), std::string::npos) << sent.raw;
}

TEST_F(ApacheSample, S52_LoadBalanceWithAddressing) {
  for (const int port : {9001, 9002, 9003}) backend(port);
  start(52);
  EXPECT_EQ(ask("/services/LBService1", quote("IBM"), 6), "9001 9002 9003 9001 9002 9003 ");
  const HttpMessage sent = last(9001);
  EXPECT_EQ(sent.target(), "/services/LBService1");
  EXPECT_NE(sent.body.find("http://www.w3.org/2005/08/addressing"), std::string::npos) << sent.body;
  kill(9001);
  EXPECT_EQ(ask("/services/LBService1", quote("IBM"), 4), "9002 9003 9002 9003 ");
  revive(9001);
  server.advance(Millis(61'000));
  EXPECT_EQ(ask("/services/LBService1", quote("IBM"), 3), "9001 9002 9003 ");
  for (const int port : {9001, 9002, 9003}) kill(port);
  const auto answer = post("/services/LBService1", quote("IBM"));
  EXPECT_EQ(answer.status(), 500);
  EXPECT_NE(answer.body.find("COULDN'T SEND THE MESSAGE TO THE SERVER."), std::string::npos) << answer.body;
}

TEST_F(ApacheSample, S53_Failover) {
  for (const int port : {9001, 9002, 9003}) backend(port);
  start(53);
  EXPECT_EQ(ask("/services/LBService1", quote("IBM"), 2), "9001 9001 ");
  kill(9001);
  EXPECT_EQ(ask("/services/LBService1", quote("IBM"), 2), "9002 9002 ");
  kill(9002);
  EXPECT_EQ(ask("/services/LBService1", quote("IBM"), 2), "9003 9003 ");
  revive(9001);
  server.advance(Millis(61'000));
  EXPECT_EQ(ask("/services/LBService1", quote("IBM"), 2), "9001 9001 ");
}

TEST_F(ApacheSample, S54_ClientSessions) {
  for (const int port : {9001, 9002, 9003}) backend(port);
  start(54);
  EXPECT_EQ(ask("/services/LBService1", quote("IBM", client_id("0000")), 3), "9001 9001 9001 ");
  EXPECT_EQ(ask("/services/LBService1", quote("IBM", client_id("1111")), 3), "9002 9002 9002 ");
  EXPECT_EQ(ask("/services/LBService1", quote("IBM", client_id("0000")), 1), "9001 ");
}

TEST_F(ApacheSample, S55_ClientSessionsOverFailoverGroups) {
  for (const int port : {9001, 9002, 9003, 9004}) backend(port);
  start(55);
  EXPECT_EQ(ask("/services/LBService1", quote("IBM", client_id("0000")), 2), "9001 9001 ");
  EXPECT_EQ(ask("/services/LBService1", quote("IBM", client_id("1111")), 2), "9003 9003 ");
  kill(9001);
  EXPECT_EQ(ask("/services/LBService1", quote("IBM", client_id("0000")), 2), "9002 9002 ");
  EXPECT_EQ(ask("/services/LBService1", quote("IBM", client_id("1111")), 1), "9003 ");
}

TEST_F(ApacheSample, S56_WsdlEndpoint) {
  backend(9000);
  start(56);
  EXPECT_EQ(from(post("/", quote("IBM"))), "9000");
  EXPECT_EQ(last(9000).target(),
            "/services/SimpleStockQuoteService.SimpleStockQuoteServiceHttpSoap11Endpoint");
}

TEST_F(ApacheSample, S58_Members) {
  for (const int port : {9001, 9002, 9003}) backend(port);
  start(58);
  EXPECT_EQ(ask("/services/LBService1", quote("IBM"), 4), "9001 9002 9003 9001 ");
  EXPECT_EQ(last(9001).target(), "/services/LBService1");
  kill(9002);
  EXPECT_EQ(ask("/services/LBService1", quote("IBM"), 3), "9003 9001 9003 ");
}

TEST_F(ApacheSample, S59_Weights) {
  for (const int port : {9001, 9002, 9003}) backend(port);
  start(59);
  EXPECT_EQ(ask("/services/LBService1", quote("IBM"), 7), "9001 9002 9002 9003 9003 9003 9001 ");
}

TEST_F(ApacheSample, S61_S62_Recipients) {
  for (const int port : {9001, 9002, 9003}) backend(port);
  for (const int number : {61, 62}) {
    start(number);
    EXPECT_EQ(post("/", quote("IBM")).status(), 202);
    for (const int port : {9001, 9002, 9003}) EXPECT_TRUE(backend(port).await(number == 61 ? 1 : 2)) << port;
    server.stop();
  }
}

TEST_F(ApacheSample, S150_ProxyWithWsdl) {
  backend(9000);
  start(150);
  EXPECT_EQ(from(post("/services/StockQuoteProxy", quote("IBM"))), "9000");
  EXPECT_EQ(last(9000).target(), kQuoteService);
  const auto wsdl = server.get("/services/StockQuoteProxy?wsdl");
  EXPECT_EQ(wsdl.status(), 200);
  EXPECT_NE(wsdl.body.find("/services/StockQuoteProxy"), std::string::npos) << wsdl.body.substr(0, 500);
}

TEST_F(ApacheSample, S151_TwoProxiesOfNamedParts) {
  backend(9000);
  start(151);
  EXPECT_EQ(from(post("/services/StockQuoteProxy1", quote("IBM"))), "9000");
  EXPECT_EQ(from(post("/services/StockQuoteProxy2", quote("IBM"))), "9000");
}

TEST_F(ApacheSample, S152_HttpsToPox) {
  backend(9000);
  const TemporaryFolder keys;
  const CertificateFiles files = write_certificates(keys.path());
  server.https = true;
  server.set("https.certificate=" + files.certificate.string());
  server.set("https.key=" + files.key.string());
  start(152);
  EXPECT_EQ(from(post("/services/StockQuoteProxy", quote("IBM"), {}, true)), "9000");
  EXPECT_EQ(last(9000).body.find("Envelope"), std::string::npos);
  const auto plain = post("/services/StockQuoteProxy", quote("IBM"));
  EXPECT_NE(from(plain), "9000") << "the proxy is for https only";
}

TEST_F(ApacheSample, S154_SessionsInAProxy) {
  for (const int port : {9001, 9002, 9003}) backend(port);
  start(154);
  EXPECT_EQ(ask("/services/LBProxy", quote("IBM", client_id("a")), 3), "9001 9001 9001 ");
  EXPECT_EQ(ask("/services/LBProxy", quote("IBM", client_id("b")), 2), "9002 9002 ");
}

TEST_F(ApacheSample, S156_ServiceChaining) {
  Behaviour quoted = Behaviour::replying(envelope("<ns:getQuoteResponse xmlns:ns=\"http://services.samples\"><ns:return><ns:last>90.5"
                                                  "</ns:last></ns:return></ns:getQuoteResponse>"));
  quoted.headers = {{"Content-Type", "text/xml"}};
  backend(9000).behave(quoted);
  start(156);
  const auto answer = post("/services/StockQuoteProxy", quote("IBM"));
  EXPECT_EQ(answer.status(), 200);
  EXPECT_NE(answer.body.find("90.5"), std::string::npos) << answer.body;
  ASSERT_EQ(backend(9000).count(), 2u);
  EXPECT_EQ(backend(9000).received()[0].target(), "/services/SecureStockQuoteService");
  EXPECT_EQ(backend(9000).received()[1].target(), kQuoteService);
  EXPECT_NE(backend(9000).received()[1].body.find("IBM"), std::string::npos) << "the second gets the first request";
  EXPECT_TRUE(server.await_log("SecureStockQuoteService-Amount = 90.5"));
  EXPECT_TRUE(server.await_log("SimpleStockQuoteService-Amount = 90.5"));
}

TEST_F(ApacheSample, S157_ConditionalRouter) {
  backend(9000);
  start(157);
  EXPECT_EQ(from(post("/services/StockQuoteProxy", quote("IBM"), {{"foo", "bar1"}})), "9000");
  EXPECT_TRUE(server.await_log("MSG_FLOW = Condition (I) Satisfied"));
  EXPECT_EQ(from(post("/services/StockQuoteProxy", quote("IBM"), {{"my_custom_header1", "foo1"}})), "9000");
  EXPECT_TRUE(server.await_log("MSG_FLOW = Condition (II) Satisfied"));
  EXPECT_EQ(from(post("/services/StockQuoteProxy?qparam1=qpv_foo&qparam2=qpv_other", quote("IBM"),
                      {{"my_custom_header2", "bar"}, {"my_custom_header3", "foo"}})),
            "9000");
  EXPECT_TRUE(server.await_log("MSG_FLOW = Condition (III) Satisfied"));
}

TEST_F(ApacheSample, S440_S441_AnsweredHere) {
  start(440);
  EXPECT_EQ(post("/services/EchoService", quote("IBM")).body, quote("IBM"));
  server.stop();
  start(441);
  const auto answer = post("/services/MockService", quote("IBM"));
  EXPECT_NE(answer.body.find("<m:Sample xmlns:m=\"http://services.samples\"><m:Response><m:value>foo</m:value>"), std::string::npos) << answer.body;
}

TEST_F(ApacheSample, S800_RestToSoap) {
  backend(9000);
  start(800);
  EXPECT_EQ(from(server.get("/stockquote/view/IBM")), "9000");
  const HttpMessage sent = last(9000);
  EXPECT_EQ(sent.start, std::string("POST ") + kQuoteService + " HTTP/1.1");
  EXPECT_NE(sent.body.find("<m0:symbol>IBM</m0:symbol>"), std::string::npos) << sent.body;
  EXPECT_NE(sent.header("SOAPAction").find("urn:getQuote"), std::string::npos) << sent.raw;
  const auto ordered = HttpClient(server.port())
                           .request("POST", "/stockquote/order/", {{"Content-Type", "application/xml"}},
                                    "<m0:placeOrder xmlns:m0=\"http://services.samples\"/>");
  EXPECT_EQ(ordered.status(), 202);
  EXPECT_TRUE(backend(9000).await(2));
}

}  // namespace
}  // namespace myelin::test
