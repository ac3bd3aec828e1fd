// Starting, stopping, being replaced, and what the service manager sees of it.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <thread>

#include "tests/support/backend.hpp"
#include "tests/support/myelin.hpp"

namespace myelin::test {
namespace {

std::string send_to(const Backend& backend) {
  return main_sequence("<send><endpoint><address uri=\"" + backend.address() + "/\"/></endpoint></send>");
}

Behaviour holding() {
  Behaviour held = Behaviour::replying("held");
  held.kind = Behaviour::Kind::hold;
  return held;
}

/// Number behind the last `before` in `text`, 0 when there is none.
long number_after(const std::string& text, const std::string& before) {
  const auto at = text.rfind(before);
  return at == std::string::npos ? 0 : std::atol(text.c_str() + at + before.size());
}

/// The processes that took over, in order, as the log tells.
std::vector<pid_t> successors(Myelin& server) {
  std::vector<pid_t> found;
  const std::string log = server.process().errors(), taken = " has taken over";
  for (std::size_t at = 0; (at = log.find(taken, at)) != std::string::npos; at += taken.size())
    found.push_back(static_cast<pid_t>(number_after(log.substr(0, at), "process ")));
  return found;
}

/// Sets a variable for the programs that are started meanwhile.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) { ::setenv(name, value.c_str(), 1); }
  ~Variable() { ::unsetenv(name_); }

