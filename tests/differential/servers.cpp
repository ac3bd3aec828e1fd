#include "tests/differential/servers.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <functional>

namespace myelin::differential {
namespace {

namespace fs = std::filesystem;
using test::Millis;
using test::Stream;

class MyelinServer final : public Server {
 public:
  explicit MyelinServer(Version version) {
    server_.threads = 1;
    if (version == Version::http1) server_.set("http2.enabled=false");
    server_.write("synapse.xml",
                  test::main_sequence("<send><endpoint><address uri=\"http://127.0.0.1:" + std::to_string(recorder().port()) +
                                      "\" format=\"rest\"><connection preserveHost=\"true\"/>"
                                      "<suspendOnFailure><errorCodes>303001</errorCodes></suspendOnFailure></address></endpoint></send>"));
    server_.start();
  }
  std::uint16_t port() const override { return server_.port(); }

 private:
  test::Myelin server_;
};

/// Where the program lies, and below which root its modules do.
struct Program {
  fs::path file, root;
};

/// $MYELIN_INCUMBENTS: another root to look below instead, where packages were unpacked.
Program find(const std::string& name) {
  std::vector<fs::path> roots{"/", fs::path(MYELIN_SOURCE_DIR) / "build/incumbents"};
  if (const char* other = std::getenv("MYELIN_INCUMBENTS")) roots = {other};
  for (const fs::path& root : roots)
    if (const fs::path file = root / "usr/sbin" / name; access(file.c_str(), X_OK) == 0) return {file, root};
  return {};
}

std::string libraries(const Program& program) {
  const fs::path folder = "lib/x86_64-linux-gnu";
  return "LD_LIBRARY_PATH=" + (program.root / "usr" / folder).string() + ':' + (program.root / folder).string();
}

/// A port nobody has at the moment.
std::uint16_t free_port() { return test::Listener().port(); }

class Incumbent final : public Server {
 public:
  /// Files and arguments of the program, for the port it listens on and the recorder's.
  struct Setup {
    std::string configuration;
    std::vector<std::string> arguments;
  };
  using Make = std::function<Setup(const Program&, const fs::path& folder, std::uint16_t port, std::uint16_t backend)>;

  Incumbent(std::string name, const Program& program, const Make& make) : name_(std::move(name)) {
    for (int attempt = 0; attempt < 3 && !running(); ++attempt) launch(program, make);  // the port may be taken meanwhile
    if (!running()) ADD_FAILURE() << name_ << " does not start:\n" << process_->output() << process_->errors();
  }
  std::uint16_t port() const override { return port_; }

 private:
  bool running() const { return process_ && process_->running() && Stream::connect(port_); }

  void launch(const Program& program, const Make& make) {
    process_.reset();
    port_ = free_port();
    const fs::path& folder = folder_.path();
    fs::permissions(folder, fs::perms::all);  // what gives up root's rights has to write here as well
    const Setup setup = make(program, folder, port_, recorder().port());
    test::write_file(folder / "conf", setup.configuration);
    std::vector<std::string> arguments{"/usr/bin/env", libraries(program),
                                       program.file.string()};
    if (program.root == "/") arguments.erase(arguments.begin() + 1);
    arguments.insert(arguments.end(), setup.arguments.begin(), setup.arguments.end());
    process_ = std::make_unique<test::Process>(arguments, folder, folder / "out", folder / "err");
    test::eventually([&] { return running() || !process_->running(); });
  }

  std::string name_;
  test::TemporaryFolder folder_;
  std::unique_ptr<test::Process> process_;
  std::uint16_t port_ = 0;
};

/// What stands between `@2` and `@` is for HTTP/2 alone.
std::string for_version(std::string text, Version version) {
  for (auto at = text.find("@2"); at != std::string::npos; at = text.find("@2", at)) {
    const auto end = text.find('@', at + 1);
    text.replace(at, end + 1 - at, version == Version::http2 ? text.substr(at + 2, end - at - 2) : std::string());
  }
  return text;
}

/// The text with @port@, @backend@, @folder@ and @root@ filled in.
std::string filled(std::string text, const Program& program, const fs::path& folder, std::uint16_t port, std::uint16_t backend) {
  const std::pair<std::string, std::string> values[] = {{"@port@", std::to_string(port)}, {"@backend@", std::to_string(backend)},
                                                        {"@folder@", folder.string()},
                                                        {"@root@", program.root == "/" ? "" : program.root.string()}};
  for (const auto& [name, value] : values)
    for (auto at = text.find(name); at != std::string::npos; at = text.find(name, at + value.size())) text.replace(at, name.size(), value);
  return text;
}

constexpr const char* kHaproxy = R"(defaults
  mode http
  timeout connect 2s
  timeout client 1s
  timeout server 5s
  timeout http-request 1s
  timeout http-keep-alive 1s
frontend f
  bind 127.0.0.1:@port@@2 proto h2@
  default_backend b
backend b
  server s 127.0.0.1:@backend@
)";

constexpr const char* kNginx = R"(daemon off;
master_process off;
pid @folder@/pid;
error_log stderr;
events {}
http {
  access_log off;
  client_body_temp_path @folder@/body;
  proxy_temp_path @folder@/proxy;
  fastcgi_temp_path @folder@/fastcgi;
  uwsgi_temp_path @folder@/uwsgi;
  scgi_temp_path @folder@/scgi;
  client_header_timeout 1s;
  client_body_timeout 1s;
  keepalive_timeout 1s;
  server {
    listen 127.0.0.1:@port@@2 http2@;
    location / {
      proxy_pass http://127.0.0.1:@backend@;
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Connection close;
    }
  }
}
)";

