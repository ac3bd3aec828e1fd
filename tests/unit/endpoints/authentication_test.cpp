#include <algorithm>

#include "endpoints/common/digest.hpp"
#include "endpoints/common/token_request.hpp"
#include "tests/unit/endpoints/support.hpp"

namespace myelin::test {
namespace {

// --- digest -------------------------------------------------------------------------------------------

constexpr std::string_view kNonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
constexpr std::string_view kClientNonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";

std::string challenge(std::string_view algorithm, std::string_view qop = ", qop=\"auth, auth-int\"") {
  return "Digest realm=\"http-auth@example.org\"" + std::string(qop) + ", algorithm=" + std::string(algorithm) +
         ", nonce=\"" + std::string(kNonce) + "\", opaque=\"FQhe\"";
}

std::string answered(std::string_view value) {
  const auto parsed = endpoints::digest::parse(value);
  if (!parsed) return "none";
  endpoints::digest::Answer answer;
  answer.user = "Mufasa";
  answer.password = "Circle of Life";
  answer.method = "GET";
  answer.uri = "/dir/index.html";
  answer.client_nonce = kClientNonce;
  return endpoints::digest::answer(*parsed, answer);
}

TEST(Digest, AnswersAsInTheExamplesOfRfc7616) {
  EXPECT_EQ(answered(challenge("MD5")),
            "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", nonce=\"" + std::string(kNonce) +
                "\", uri=\"/dir/index.html\", algorithm=MD5, response=\"8ca523f5e9506fed4657c9700eebdbec\", qop=auth, "
                "nc=00000001, cnonce=\"" + std::string(kClientNonce) + "\", opaque=\"FQhe\"");
  EXPECT_NE(answered(challenge("SHA-256")).find("753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
            std::string::npos);
}

TEST(Digest, TheStrongestOfSeveralChallengesIsAnswered) {
  const std::string both = "Basic realm=\"a, Digest\", " + challenge("MD5") + ", " + challenge("SHA-256");
  EXPECT_NE(answered(both).find("algorithm=SHA-256"), std::string::npos);
  EXPECT_NE(answered(challenge("SHA-512-256") + ", " + challenge("MD5")).find("algorithm=MD5"), std::string::npos);
}

TEST(Digest, WhatCannotBeAnsweredIsNoChallenge) {
  EXPECT_EQ(answered("Basic realm=\"x\""), "none");
  EXPECT_EQ(answered("Digest realm=\"x\""), "none") << "no nonce";
  EXPECT_EQ(answered(challenge("MD5", ", qop=\"auth-int\"")), "none");
  EXPECT_EQ(answered(challenge("token")), "none");
  for (const char* odd : {"", ",", "Digest", "Digest =", "Digest nonce", "Digest nonce=\"", "\"\"", "Digest a=b=c, nonce"})
    EXPECT_EQ(answered(odd), "none") << odd;
}

TEST(Digest, WithoutQopTheOldFormIsUsed) {  // RFC 2069
  const auto parsed = endpoints::digest::parse("Digest realm=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\"");
  ASSERT_TRUE(parsed);
  endpoints::digest::Answer answer;
  answer.user = "Mufasa";
  answer.password = "Circle Of Life";
  answer.method = "GET";
  answer.uri = "/dir/index.html";
  const std::string text = endpoints::digest::answer(*parsed, answer);
  EXPECT_NE(text.find("response=\"670fd8c2df070c60b045671b8b24ff02\""), std::string::npos) << text;
  EXPECT_EQ(text.find("nc="), std::string::npos);
}

// --- token requests -----------------------------------------------------------------------------------

TEST(TokenRequest, ValuesOfTheFormAreEncoded) {
  endpoints::TokenRequest request;
  request.add("grant_type", "password");
  request.add("a&b", "c=d e+f");
  EXPECT_EQ(request.form, "grant_type=password&a%26b=c%3Dd%20e%2Bf");
}

TEST(TokenRequest, TheKeyTellsRequestsApartAndHidesThem) {
  const auto key = [](std::string_view url, std::string_view authorization, std::string_view header = "") {
    endpoints::TokenRequest request;
    request.url = url;
    request.authorization = authorization;
    if (!header.empty()) request.headers.emplace_back("X", header);
    return request.key();
  };
  EXPECT_EQ(key("http://t/", "s3cret"), key("http://t/", "s3cret"));
  EXPECT_NE(key("http://t/", "s3cret"), key("http://t/s", "3cret"));
  EXPECT_NE(key("http://t/", "s3cret"), key("http://t/", "s3cret", "h"));
  EXPECT_EQ(key("http://t/", "s3cret").find("s3cret"), std::string::npos);
}

TEST(TokenProxy, ServesHostsThatAreNotLeftOut) {
  endpoints::TokenProxy proxy;
  proxy.bypassed = "localhost|*.internal|10.*";
  EXPECT_TRUE(proxy.serves("tokens.example"));
  EXPECT_FALSE(proxy.serves("LocalHost"));
  EXPECT_FALSE(proxy.serves("a.b.internal"));
  EXPECT_FALSE(proxy.serves("10.1.2.3"));
  proxy.only = "tokens.*";
  EXPECT_TRUE(proxy.serves("tokens.example"));
  EXPECT_FALSE(proxy.serves("other.example"));
}

// --- on the leaf ----------------------------------------------------------------------------------------

class AuthenticationTest : public EndpointTest {
 protected:
  std::string problems_of(std::string_view authentication) {
    problems = {};
    build("<endpoint><http uri-template='http://h/'><authentication>" + std::string(authentication) +
          "</authentication></http></endpoint>");
    return all_problems();
  }
  static std::string grant(std::string_view name, std::string_view more = "") {
    return "<" + std::string(name) + "><clientId>a</clientId><clientSecret>b</clientSecret><tokenUrl>http://t/</tokenUrl>" +
           std::string(more) + "</" + std::string(name) + ">";
  }
};

TEST_F(AuthenticationTest, CompleteOnesAreTaken) {  // EP-045
  for (const std::string& good :
       {std::string("<basicAuth><username>a</username><password>b</password></basicAuth>"),
        "<oauth>" + grant("clientCredentials") + "</oauth>",
        "<oauth>" + grant("passwordCredentials", "<username>a</username><password>b</password>") + "</oauth>",
        "<oauth>" + grant("authorizationCode", "<refreshToken>r</refreshToken>") + "</oauth>",
        std::string("<digest><username>a</username><password>b</password></digest>"),
        std::string("<apiKey name='k'>v</apiKey>")})
    EXPECT_EQ(problems_of(good), "") << good;
}

TEST_F(AuthenticationTest, IncompleteOnesAreErrors) {  // EP-045
  for (const std::string& bad :
       {std::string(""), std::string("<oauth/>"), "<oauth>" + grant("passwordCredentials") + "</oauth>",
        "<oauth>" + grant("authorizationCode") + "</oauth>", std::string("<basicAuth><username>a</username></basicAuth>"),
        "<oauth>" + grant("clientCredentials") + grant("authorizationCode", "<refreshToken>r</refreshToken>") + "</oauth>",
        std::string("<basicAuth><username>{a[}</username><password>b</password></basicAuth>"),
        std::string("<apiKey name='k'>v</apiKey><digest><username>a</username><password>b</password></digest>")}) {
    problems_of(bad);
    EXPECT_TRUE(problems.has_errors()) << bad;
  }
}

TEST_F(AuthenticationTest, OAuthWinsOverBasic) {
  const std::string text =
      problems_of("<basicAuth><username>a</username></basicAuth><oauth>" + grant("clientCredentials") + "</oauth>");
  EXPECT_FALSE(problems.has_errors()) << text;
  EXPECT_NE(text.find("<basicAuth> is ignored"), std::string::npos);
}

TEST_F(AuthenticationTest, LiteralsComeFromSettingsToo) {
  artifacts.settings["secret"] = "pw";
  const auto endpoint = linked(
      "<endpoint><address uri='http://h/'><authentication><basicAuth><username>me</username>"
      "<password>$FILE:secret</password></basicAuth></authentication></address></endpoint>");
  sent_to(*endpoint);
  EXPECT_EQ(request.credential, "Basic bWU6cHc=");
}

TEST_F(AuthenticationTest, ControlCharactersOfTheMessageNeverReachTheWire) {  // REL-080
  const auto endpoint = linked(
      "<endpoint><address uri='http://h/'><authentication><apiKey name='k'>{get-property('key')}</apiKey>"
      "</authentication></address></endpoint>");
  Message message;
  fresh(message);
  message.properties.set("key", "a\r\nX: y");
  EXPECT_EQ(sent_to(*endpoint, message).substr(0, 12), "fault 303003");
}

// --- other blocks -----------------------------------------------------------------------------------------

TEST_F(AuthenticationTest, TheGroupsConnectTimeoutHoldsForThoseWhoInherit) {  // GW-105
  const auto group = linked(
      "<endpoint><loadbalance><shared><connection connectTimeout='5000'/></shared>"
      "<endpoint><address uri='http://a/'/></endpoint>"
      "<endpoint inherit='false'><address uri='http://b/'/></endpoint>"
      "<endpoint><address uri='http://c/'><connection connectTimeout='70'/></address></endpoint></loadbalance></endpoint>");
  std::vector<std::int64_t> times;
  for (int i = 0; i < 3; ++i) {
    sent_to(*group);
    times.push_back(request.connect_timeout.count());
  }
  EXPECT_EQ(times, (std::vector<std::int64_t>{5000, 0, 70}));
}

}  // namespace
}  // namespace myelin::test