 private:
  const char* name_;
};

// REL-158: while it drains, readiness is refused on the admin port, nobody new is accepted, and what
// is under way is answered.
TEST(LifeCycle, ReadinessIsRefusedWhileDraining) {
  Backend backend("A");
  backend.behave(holding());
  Myelin server(send_to(backend));
  EXPECT_EQ(server.admin("GET", "/healthz").status(), 200);
  HttpClient client = server.client();
  client.send_request("GET", "/", {}, "");
  ASSERT_TRUE(backend.await(1));
  server.process().signal(SIGTERM);
  ASSERT_TRUE(eventually([&] { return server.admin("GET", "/healthz").status() == 503; }));
  EXPECT_EQ(server.admin("GET", "/healthz").body, "{\"status\":\"draining\"}");
  EXPECT_TRUE(eventually([&] { return !server.client().connected(); }));
  backend.release();
  const auto answer = client.receive("GET");
  EXPECT_EQ(answer.body, "held") << answer.trouble;
  EXPECT_EQ(answer.header("Connection"), "close");
  EXPECT_EQ(server.process().wait(), 0);
}

// REL-159, REL-158: a second signal cuts off what is under way, and the exit code says so.
TEST(LifeCycle, ASecondSignalEndsItAtOnce) {
  Backend backend("A");
  backend.behave(holding());
  Myelin server(send_to(backend));
  HttpClient client = server.client();
  client.send_request("GET", "/", {}, "");
  ASSERT_TRUE(backend.await(1));
  server.process().signal(SIGTERM);
  ASSERT_TRUE(server.await_log("draining"));
  server.process().signal(SIGINT);
  EXPECT_EQ(server.process().wait(), 3);
  EXPECT_FALSE(client.receive("GET").complete);
}

void serve_https(Myelin& server, const CertificateFiles& files) {
  server.https = true;
  server.set("https.certificate=" + files.certificate.string());
  server.set("https.key=" + files.key.string());
  server.write("synapse.xml", main_sequence("<respond/>"));
  server.start();
}

/// A new connection meets a certificate for that name.
bool greets_as(Myelin& server, const std::string& name) {
  const auto stream = Stream::connect(server.https_port());
  return stream && stream->start_tls_client(tls_client_context(), name);
}

// REL-115: the files are changed, SIGHUP comes; connections that are open keep what they have.
TEST(LifeCycle, CertificatesAreRenewedWithoutADroppedConnection) {
  TemporaryFolder folder;
  const CertificateFiles files = write_certificates(folder.path());
  Myelin server;
  serve_https(server, files);
  HttpClient open(server.https_port(), true);
  EXPECT_EQ(open.get("/").status(), 200);
  EXPECT_FALSE(greets_as(server, "other.example"));

  replace_certificate(files, CertificateFor::other_host);
  server.process().signal(SIGHUP);
  ASSERT_TRUE(server.await_log("the certificate of https was renewed"));
  EXPECT_TRUE(eventually([&] { return greets_as(server, "other.example"); }));
  EXPECT_FALSE(greets_as(server, "localhost"));
  EXPECT_EQ(open.get("/").status(), 200) << "the connection from before";
}

// REL-115: a bad certificate is a problem of the deployment, and the old one stays.
TEST(LifeCycle, ABadCertificateKeepsTheOldOne) {
  TemporaryFolder folder;
  const CertificateFiles files = write_certificates(folder.path());
  Myelin server;
  serve_https(server, files);
  std::filesystem::resize_file(files.certificate, 100);
  const std::string told = server.admin("POST", "/deploy").body;
  EXPECT_NE(told.find("the certificate stays as it was: " + files.certificate.string()), std::string::npos) << told;
  EXPECT_TRUE(greets_as(server, "localhost"));
}

// REL-115: what the settings say about TLS is taken over like the files, also where no file has changed.
TEST(LifeCycle, AClientCertificateIsDemandedFromTheReloadOn) {
  TemporaryFolder folder;
  const CertificateFiles files = write_certificates(folder.path());
  Myelin server;
  server.set("https.client_ca=" + files.authority.string());
  server.set("https.client_auth=none");
  serve_https(server, files);
  EXPECT_EQ(HttpClient(server.https_port(), true).get("/").status(), 200);
  server.write("myelin.properties", read_file(server.conf() / "myelin.properties") + "https.client_auth=require\n");
  server.deploy();
  EXPECT_FALSE(HttpClient(server.https_port(), true).get("/").complete);
}

// REL-115, REL-113: towards back ends as well; connections of the old settings are not used for the new ones.
TEST(LifeCycle, TlsTowardsBackendsIsRenewed) {
  TemporaryFolder folder;
  const CertificateFiles files = write_certificates(folder.path());
  Backend backend("A", tls_server_context());
  backend.behave(Behaviour::replying("A"));
  Myelin server;
  server.set("backend.ca=" + files.authority.string());
  server.write("synapse.xml", send_to(backend));
  server.start();
  EXPECT_EQ(server.get("/").body, "A");
  write_file(files.authority, "nothing");
  EXPECT_NE(server.deploy().find("TLS towards back ends stays as it was"), std::string::npos);
  EXPECT_EQ(server.get("/").body, "A");
  std::filesystem::copy_file(files.certificate, files.authority, std::filesystem::copy_options::overwrite_existing);
  server.deploy();
  EXPECT_EQ(server.get("/").status(), 502) << "its issuer is trusted no longer";
}

/// A list whose second recipient goes on to `last` when it has answered, after the client has its answer.
std::string list_with_a_sequel(const Backend& first, const Backend& second, const Backend& last) {
  const auto endpoint = [](const Backend& to) { return "<endpoint><address uri=\"" + to.address() + "\"/></endpoint>"; };
  return main_sequence("<call><endpoint><recipientlist>" + endpoint(first) + endpoint(second) +
                       "</recipientlist></endpoint></call><filter xpath=\"get-property('messageSequence') = '1/2'\"><then><call>" +
                       endpoint(last) + "</call></then></filter><respond/>");
}

// REL-158: a slower recipient's flow is given the time of an exchange, all its steps.
TEST(LifeCycle, SlowerRecipientsEndTheirFlowsWhileDraining) {
  Backend first("A"), second("B"), last("C");
  first.behave(Behaviour::replying("A"));
  second.behave(holding());
  last.behave(Behaviour::replying("C"));
  Myelin server(list_with_a_sequel(first, second, last));
  EXPECT_EQ(server.get("/").body, "A");
  ASSERT_TRUE(second.await(1));
  server.process().signal(SIGTERM);
  EXPECT_TRUE(eventually([&] { return !server.client().connected(); }));
  second.release();
  EXPECT_EQ(server.process().wait(), 0);
  EXPECT_EQ(last.received().size(), 1u);
}

// REL-158, REL-159: one that is cut off is told by the exit code.
TEST(LifeCycle, RecipientsThatAreCutOffAreTold) {
  Backend first("A"), second("B"), last("C");
  first.behave(Behaviour::replying("A"));
  second.behave(holding());
  Myelin server(list_with_a_sequel(first, second, last));
  EXPECT_EQ(server.get("/").body, "A");
  ASSERT_TRUE(second.await(1));
  server.process().signal(SIGTERM);
  ASSERT_TRUE(server.await_log("draining"));
  server.process().signal(SIGINT);
  EXPECT_EQ(server.process().wait(), 3);
}

// REL-159: after the file was moved away, SIGUSR1 makes a new one.
TEST(LifeCycle, LogsAreOpenedAnew) {
  TemporaryFolder folder;
  const auto file = folder.path() / "access.log", moved = folder.path() / "access.log.1";
  Myelin server;
  server.set("access_log.file=" + file.string());
  server.write("synapse.xml", main_sequence("<respond/>"));
  server.start();
  EXPECT_EQ(server.get("/before").status(), 200);
  ASSERT_TRUE(eventually([&] { return read_file(file).find("GET /before ") != std::string::npos; }));
  std::filesystem::rename(file, moved);
  server.process().signal(SIGUSR1);
  ASSERT_TRUE(eventually([&] { return std::filesystem::exists(file); }));
  EXPECT_EQ(server.get("/after").status(), 200);
  EXPECT_TRUE(eventually([&] { return read_file(file).find("GET /after ") != std::string::npos; }));
  EXPECT_EQ(read_file(moved).find("GET /after "), std::string::npos);
  EXPECT_EQ(server.stop(), 0);
}

// Every line that was not dropped is there when the server has ended.
TEST(LifeCycle, TheAccessLogIsCompleteAtTheEnd) {
  TemporaryFolder folder;
  const auto file = folder.path() / "access.log";
  Myelin server;
  server.set("access_log.file=" + file.string());
  server.write("synapse.xml", main_sequence("<respond/>"));
  server.start();
  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i)
    clients.emplace_back([&] {
      HttpClient client = server.client();
      for (int n = 0; n < 500; ++n) client.get("/");
    });
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(server.stop(), 0);
  const std::string text = read_file(file);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2000);
  EXPECT_EQ(text.find('\n') + 1, text.find("127.0.0.1", 1)) << "lines are torn";
}

