// How the program is built, how the service manager runs it, and what a crash leaves.

#include <gtest/gtest.h>
#include <signal.h>

#include "tests/support/backend.hpp"
#include "tests/support/elf.hpp"
#include "tests/support/memory.hpp"
#include "tests/support/myelin.hpp"

namespace myelin::test {
namespace {

std::string unit() { return read_file(std::filesystem::path(MYELIN_SOURCE_DIR) / "docs/systemd/myelin.service"); }

bool has_line(const std::string& text, const std::string& line) { return ("\n" + text).find("\n" + line + "\n") != std::string::npos; }

// REL-161
TEST(Hardening, TheProgramIsBuiltToBeHardToMisuse) {
  const Elf program(read_file(binary()));
  EXPECT_EQ(program.type(), unsigned{ET_DYN}) << "position independent";
  EXPECT_TRUE(program.dynamic(DT_FLAGS_1) & DF_1_PIE);
  EXPECT_TRUE(program.part(PT_GNU_RELRO));
  EXPECT_TRUE(program.dynamic(DT_FLAGS_1) & DF_1_NOW) << "all of it is read-only once it runs";
  ASSERT_TRUE(program.part(PT_GNU_STACK));
  EXPECT_FALSE(program.part(PT_GNU_STACK)->p_flags & PF_X);
  EXPECT_TRUE(program.imports("__stack_chk_fail"));
  EXPECT_EQ(program.build_id().size(), 40u);
}

// REL-161: without privileges and without a way to gain any.
TEST(Hardening, TheUnitRunsItUnprivileged) {
  EXPECT_TRUE(has_line(unit(), "DynamicUser=yes"));
  EXPECT_TRUE(has_line(unit(), "NoNewPrivileges=yes"));
  EXPECT_TRUE(has_line(unit(), "CapabilityBoundingSet="));
  EXPECT_TRUE(has_line(unit(), "ProtectSystem=strict"));
  EXPECT_TRUE(has_line(unit(), "SystemCallFilter=@system-service"));
}

// REL-162: it is back within a second, however often; being ready takes a tenth of that (footprint_test).
TEST(Hardening, TheUnitRestartsItAtOnce) {
  EXPECT_TRUE(has_line(unit(), "Restart=on-failure"));
  EXPECT_TRUE(has_line(unit(), "RestartSec=100ms"));
  EXPECT_TRUE(has_line(unit(), "StartLimitIntervalSec=0"));
  EXPECT_TRUE(has_line(unit(), "LimitCORE=0")) << "a dump of memory holds messages";
}

class Crash : public testing::TestWithParam<int> {};

// REL-162, REL-117: what is left says which build it was and where it stood, and nothing of the messages under way.
TEST_P(Crash, LeavesBuildAndStackAndNoMessage) {
  Backend backend("A");
  backend.behave(Behaviour::of(Behaviour::Kind::hang));
  Myelin server(main_sequence("<property name=\"kept\" expression=\"//secret\"/><send><endpoint><address uri=\"" +
                              backend.address() + "/\"/></endpoint></send>"));
  HttpClient client = server.client();
  client.send_request("POST", "/canary-target", {{"Content-Type", "text/xml"}, {"Authorization", "canary-credential"}},
                      "<a><secret>canary-body</secret></a>");
  ASSERT_TRUE(backend.await(1));
  server.process().signal(GetParam());
  EXPECT_EQ(server.process().wait(), 128 + GetParam()) << "it ends by the signal itself, as service managers expect";
  const std::string left = server.log();
  EXPECT_NE(left.find("myelin crash: signal " + std::to_string(GetParam()) + ", version "), std::string::npos);
  EXPECT_NE(left.find("build id " + Elf(read_file(binary())).build_id() + "\n"), std::string::npos);
  EXPECT_NE(left.find("myelin(+0x", left.find("myelin crash:")), std::string::npos) << "addresses for addr2line";
  EXPECT_EQ(left.find("canary"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Signals, Crash, testing::Values(SIGSEGV, SIGABRT),
                         [](const auto& signal) { return signal.param == SIGSEGV ? "Segmentation" : "Abort"; });

}  // namespace
}  // namespace myelin::test
