// What the providers read: files of both forms, and records of a small name server of our own.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

#include "engine/ports/discovery.hpp"

namespace myelin::test {
namespace {

namespace fs = std::filesystem;

class Provider : public testing::Test {
 protected:
  /// Made from parameters that were checked.
  void make(std::string name, std::map<std::string, std::string, std::less<>> parameters, Duration refresh = Duration(200)) {
    DiscoverySource source;
    source.provider = std::move(name);
    source.parameters = std::move(parameters);
    source.refresh = refresh;
    const DiscoveryKind* kind = DiscoveryKinds::instance().find(source.provider);
    ASSERT_TRUE(kind);
    ASSERT_EQ(kind->check(source, fs::temp_directory_path()), "");
    provider = kind->make(source);
  }
  /// The URLs of the list with their ids, "-" when nothing is new, or what is wrong.
  std::string poll() {
    auto polled = provider->poll(cancellation);
    if (!polled) return "fault: " + polled.fault().message;
    again = polled->again;
    if (!polled->instances) return "-";
    last = *polled->instances;
    std::string all;
    for (const Instance& one : last) all += (all.empty() ? "" : " ") + one.id + '=' + one.url();
    return all;
  }

  std::unique_ptr<DiscoveryProvider> provider;
  Cancellation cancellation;
  Instances last;
  Duration again{-1};
};

// --- file ---------------------------------------------------------------------------------------------

class FileProvider : public Provider {
 protected:
  FileProvider() : folder(fs::temp_directory_path() / ("members-" + std::to_string(getpid()))) { fs::create_directories(folder); }
  ~FileProvider() override { fs::remove_all(folder); }
  void write(std::string_view text) {
    std::ofstream(folder / "members") << text;
    // A time of its own each, and old enough to be whole.
    time += std::chrono::seconds(1);
    fs::last_write_time(folder / "members", time);
  }
  std::string of(std::string_view text) {
    write(text);
    if (!provider) make("file", {{"path", (folder / "members").string()}});
    return poll();
  }

  fs::path folder;
  fs::file_time_type time = fs::file_time_type::clock::now() - std::chrono::hours(1);
};

TEST_F(FileProvider, ReadsLines) {
  EXPECT_EQ(of("# members\n10.0.0.1:8080\n\nhttps://h/base id=x weight=3 backup=true tenant=eu zone=1 # mine\n"),
            "10.0.0.1:8080=http://10.0.0.1:8080/ x=https://h:443/base");
  EXPECT_EQ(last[1].weight, 3u);
  EXPECT_TRUE(last[1].backup);
  EXPECT_EQ(last[1].tenant, "eu");
  EXPECT_EQ(last[1].metadata.at("zone"), "1");
  EXPECT_EQ(again, Duration(200));
}

TEST_F(FileProvider, ReadsJson) {
  EXPECT_EQ(of(R"([{"id":"x","host":"h","port":81,"tls":true,"path":"/p","weight":2,"backup":true,"tenant":"eu",
                    "metadata":{"zone":"1"}}, "i:82", {"url":"http://j/q"}])"),
            "x=https://h:81/p i:82=http://i:82/ j=http://j:80/q");
  EXPECT_EQ(last[0].weight, 2u);
  EXPECT_TRUE(last[0].backup);
  EXPECT_EQ(last[0].tenant, "eu");
  EXPECT_EQ(last[0].metadata.at("zone"), "1");
  EXPECT_EQ(of(R"({"instances":[]})"), "");
}

TEST_F(FileProvider, ReadsAgainWhatHasChanged) {
  EXPECT_EQ(of("a:1"), "a:1=http://a:1/");
  EXPECT_EQ(poll(), "-");
  EXPECT_EQ(of("b:1"), "b:1=http://b:1/");
  EXPECT_EQ(poll(), "-");
}