// REL-138: who reads the log may stop reading; lines are dropped and counted, nobody waits.
TEST(LifeCycle, AStuckReaderOfTheLogHoldsNothingUp) {
  TemporaryFolder folder;
  const auto pipe = folder.path() / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const int reader = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  Myelin server;
  server.threads = 1;
  server.set("access_log.file=" + pipe.string());
  server.write("synapse.xml", main_sequence("<respond/>"));
  server.start();
  HttpClient client = server.client();
  const HeaderList agent{{"User-Agent", std::string(7500, 'u')}};
  int answered = 0;
  for (int i = 0; i < 1300; ++i) answered += client.request("GET", "/", agent).status() == 200;
  EXPECT_EQ(answered, 1300);
  EXPECT_GT(number_after(server.admin("GET", "/metrics").body, "\nmyelin_access_log_dropped_total "), 0);
  EXPECT_EQ(server.stop(), 0);
  ::close(reader);
}

// REL-138: the log as well; lines that nobody takes are lost.
TEST(LifeCycle, AStuckReaderOfTheLogDoesNotHoldUpTheEnd) {
  TemporaryFolder folder;
  const auto pipe = folder.path() / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const int reader = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  Myelin server;
  server.set("log.file=" + pipe.string());
  server.write("synapse.xml", main_sequence("<log level=\"custom\"><property name=\"n\" value=\"" +
                                            std::string(4000, 'n') + "\"/></log><respond/>"));
  server.start();
  for (int i = 0; i < 40; ++i) EXPECT_EQ(server.get("/").status(), 200);
  EXPECT_EQ(server.stop(), 0);
  ::close(reader);
}

