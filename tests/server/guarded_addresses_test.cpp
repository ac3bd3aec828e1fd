// Addresses out of a message never lead to the admin port (REL-084).

#include <gtest/gtest.h>

#include "tests/support/backend.hpp"
#include "tests/support/myelin.hpp"

namespace myelin::test {
namespace {

class GuardedAddresses : public testing::Test {
 protected:
  GuardedAddresses() {
    server.write("synapse.xml", definitions(R"x(
      <sequence name="main"><in><header name="To" expression="$trp:X-To"/>
        <send><endpoint><default><suspendOnFailure><errorCodes>303001</errorCodes></suspendOnFailure></default></endpoint></send>
      </in><out><send/></out></sequence>
      <sequence name="fault"><property name="X-Detail" scope="transport" expression="get-property('ERROR_DETAIL')"/>
        <property name="HTTP_SC" scope="axis2" value="502"/><respond/></sequence>)x"));
  }
  HttpMessage ask(const std::string& to) { return server.client().request("GET", "/", {{"X-To", to}}); }
  std::string admin(const std::string& host) const { return "http://" + host + ':' + std::to_string(server.admin_port()) + "/healthz"; }

  Myelin server;
};

TEST_F(GuardedAddresses, DoNotReachTheAdminPort) {
  ASSERT_TRUE(server.start());
  ASSERT_EQ(server.admin("GET", "/healthz").status(), 200);
  for (const char* host : {"127.0.0.1", "localhost", "127.1", "0x7f.1", "0.0.0.0", "2130706433", "[::ffff:127.0.0.1]", "127.0.0.2"})
    EXPECT_NE(ask(admin(host)).header("X-Detail").find("in request data is refused"), std::string::npos) << host;
  Backend other("A");
  other.behave(Behaviour::replying("A"));
  EXPECT_EQ(ask(other.address() + "/").body, "A") << "other ports of this machine are not ours to guard";
}

TEST_F(GuardedAddresses, AreFreeWhenTheConfigurationSaysSo) {
  server.set("endpoint.allow_link_local=true");
  ASSERT_TRUE(server.start());
  EXPECT_EQ(ask(admin("127.0.0.1")).status(), 200);
}

TEST_F(GuardedAddresses, OfARedirectNeither) {
  Backend back("A");
  server.write("synapse.xml", main_sequence("<send><endpoint><address uri=\"" + back.address() +
                                            "/\"><connection followRedirects=\"true\"/></address></endpoint></send>"));
  ASSERT_TRUE(server.start());
  Behaviour moved = Behaviour::replying("", 302);
  moved.headers = {{"Location", admin("127.0.0.1")}};
  back.behave(moved);
  EXPECT_EQ(server.get("/").status(), 502);
}

}  // namespace
}  // namespace myelin::test
