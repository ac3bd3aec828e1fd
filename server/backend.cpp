// myelin backend [--name A] [--port N] [--address IP] [--status S] [--delay MS] [--soap]
//                [--session-cookie NAME]
// An echo backend on our own transport: each answer says who gives it, how many requests it had, and
// what it received. Every further --name starts another backend in the same process.

#include "server/backend.hpp"

#include <fmt/format.h>
#include <signal.h>

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "engine/base/clock.hpp"
#include "engine/base/task.hpp"
#include "engine/base/text.hpp"
#include "engine/message/message.hpp"
#include "engine/ports/client.hpp"
#include "transports/http/shard.hpp"

namespace myelin {
namespace {

struct Options {
  std::string name = "A";
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;
  int status = 200;
  Duration delay{0};
  bool soap = false;
  std::string session_cookie;
};

/// Exchanges that wait for their delay to pass; looked at by the shard every few milliseconds.
class Delays {
 public:
  Task<void> wait(Duration delay) {
    auto waiting = std::make_shared<Waiting>(Clock::now() + delay);
    waiting_.push_back(waiting);
    co_await waiting->due;
  }

  void wake() {
    const TimePoint now = Clock::now();
    const auto before = std::move(waiting_);
    waiting_.clear();
    for (const auto& each : before)
      if (each->until > now) waiting_.push_back(each);
    for (const auto& each : before)
      if (each->until <= now) each->due.set();
  }

 private:
  struct Waiting {
    explicit Waiting(TimePoint end) : until(end) {}
    TimePoint until;
    Signal due;
  };
  std::vector<std::shared_ptr<Waiting>> waiting_;
};

class EchoBackend final : public Pipeline {
 public:
  EchoBackend(Options options, Delays& delays) : options_(std::move(options)), delays_(delays) {}

  const Options& options() const noexcept { return options_; }

  Task<void> serve(Message& message, Client& client) override {
    const auto number = ++requests_;
    const auto loaded = co_await message.payload.load(message.body_limit);
    if (options_.delay.count() > 0) co_await delays_.wait(options_.delay);

    Reply reply;
    Headers headers;
    std::string body;
    const std::string cookie = new_session(message, number);
    if (!cookie.empty()) headers.add("Set-Cookie", cookie);
    headers.add("X-Backend", options_.name);
    reply.headers = &headers;
    if (!loaded) {
      reply.status = loaded.fault().status != 0 ? loaded.fault().status : 400;
      body = loaded.fault().message + "\n";
      reply.content_type = "text/plain; charset=UTF-8";
    } else {
      reply.status = options_.status;
      const bool soap12 = message.payload.kind() == MediaKind::soap12;
      body = options_.soap ? envelope(message, number, soap12) : text(message, number);
      reply.content_type = !options_.soap ? "text/plain; charset=UTF-8"
                           : soap12       ? "application/soap+xml; charset=UTF-8"
                                          : "text/xml; charset=UTF-8";
    }
    reply.has_body = true;
    reply.bytes = body;
    co_await client.reply(reply);
  }

 private:
  /// `NAME=A-3; Path=/` unless the request is in a session already or none are wanted.
  std::string new_session(const Message& message, std::uint64_t number) const {
    if (options_.session_cookie.empty()) return {};
    const std::string mark = options_.session_cookie + "=";
    for (const Header& field : message.headers)
      if (text::iequals(field.name, "Cookie") && field.value.find(mark) != std::string_view::npos) return {};
    return fmt::format("{}{}-{}; Path=/", mark, options_.name, number);
  }

  std::string received(const Message& message) const {
    std::string lines = fmt::format("{} {}\n", message.incoming.method, message.incoming.target);
    for (const Header& field : message.headers) lines += fmt::format("{}: {}\n", field.name, field.value);
    if (!message.payload.bytes().empty()) lines += fmt::format("\n{}\n", message.payload.bytes());
    return lines;
  }

  std::string text(const Message& message, std::uint64_t number) const {
    return fmt::format("backend {} answers its request {}:\n{}", options_.name, number, received(message));
  }