// REL-159: while it drains, logs are still rotated, and a signal that means nothing then changes nothing.
TEST(LifeCycle, SignalsAreHeardWhileDraining) {
  Backend backend("A");
  backend.behave(holding());
  TemporaryFolder folder;
  const auto file = folder.path() / "access.log";
  Myelin server;
  server.set("access_log.file=" + file.string());
  server.write("synapse.xml", send_to(backend));
  server.start();
  HttpClient client = server.client();
  client.send_request("GET", "/", {}, "");
  ASSERT_TRUE(backend.await(1));
  server.process().signal(SIGTERM);
  ASSERT_TRUE(server.await_log("draining"));
  std::filesystem::rename(file, folder.path() / "moved");
  server.process().signal(SIGUSR1);
  EXPECT_TRUE(eventually([&] { return std::filesystem::exists(file); }));
  server.process().signal(SIGUSR2);
  server.process().signal(SIGHUP);
  server.process().signal(SIGTERM);
  EXPECT_EQ(server.process().wait(), 3);
}

/// A definition whose document is asked for at a socket that accepts and says nothing.
std::string waiting_for(const Listener& silent) {
  return "<definitions xmlns=\"http://ws.apache.org/ns/synapse\"><localEntry key=\"far\" src=\"http://127.0.0.1:" +
         std::to_string(silent.port()) + "/\"/><sequence name=\"main\"><in><respond/></in></sequence></definitions>";
}

// REL-159: a load that waits for somebody else holds up no end, neither at the start nor later.
TEST(LifeCycle, ASlowLoadHoldsNoSignalUp) {
  Listener silent;
  silent.listen();
  TemporaryFolder folder;
  write_file(folder.path() / "synapse.xml", waiting_for(silent));
  Process starting({binary(), "run", "--conf", folder.path().string(), "--http", "127.0.0.1:0", "--admin", "127.0.0.1:0"},
                   folder.path(), folder.path() / "out", folder.path() / "log");
  const auto asked = silent.accept();
  starting.signal(SIGTERM);
  EXPECT_EQ(starting.wait(), 0);

  Myelin server;
  server.set("hotdeployment=false");
  server.write("synapse.xml", main_sequence("<respond/>"));
  server.start();
  server.write("synapse.xml", waiting_for(silent));
  server.process().signal(SIGHUP);
  const auto asked_again = silent.accept();
  EXPECT_EQ(server.get("/").status(), 200);
  server.process().signal(SIGTERM);
  EXPECT_EQ(server.process().wait(), 0);
}

/// Asks on a new connection each time until told to end; counts what did not go well.
class Storm {
 public:
  explicit Storm(std::uint16_t port) {
    for (int i = 0; i < 4; ++i)
      threads_.emplace_back([this, port] {
        while (!over_) {
          HttpClient client(port);
          const auto answer = client.request("GET", "/", {{"Connection", "close"}});
          ++(answer.complete && answer.status() == 200 ? good_ : bad_);
        }
      });
  }
  ~Storm() { end(); }
  void end() {
    over_ = true;
    for (std::thread& thread : threads_)
      if (thread.joinable()) thread.join();
  }
  int good() const { return good_; }
  int bad() const { return bad_; }

 private:
  std::atomic<bool> over_{false};
  std::atomic<int> good_{0}, bad_{0};
  std::vector<std::thread> threads_;
};

/// A process that is no child of ours.
class Stranger {
 public:
  explicit Stranger(long id) : id_(static_cast<pid_t>(id)) {}
  ~Stranger() {
    if (id_ <= 0) return;
    ::kill(id_, SIGTERM);
    eventually([this] { return !runs(); });
  }
  bool runs() const { return ::kill(id_, 0) == 0 || errno == EPERM; }
  pid_t id() const { return id_; }

