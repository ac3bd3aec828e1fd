// Absolute URLs of backends: what is taken apart how, and what is refused (REL-083).

#include "engine/ports/sender.hpp"

#include <gtest/gtest.h>

#include <string>

#include "engine/ports/authority.hpp"

namespace myelin {
namespace {

using namespace std::string_view_literals;

struct Parts {
  const char* url;
  const char* scheme;
  const char* host;
  int port;
  const char* authority;
  const char* target;
};

class UrlParts : public testing::TestWithParam<Parts> {};

TEST_P(UrlParts, AreTakenApart) {
  const Parts& expected = GetParam();
  const auto url = Url::parse(expected.url);
  ASSERT_TRUE(url) << expected.url;
  EXPECT_EQ(url->scheme, expected.scheme);
  EXPECT_EQ(url->host, expected.host);
  EXPECT_EQ(url->port, expected.port);
  EXPECT_EQ(url->authority, expected.authority);
  EXPECT_EQ(url->target, expected.target);
}

INSTANTIATE_TEST_SUITE_P(Table, UrlParts, testing::Values(
    Parts{"http://h", "http", "h", 80, "h", ""},
    Parts{"https://h", "https", "h", 443, "h", ""},
    Parts{"http://h/", "http", "h", 80, "h", "/"},
    Parts{"HTTP://Example.COM/A", "http", "Example.COM", 80, "Example.COM", "/A"},
    Parts{"HttpS://h/", "https", "h", 443, "h", "/"},
    Parts{"http://h:8080/a/b?c=d&e=http://x/y", "http", "h", 8080, "h:8080", "/a/b?c=d&e=http://x/y"},
    Parts{"http://h:1", "http", "h", 1, "h:1", ""},
    Parts{"https://h:65535/", "https", "h", 65535, "h:65535", "/"},
    Parts{"http://h:080/", "http", "h", 80, "h:080", "/"},
    Parts{"http://h?q", "http", "h", 80, "h", "?q"},
    Parts{"http://h#f", "http", "h", 80, "h", ""},
    Parts{"http://h/a?b#f?g/h", "http", "h", 80, "h", "/a?b"},
    Parts{"http://127.0.0.1:9000/services/S", "http", "127.0.0.1", 9000, "127.0.0.1:9000", "/services/S"},
    Parts{"http://[::1]:9000/a", "http", "::1", 9000, "[::1]:9000", "/a"},
    Parts{"https://[fe80::1]/", "https", "fe80::1", 443, "[fe80::1]", "/"},
    Parts{"http://[::ffff:1.2.3.4]", "http", "::ffff:1.2.3.4", 80, "[::ffff:1.2.3.4]", ""},
    Parts{"http://my_host-1.x~y/", "http", "my_host-1.x~y", 80, "my_host-1.x~y", "/"},
    Parts{"http://h/a@b:c", "http", "h", 80, "h", "/a@b:c"},
    Parts{"http://h/%20%00", "http", "h", 80, "h", "/%20%00"}));

TEST(Url, RefusesWhatIsNoHttpUrl) {
  for (const auto url :
       {""sv, "h"sv, "/a"sv, "//h/a"sv, "http"sv, "http:"sv, "http:/"sv, "http:h"sv, "http:/h/a"sv, "ftp://h/"sv,
        "file:///etc/passwd"sv, "jms:/queue"sv, "httpx://h"sv, "gopher://h"sv, "javascript:alert(1)"sv, " http://h"sv})
    EXPECT_FALSE(Url::parse(url)) << url;
}

TEST(Url, RefusesABadHost) {
  for (const auto url :
       {"http://"sv, "http:///a"sv, "http://:80/"sv, "http://?q"sv, "http://#f"sv, "http://a,b/"sv, "http://a\\b/"sv,
        "http://a|b/"sv, "http://<h>/"sv, "http://[::1/"sv, "http://::1/"sv, "http://[]/"sv, "http://[h]/"sv,
        "http://[12]/"sv, "http://[::1]x/"sv, "http://[::1%25eth0]/"sv, "http://a[::1]/"sv, "http://h\"/"sv})
    EXPECT_FALSE(Url::parse(url)) << url;
}

TEST(Url, RefusesUserInformation) {
  for (const auto url : {"http://u@h/"sv, "http://u:p@h/"sv, "http://@h/"sv, "http://h@evil:80/"sv,
                         "http://h:80@evil/"sv, "http://h%40evil@x/"sv})
    EXPECT_FALSE(Url::parse(url)) << url;
}

TEST(Url, RefusesABadPort) {
  for (const auto url : {"http://h:/"sv, "http://h:0/"sv, "http://h:65536/"sv, "http://h:99999/"sv,
                         "http://h:123456/"sv, "http://h:-1/"sv, "http://h:+1/"sv, "http://h:8a/"sv,
                         "http://h:80:80/"sv, "http://[::1]:/"sv, "http://h:4294967376/"sv})
    EXPECT_FALSE(Url::parse(url)) << url;
}

// REL-080, REL-083: a URL made from message data cannot smuggle a second line.
TEST(Url, RefusesBlanksControlsAndHighBytes) {
  for (const auto url : {"http://h/a b"sv, "http://h/a\r\nX: y"sv, "http://h/\n"sv, "http://h/\t"sv, "http://h/\0"sv,
                         "http://h/\x7f"sv, "http://h/\xc3\xa4"sv, "http://\xc3\xa4/"sv, "http://h /"sv,
                         "http://h/#\r\n"sv})
    EXPECT_FALSE(Url::parse(url)) << url;
}

TEST(Url, ViewsPointIntoTheText) {
  const std::string text = "http://h:1/a";
  const auto url = Url::parse(text);
  ASSERT_TRUE(url);
  EXPECT_EQ(url->host.data(), text.data() + 7);
  EXPECT_EQ(url->target.data(), text.data() + 10);
}

TEST(Authority, TellsHostAndPort) {
  EXPECT_EQ(Authority::parse("h:8280")->port, 8280);
  EXPECT_EQ(Authority::parse("h")->port, 0);
  EXPECT_EQ(Authority::parse("[::1]:1")->host, "::1");
  EXPECT_FALSE(Authority::parse("h:"));
  EXPECT_FALSE(Authority::parse(""));
}

}  // namespace
}  // namespace myelin