  std::string envelope(const Message& message, std::uint64_t number, bool soap12) const {
    return fmt::format(
        "<soapenv:Envelope xmlns:soapenv=\"{}\"><soapenv:Body><e:echo xmlns:e=\"urn:myelin:backend\">"
        "<e:backend>{}</e:backend><e:request>{}</e:request><e:method>{}</e:method><e:target>{}</e:target>"
        "<e:received>{}</e:received></e:echo></soapenv:Body></soapenv:Envelope>\n",
        soap12 ? soap::kEnvelope12 : soap::kEnvelope11, text::xml_escape(options_.name), number,
        text::xml_escape(message.incoming.method), text::xml_escape(message.incoming.target),
        text::xml_escape(message.payload.bytes()));
  }

  Options options_;
  Delays& delays_;
  std::uint64_t requests_ = 0;
};

template <class Number>
bool read_number(std::string_view text, Number least, Number most, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() && out >= least && out <= most;
}

/// Applies one option; returns what is wrong, empty when fine. `value` is empty for a flag.
std::string apply(std::string_view option, std::string_view value, Options& to) {
  std::int64_t number = 0;
  if (option == "--name") {
    to.name = value;
  } else if (option == "--address") {
    to.address = value;
  } else if (option == "--session-cookie") {
    to.session_cookie = value;
  } else if (option == "--port") {
    if (!read_number<std::int64_t>(value, 0, 65535, number)) return "a port is a number from 0 to 65535";
    to.port = static_cast<std::uint16_t>(number);
  } else if (option == "--status") {
    if (!read_number<std::int64_t>(value, 200, 599, number)) return "a status is a number from 200 to 599";
    to.status = static_cast<int>(number);
  } else if (option == "--delay") {
    if (!read_number<std::int64_t>(value, 0, 3'600'000, number)) return "a delay is a number of milliseconds";
    to.delay = Duration(number);
  } else {
    return "known are --name, --port, --address, --status, --delay, --soap and --session-cookie";
  }
  return {};
}

/// All backends asked for, or nothing after the problem was printed.
std::optional<std::vector<Options>> parse(int argc, char** argv) {
  std::vector<Options> all(1);
  bool named = false;
  for (int i = 0; i < argc; ++i) {
    const std::string_view option = argv[i];
    if (option == "--soap") {
      all.back().soap = true;
      continue;
    }
    if (i + 1 == argc || !option.starts_with("--")) {
      fmt::print(stderr, "myelin backend: '{}' {}\n", option,
                 option.starts_with("--") ? "needs a value" : "is not an option");
      return std::nullopt;
    }
    if (option == "--name" && std::exchange(named, true)) all.emplace_back();
    const std::string wrong = apply(option, argv[++i], all.back());
    if (!wrong.empty()) {
      fmt::print(stderr, "myelin backend: {} {}: {}\n", option, argv[i], wrong);
      return std::nullopt;
    }
  }
  return all;
}

}  // namespace

int backend_command(int argc, char** argv) {
  const auto wanted = parse(argc, argv);
  if (!wanted) return 2;

  // Taken by a thread of their own: ending a shard is more than a signal handler may do.
  sigset_t ending;
  sigemptyset(&ending);
  sigaddset(&ending, SIGTERM);
  sigaddset(&ending, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ending, nullptr);
  signal(SIGPIPE, SIG_IGN);

  http::Config config;
  config.server_name = "Myelin-backend";
  http::Shard shard(config);
  Delays delays;
  std::vector<std::unique_ptr<EchoBackend>> backends;
  for (const Options& options : *wanted) {
    backends.push_back(std::make_unique<EchoBackend>(options, delays));
    const auto port = shard.listen(options.address, options.port, nullptr, *backends.back());
    if (!port) {
      fmt::print(stderr, "myelin backend: {}:{}: {}\n", options.address, options.port, port.fault().message);
      return 2;
    }
    fmt::print("myelin backend {} ready http={}:{}\n", options.name, options.address, *port);
  }
  std::fflush(stdout);
  shard.every(Duration(5), [&delays] { delays.wake(); });

  std::thread ender([&] {
    int signal_number = 0;
    sigwait(&ending, &signal_number);
    shard.stop();
  });
  shard.run();
  ender.join();
  return 0;
}

}  // namespace myelin