 private:
  pid_t id_;
};

// REL-157, REL-159 in small: successors take over one after another while clients connect all the time.
TEST(LifeCycle, AnUpgradeRefusesNobody) {
  Myelin server;
  server.write("synapse.xml", main_sequence("<respond/>"));
  server.start();
  Storm storm(server.port());
  pid_t serving = server.process().id();
  for (std::size_t i = 1; i <= 5; ++i) {
    ::kill(serving, SIGUSR2);
    ASSERT_TRUE(eventually([&] { return successors(server).size() == i; })) << server.log();
    serving = successors(server).back();
    ASSERT_GT(serving, 0);
    const int before = storm.good();
    ASSERT_TRUE(eventually([&] { return storm.good() > before + 50; }));
  }
  const Stranger last(serving);
  storm.end();
  EXPECT_EQ(storm.bad(), 0);
  EXPECT_EQ(server.process().wait(), 0);
  EXPECT_EQ(server.admin("GET", "/healthz").status(), 200);
}

// REL-157: one that does not start leaves everything as it was.
TEST(LifeCycle, ASuccessorThatFailsChangesNothing) {
  Myelin server;
  server.write("synapse.xml", main_sequence("<respond/>"));
  server.start();
  server.write("synapse.xml", "<definitions");
  server.process().signal(SIGUSR2);
  ASSERT_TRUE(server.await_log("has not taken over: this one goes on"));
  EXPECT_EQ(server.get("/").status(), 200);
  EXPECT_EQ(server.stop(), 0);
}

// REL-160: SO_REUSEPORT must not let two servers share a port by mistake.
TEST(LifeCycle, APortOfAnotherServerIsTaken) {
  Myelin server(main_sequence("<respond/>"));
  TemporaryFolder folder;
  write_file(folder.path() / "synapse.xml", main_sequence("<respond/>"));
  const Outcome outcome = run({binary(), "run", "--conf", folder.path().string(), "--http",
                               "127.0.0.1:" + std::to_string(server.port()), "--admin", "127.0.0.1:0"},
                              folder.path());
  EXPECT_EQ(outcome.code, 2);
  EXPECT_NE(outcome.errors.find("Address already in use"), std::string::npos) << outcome.errors;
}

// REL-160, REL-119: nor may two entrances of one server.
TEST(LifeCycle, APortIsForOneEntrance) {
  const std::string address = "127.0.0.1:" + std::to_string(Listener().port());
  TemporaryFolder folder;
  write_file(folder.path() / "synapse.xml", main_sequence("<respond/>"));
  const Outcome outcome =
      run({binary(), "run", "--conf", folder.path().string(), "--http", address, "--admin", address}, folder.path());
  EXPECT_EQ(outcome.code, 2);
  EXPECT_NE(outcome.errors.find("cannot listen on " + address), std::string::npos) << outcome.errors;
}

