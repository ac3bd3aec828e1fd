#include <filesystem>
#include <fstream>

#include "endpoints/common/leaf.hpp"
#include "engine/base/files.hpp"
#include "tests/unit/endpoints/support.hpp"

namespace myelin::test {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kDocument = R"(<?xml version="1.0"?>
<w:definitions xmlns:w="http://schemas.xmlsoap.org/wsdl/" xmlns:s="http://schemas.xmlsoap.org/wsdl/soap/"
    xmlns:s12="http://schemas.xmlsoap.org/wsdl/soap12/" xmlns:h="http://schemas.xmlsoap.org/wsdl/http/"
    xmlns:t="urn:t" targetNamespace="urn:t">
  <w:binding name="Get" type="t:P"><h:binding verb="GET"/></w:binding>
  <w:binding name="Post" type="t:P"><h:binding verb="POST"/></w:binding>
  <w:service name="S">
    <w:port name="soap11" binding="t:B"><s:address location="http://h:1/soap11"/></w:port>
    <w:port name="soap12" binding="t:B"><s12:address location="http://h:2/soap12"/></w:port>
    <w:port name="get" binding="t:Get"><h:address location="http://h:3/get"/></w:port>
    <w:port name="post" binding="t:Post"><h:address location="http://h:4/post"/></w:port>
    <w:port name="none" binding="t:B"/>
  </w:service>
</w:definitions>)";

class WsdlTest : public EndpointTest {
 protected:
  void SetUp() override {
    folder = fs::temp_directory_path() / ("myelin_wsdl_" + std::to_string(::getpid()));
    fs::create_directories(folder / "conf" / "resources" / "proxy");
    write("conf/resources/proxy/s.wsdl", kDocument);
    write("conf/resources/proxy/s2.wsdl", "<description xmlns='http://www.w3.org/ns/wsdl'/>");
  }
  void TearDown() override { fs::remove_all(folder); }
  void write(const fs::path& name, std::string_view text) { std::ofstream(folder / name) << text; }

  std::string xml(const std::string& uri, const std::string& service, const std::string& port) const {
    return "<endpoint><wsdl uri='" + uri + "' service='" + service + "' port='" + port + "'/></endpoint>";
  }
  std::string file(const std::string& name) const { return "file:" + (folder / "conf/resources/proxy" / name).string(); }
  const endpoints::Definition& definition(const Endpoint& endpoint) const {
    return dynamic_cast<const endpoints::SendingLeaf&>(endpoint).definition;
  }

  fs::path folder;
};

TEST_F(WsdlTest, AddressAndFormatComeFromThePort) {
  const auto soap11 = linked(xml(file("s.wsdl"), "S", "soap11"));
  EXPECT_EQ(sent_to(*soap11), "http://h:1/soap11");
  EXPECT_EQ(definition(*soap11).format, EndpointFormat::soap11);
  EXPECT_EQ(definition(*linked(xml(file("s.wsdl"), "S", "soap12"))).format, EndpointFormat::soap12);
  EXPECT_EQ(definition(*linked(xml(file("s.wsdl"), "S", "get"))).format, EndpointFormat::get);
  EXPECT_EQ(definition(*linked(xml(file("s.wsdl"), "S", "post"))).format, EndpointFormat::rest);
}

TEST_F(WsdlTest, WhatCannotBeFoundIsAnError) {  // EP-049
  EXPECT_TRUE(is_error(xml(file("s2.wsdl"), "S", "soap11")));
  EXPECT_NE(all_problems().find("WSDL 2.0"), std::string::npos);
  EXPECT_TRUE(is_error(xml(file("s.wsdl"), "T", "soap11")));
  EXPECT_NE(all_problems().find("it has S"), std::string::npos);
  EXPECT_TRUE(is_error(xml(file("s.wsdl"), "S", "soap13")));
  EXPECT_TRUE(is_error(xml(file("s.wsdl"), "S", "none")));
  EXPECT_TRUE(is_error(xml(file("missing.wsdl"), "S", "soap11")));
  EXPECT_TRUE(is_error("<endpoint><wsdl uri='x'/></endpoint>"));
}

TEST_F(WsdlTest, OfflineReadsNothingFromTheNetwork) {
  offline = true;
  EXPECT_FALSE(is_error(xml("http://127.0.0.1:1/s?wsdl", "S", "soap11")));
  EXPECT_TRUE(is_error(xml(file("missing.wsdl"), "S", "soap11")));
  offline = false;
  EXPECT_TRUE(is_error(xml("http://127.0.0.1:1/s?wsdl", "S", "soap11")));
}

TEST_F(WsdlTest, SkippedParsingLeavesNoAddress) {
  artifacts.settings["skip.wsdl.parsing"] = "true";
  const auto endpoint = linked(xml("http://127.0.0.1:1/s?wsdl", "S", "soap11"));
  EXPECT_EQ(sent_to(*endpoint).substr(0, 12), "fault 303001");
}

TEST_F(WsdlTest, ARootKeepsItsState) {  // EP-094
  const auto root = linked(xml(file("s.wsdl"), "S", "soap11"));
  EXPECT_EQ(sent_to(*root), "http://h:1/soap11");
  Message message;
  fail(message);
  EXPECT_TRUE(root->ready(Clock::now()));
  const auto group = linked("<endpoint><failover>" + xml(file("s.wsdl"), "S", "soap11") + "</failover></endpoint>");
  EXPECT_EQ(sent_to(*group), "http://h:1/soap11");
  fail(message);
  EXPECT_FALSE(group->ready(Clock::now()));
}

TEST_F(WsdlTest, RelativeFilesAreFoundAboveAndFromResourcesOn) {
  EXPECT_EQ(resolve_file_uri("file:resources/proxy/s.wsdl", folder / "conf"), folder / "conf/resources/proxy/s.wsdl");
  EXPECT_EQ(resolve_file_uri("file:repository/conf/sample/resources/proxy/s.wsdl", folder / "conf" / "sub"),
            folder / "conf/resources/proxy/s.wsdl");
  EXPECT_EQ(resolve_file_uri("file:///etc/x", folder), "/etc/x");
  EXPECT_EQ(resolve_file_uri("file:/etc/a%20b", folder), "/etc/a b");
  EXPECT_EQ(resolve_file_uri("file:missing", folder), folder / "missing");
}

TEST_F(WsdlTest, FilesLargerThanTheLimitAreNotRead) {
  EXPECT_EQ(read_whole_file(folder / "conf/resources/proxy/s.wsdl"), kDocument);
  EXPECT_FALSE(read_whole_file(folder / "conf/resources/proxy/s.wsdl", 10));
  EXPECT_FALSE(read_whole_file(folder / "missing"));
}

}  // namespace
}  // namespace myelin::test