TEST_F(FileProvider, SaysWhatIsWrongUntilItIsRight) {
  EXPECT_EQ(of("[{\"host\":\"h\",\"port\":70000}]"), "fault: the file is no list of members: port 70000");
  EXPECT_EQ(poll(), "fault: the file is no list of members: port 70000") << "and not as if it had been read";
  for (const char* wrong : {"[", "{}", "[1", "h:x", "h:1 weight", "[\"ftp://h\"]"}) EXPECT_EQ(of(wrong).find("fault: "), 0u) << wrong;
  fs::remove(folder / "members");
  EXPECT_EQ(poll().find("fault: cannot read"), 0u);
  EXPECT_EQ(of("a:1"), "a:1=http://a:1/");
}

TEST_F(FileProvider, WaitsUntilTheFileIsLeftAlone) {
  of("a:1");
  std::ofstream(folder / "members") << "b:1";
  EXPECT_EQ(poll(), "b:1=http://b:1/");
  std::ofstream(folder / "members") << "c:1 ";
  cancellation.cancel();
  EXPECT_EQ(poll(), "-") << "cancelled";
}

// --- dns ----------------------------------------------------------------------------------------------

using Bytes = std::string;

Bytes word(int value) { return {static_cast<char>(value >> 8), static_cast<char>(value & 255)}; }

Bytes wire_name(std::string_view dotted) {
  Bytes name;
  while (!dotted.empty()) {
    const std::string_view label = dotted.substr(0, dotted.find('.'));
    name += static_cast<char>(label.size());
    name += label;
    dotted.remove_prefix(std::min(dotted.size(), label.size() + 1));
  }
  return name + '\0';
}