constexpr const char* kApache = R"(ServerRoot @folder@
DefaultRuntimeDir @folder@
PidFile @folder@/pid
ErrorLog @folder@/err
LoadModule mpm_event_module @root@/usr/lib/apache2/modules/mod_mpm_event.so
LoadModule reqtimeout_module @root@/usr/lib/apache2/modules/mod_reqtimeout.so
LoadModule authz_core_module @root@/usr/lib/apache2/modules/mod_authz_core.so
LoadModule proxy_module @root@/usr/lib/apache2/modules/mod_proxy.so
LoadModule proxy_http_module @root@/usr/lib/apache2/modules/mod_proxy_http.so
LoadModule http2_module @root@/usr/lib/apache2/modules/mod_http2.so
@2Protocols h2c
H2Direct on@
Listen 127.0.0.1:@port@
ServerName localhost
Timeout 2
KeepAliveTimeout 1
RequestReadTimeout header=1 body=1
TraceEnable off
AllowEncodedSlashes NoDecode
ProxyPreserveHost on
ProxyPass / http://127.0.0.1:@backend@/ nocanon disablereuse=on retry=0
)";

constexpr const char* kLighttpd = R"(server.modules = ("mod_proxy")
server.bind = "127.0.0.1"
server.port = @port@
server.document-root = "@folder@"
server.upload-dirs = ("@folder@")
@2server.feature-flags = ("server.h2proto" => "enable", "server.h2c" => "enable")@
server.max-read-idle = 1
server.max-keep-alive-idle = 1
proxy.server = ("" => (("host" => "127.0.0.1", "port" => @backend@)))
)";

struct Known {
  const char* program;
  const char* configuration;
  std::vector<std::string> arguments;  ///< filled in as well
};

Known known(const std::string& name) {
  if (name == "haproxy") return {"haproxy", kHaproxy, {"-db", "-q", "-f", "@folder@/conf"}};
  if (name == "nginx") return {"nginx", kNginx, {"-p", "@folder@", "-c", "@folder@/conf"}};
  if (name == "apache") return {"apache2", kApache, {"-X", "-f", "@folder@/conf"}};
  return {"lighttpd", kLighttpd, {"-D", "-m", "@root@/usr/lib/lighttpd", "-f", "@folder@/conf"}};
}

}  // namespace

std::string Outcome::text() const {
  std::string all;
  for (const Reading& reading : readings) all += "\n    " + reading.text();
  all += "\n    answered";
  for (const int status : statuses) all += ' ' + std::to_string(status);
  return all + (closed ? ", closed" : ", open");
}

Outcome Server::send(std::string_view bytes, Millis patience) {
  Outcome outcome;
  const auto stream = Stream::connect(port());
  if (!stream) return outcome;
  stream->write(bytes);
  std::string answers;
  Stream::End end = Stream::End::data;
  while (end == Stream::End::data) end = stream->read(answers, patience);
  outcome.closed = end != Stream::End::timed_out;
  stream->shut();
  // No answer of a recorder has a body; an error page that quotes a status line would be an odd one.
  for (auto at = answers.find("HTTP/1."); at != std::string::npos; at = answers.find("HTTP/1.", at + 9))
    if (at == 0 || answers[at - 1] == '\n' || answers[at - 1] == '>') outcome.statuses.push_back(std::atoi(answers.c_str() + at + 9));
  outcome.readings = recorder_.take();
  return outcome;
}

std::unique_ptr<Server> start_myelin(Version version) { return std::make_unique<MyelinServer>(version); }

std::unique_ptr<Server> start(const std::string& name, Version version) {
  const Known server = known(name);
  const Program program = find(server.program);
  if (program.file.empty()) return nullptr;
  return std::make_unique<Incumbent>(name, program, [&server, version](const Program& found, const fs::path& folder, std::uint16_t port, std::uint16_t backend) {
    Incumbent::Setup setup;
    setup.configuration = filled(for_version(server.configuration, version), found, folder, port, backend);
    for (const std::string& argument : server.arguments) setup.arguments.push_back(filled(argument, found, folder, port, backend));
    return setup;
  });
}

}  // namespace myelin::differential