/// Waits for it; what a server that was not started by Myelin has printed.
std::string ready_line(const Process& server) {
  eventually([&] { return server.output().find("myelin ready ") != std::string::npos; }, Millis(60'000));
  return server.output();
}

// REL-134, REL-020: however few files may be open, clients leave some for management and back ends.
TEST(LifeCycle, ClientsDoNotTakeTheLastDescriptor) {
  TemporaryFolder folder;
  write_file(folder.path() / "synapse.xml", main_sequence("<respond/>"));
  Process server({"/bin/bash", "-c", "ulimit -n 64; exec \"$0\" run --conf . --http 127.0.0.1:0 --admin 0.0.0.0:0 --threads 2",
                  binary()},
                 folder.path(), folder.path() / "out", folder.path() / "log");
  const std::string ready = ready_line(server);
  const auto http = static_cast<std::uint16_t>(number_after(ready, "http=127.0.0.1:"));
  const auto admin = static_cast<std::uint16_t>(number_after(ready, "admin=127.0.0.1:"));
  ASSERT_GT(admin, 0) << ready << server.errors();
  std::vector<std::unique_ptr<Stream>> clients;
  for (int i = 0; i < 100; ++i) clients.push_back(Stream::connect(http));
  EXPECT_EQ(HttpClient(admin).get("/healthz").status(), 200);
  EXPECT_EQ(HttpClient(admin).get("/healthz").status(), 200);
  // REL-119
  EXPECT_NE(server.errors().find("management is open to other machines, at 0.0.0.0, without an admin.token"),
            std::string::npos);
  clients.clear();
  server.signal(SIGTERM);
  EXPECT_EQ(server.wait(), 0);
}

// A socket of systemd serves, whatever the configuration says (REL-157).
TEST(LifeCycle, ASocketOfTheServiceManagerIsTakenOver) {
  Listener socket;
  socket.listen();
  TemporaryFolder folder;
  write_file(folder.path() / "synapse.xml", main_sequence("<respond/>"));
  const int inherited = ::fcntl(socket.descriptor(), F_DUPFD, 10);
  Process server({"/bin/bash", "-c",
                  "LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=myelin.socket exec \"$0\" run --conf . --http 1 --admin "
                  "127.0.0.1:0 --threads 2 3<&" + std::to_string(inherited),
                  binary()},
                 folder.path(), folder.path() / "out", folder.path() / "log");
  ::close(inherited);
  const std::string ready = "myelin ready http=127.0.0.1:" + std::to_string(socket.port()) + " ";
  ASSERT_NE(ready_line(server).find(ready), std::string::npos) << server.output() << server.errors();
  for (int i = 0; i < 8; ++i) EXPECT_EQ(HttpClient(socket.port()).get("/").status(), 200);
  server.signal(SIGTERM);
  EXPECT_EQ(server.wait(), 0);
}

// systemd's protocol: ready when it serves, and told before it ends.
TEST(LifeCycle, TheServiceManagerIsTold) {
  TemporaryFolder folder;
  const std::string path = (folder.path() / "notify").string();
  const int manager = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  path.copy(name.sun_path, sizeof name.sun_path - 1);
  ASSERT_EQ(::bind(manager, reinterpret_cast<sockaddr*>(&name), sizeof name), 0);
  const timeval patience{kPatience.count() / 1000, 0};
  ::setsockopt(manager, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const auto next = [manager] {
    char text[256];
    const ssize_t size = ::recv(manager, text, sizeof text, 0);
    return std::string(text, static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  };
  const Variable variable("NOTIFY_SOCKET", path);
  Myelin server(main_sequence("<respond/>"));
  EXPECT_EQ(next(), "READY=1");
  server.process().signal(SIGHUP);
  EXPECT_TRUE(next().starts_with("RELOADING=1\nMONOTONIC_USEC="));
  EXPECT_EQ(next(), "READY=1");
  server.process().signal(SIGTERM);
  EXPECT_EQ(next(), "STOPPING=1");
  EXPECT_EQ(server.process().wait(), 0);

  // Its watchdog hears of us again and again, also of a successor.
  const Variable limit("WATCHDOG_USEC", "1000000");
  Myelin watched(main_sequence("<respond/>"));
  const auto until = [&next](const std::string& wanted) {
    std::string told;
    do told = next();
    while (!told.empty() && !told.starts_with(wanted));
    return told;
  };
  EXPECT_EQ(until("WATCHDOG=1"), "WATCHDOG=1");
  EXPECT_EQ(until("WATCHDOG=1"), "WATCHDOG=1");
  watched.process().signal(SIGUSR2);
  const Stranger successor(number_after(until("MAINPID="), "MAINPID="));
  ASSERT_GT(successor.id(), 0);
  EXPECT_EQ(watched.process().wait(), 0);
  for (int i = 0; i < 3; ++i) ASSERT_EQ(until("WATCHDOG=1"), "WATCHDOG=1");
  ::close(manager);
}

}  // namespace
}  // namespace myelin::test