/// Answers questions by type with the records it was given; none: NXDOMAIN.
class NameServer {
 public:
  NameServer() {
    socket_ = socket(AF_INET, SOCK_DGRAM, 0);
    sockaddr_in own{};
    own.sin_family = AF_INET;
    own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof own;
    EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&own), size), 0);
    getsockname(socket_, reinterpret_cast<sockaddr*>(&own), &size);
    port_ = ntohs(own.sin_port);
    EXPECT_EQ(pipe(stop_.data()), 0);
    thread_ = std::thread([this] { serve(); });
  }
  ~NameServer() {
    close(stop_[1]);
    thread_.join();
    close(stop_[0]);
    close(socket_);
  }

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  void srv(int priority, int weight, int port, std::string_view target, int life = 60) {
    add(33, word(priority) + word(weight) + word(port) + wire_name(target), life);
  }
  void a(std::string_view bytes, int life = 60) { add(1, Bytes(bytes), life); }
  void clear() {
    const std::lock_guard lock(mutex_);
    records_.clear();
  }
  std::string question() const {
    const std::lock_guard lock(mutex_);
    return question_;
  }

 private:
  void add(int type, Bytes data, int life) {
    const std::lock_guard lock(mutex_);
    records_[type].push_back(word(0xc00c) + word(type) + word(1) + word(0) + word(life) + word(static_cast<int>(data.size())) + data);
  }
  void serve() {
    std::array<char, 1500> buffer{};
    std::array<pollfd, 2> waits{pollfd{socket_, POLLIN, 0}, pollfd{stop_[0], POLLIN, 0}};
    for (;;) {
      if (::poll(waits.data(), waits.size(), -1) < 0 || waits[1].revents != 0) return;
      sockaddr_in from{};
      socklen_t size = sizeof from;
      const auto length = recvfrom(socket_, buffer.data(), buffer.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
      if (length < 17) continue;
      const Bytes reply = answer(Bytes(buffer.data(), static_cast<std::size_t>(length)));
      sendto(socket_, reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
    }
  }
  Bytes answer(const Bytes& asked) {
    const std::lock_guard lock(mutex_);
    const std::size_t end = asked.find('\0', 12);
    question_.clear();
    for (std::size_t at = 12; at < end; at += static_cast<std::size_t>(asked[at]) + 1)
      question_ += (question_.empty() ? "" : ".") + asked.substr(at + 1, static_cast<std::size_t>(asked[at]));
    const int type = static_cast<unsigned char>(asked[end + 1]) << 8 | static_cast<unsigned char>(asked[end + 2]);
    const auto found = records_.find(type);
    const int count = found == records_.end() ? 0 : static_cast<int>(found->second.size());
    Bytes reply = asked.substr(0, 2) + word(count > 0 ? 0x8580 : 0x8583) + word(1) + word(count) + word(0) + word(0);
    reply += asked.substr(12, end + 5 - 12);
    if (count > 0)
      for (const Bytes& record : found->second) reply += record;
    return reply;
  }

  int socket_ = -1;
  std::uint16_t port_ = 0;
  std::array<int, 2> stop_{-1, -1};
  mutable std::mutex mutex_;
  std::map<int, std::vector<Bytes>> records_;
  std::string question_;
  std::thread thread_;
};

class DnsProvider : public Provider {
 protected:
  NameServer server;
};

TEST_F(DnsProvider, FollowsSrvRecords) {
  server.srv(10, 5, 8080, "b.example");
  server.srv(10, 0, 8081, "a.example");
  server.srv(20, 1, 8082, "c.example");
  make("dns", {{"name", "_http._tcp.web.example"}, {"type", "SRV"}, {"server", server.address()}, {"path", "base"}, {"tls", "true"}});
  EXPECT_EQ(poll(), "a.example:8081=https://a.example:8081/base b.example:8080=https://b.example:8080/base "
                    "c.example:8082=https://c.example:8082/base");
  EXPECT_EQ(server.question(), "_http._tcp.web.example");
  EXPECT_EQ(last[1].weight, 5u);
  EXPECT_FALSE(last[1].backup);
  EXPECT_TRUE(last[2].backup) << "a higher number is a lower priority";
}

TEST_F(DnsProvider, FollowsAddresses) {
  server.a(std::string_view("\x0a\x00\x00\x02", 4));
  server.a(std::string_view("\x0a\x00\x00\x01", 4));
  make("dns", {{"name", "web.example"}, {"port", "8080"}, {"server", server.address()}});
  EXPECT_EQ(poll(), "10.0.0.1:8080=http://10.0.0.1:8080/ 10.0.0.2:8080=http://10.0.0.2:8080/");
}

// REL-040: the time to live counts, within 1 and 300 s.
TEST_F(DnsProvider, AsksAgainWhenTheRecordsAreOld) {
  const auto again_after = [this](int life, int refresh) {
    server.clear();
    server.srv(1, 1, 80, "a", life);
    make("dns", {{"name", "n"}, {"type", "SRV"}, {"server", server.address()}}, Duration(refresh));
    poll();
    return again.count();
  };
  EXPECT_EQ(again_after(7, 60'000), 7'000);
  EXPECT_EQ(again_after(600, 60'000), 60'000);
  EXPECT_EQ(again_after(0, 60'000), 1'000);
  EXPECT_EQ(again_after(60'000, 900'000), 300'000);
}

TEST_F(DnsProvider, NoRecordsIsAFailure) {
  make("dns", {{"name", "web.example"}, {"type", "SRV"}, {"server", server.address()}});
  EXPECT_EQ(poll(), "fault: no records of web.example");
  server.srv(1, 1, 80, "a");
  EXPECT_EQ(poll(), "a:80=http://a:80/");
}

TEST_F(DnsProvider, AsksTheSystemForAddresses) {
  make("dns", {{"name", "127.0.0.1"}, {"port", "81"}});
  EXPECT_EQ(poll(), "127.0.0.1:81=http://127.0.0.1:81/");
}

// --- consul -------------------------------------------------------------------------------------------

TEST_F(Provider, CancellingEndsAWaitForConsul) {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in own{};
  own.sin_family = AF_INET;
  own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof own;
  ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&own), size), 0);
  ASSERT_EQ(listen(listener, 1), 0);
  getsockname(listener, reinterpret_cast<sockaddr*>(&own), &size);
  make("consul", {{"url", "http://127.0.0.1:" + std::to_string(ntohs(own.sin_port))}, {"service", "s"}});
  std::string outcome;
  std::thread asking([&] { outcome = poll(); });
  const int connection = accept(listener, nullptr, nullptr);  // it has asked, and nobody will answer
  const auto began = std::chrono::steady_clock::now();
  cancellation.cancel();
  asking.join();
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(30));  // it would wait for minutes
  EXPECT_EQ(outcome.find("fault: "), 0u);
  close(connection);
  close(listener);
}

}  // namespace
}  // namespace myelin::test
