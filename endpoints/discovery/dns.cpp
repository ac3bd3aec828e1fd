// <discovery provider="dns"><parameter name="name">web.example</parameter>...</discovery>: every address of
// a name, with port=, or the targets of its SRV records, with type=SRV. Optional: tls, path, and
// server=host:port, a name server to be asked instead of the system's. Asked anew when the records'
// time to live or `refresh` is over, but every 1 to 300 s (REL-040).

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "engine/base/text.hpp"
#include "engine/ports/discovery.hpp"

namespace myelin {
namespace {

constexpr Duration kLeast{1'000}, kMost{300'000};
constexpr std::chrono::milliseconds kPatience{5'000};  // of one look-up (REL-040)

struct Question {
  std::string name;
  bool srv = false;
  std::uint16_t port = 0;
  std::string server;  ///< numeric address and port; empty: the system's
};

struct Answer {
  Instances instances;
  Duration life = kMost;  ///< the shortest time to live
};

Fault unknown(const Question& question) { return Fault("no records of " + question.name); }

Instance at_address(std::string host, std::uint16_t port) {
  Instance instance;
  instance.id = host + ':' + std::to_string(port);
  instance.host = std::move(host);
  instance.port = port;
  return instance;
}

// --- the system's resolver ----------------------------------------------------------------------------

Result<Answer> look_up(const Question& question) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int failed = getaddrinfo(question.name.c_str(), nullptr, &hints, &found); failed != 0)
    return Fault(question.name + ": " + gai_strerror(failed));
  Answer answer;
  for (const addrinfo* at = found; at; at = at->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (getnameinfo(at->ai_addr, at->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) != 0) continue;
    answer.instances.push_back(at_address(text.data(), question.port));
  }
  freeaddrinfo(found);
  if (answer.instances.empty()) return unknown(question);
  return answer;
}

// --- records ------------------------------------------------------------------------------------------

class Resolver {
 public:
  explicit Resolver(const Question& question) : question_(question) {
    usable_ = res_ninit(&state_) == 0;
    state_.retrans = 1;
    state_.retry = 2;
    if (usable_ && !question.server.empty()) usable_ = use_server(question.server);
  }
  Resolver(const Resolver&) = delete;
  ~Resolver() { res_nclose(&state_); }

  bool usable() const noexcept { return usable_; }

  /// Adds the records of that type; false: none came.
  bool ask(ns_type type, Answer& answer) {
    std::array<unsigned char, 65'536> buffer{};
    const int length = res_nquery(&state_, question_.name.c_str(), ns_c_in, type, buffer.data(), static_cast<int>(buffer.size()));
    ns_msg message{};
    if (length <= 0 || ns_initparse(buffer.data(), length, &message) != 0) return false;
    const std::size_t before = answer.instances.size();
    for (int i = 0; i < ns_msg_count(message, ns_s_an); ++i) {
      ns_rr record{};
      if (ns_parserr(&message, ns_s_an, i, &record) != 0 || ns_rr_type(record) != type) continue;
      add(message, record, answer);
    }
    return answer.instances.size() > before;
  }

  /// Of several priorities the least takes the traffic, the others are backups (RFC 2782).
  void rank(Answer& answer) const {
    for (std::size_t i = 0; i < answer.instances.size(); ++i)
      answer.instances[i].backup = priorities_[i] > *std::min_element(priorities_.begin(), priorities_.end());
  }

 private:
  bool use_server(const std::string& server) {
    const auto colon = server.rfind(':');
    sockaddr_in& address = state_.nsaddr_list[0];
    address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(text::parse_int(server.substr(colon + 1)).value_or(53)));
    state_.nscount = 1;
    return inet_pton(AF_INET, server.substr(0, colon).c_str(), &address.sin_addr) == 1;
  }

  void add(const ns_msg& message, const ns_rr& record, Answer& answer) {
    const unsigned char* data = ns_rr_rdata(record);
    const std::size_t size = ns_rr_rdlen(record);
    const auto word = [data](std::size_t at) { return static_cast<std::uint16_t>(data[at] << 8 | data[at + 1]); };
    std::array<char, NS_MAXDNAME> text{};
    if (ns_rr_type(record) == ns_t_srv) {
      if (size < 7 || dn_expand(ns_msg_base(message), ns_msg_end(message), data + 6, text.data(), text.size()) < 0) return;
      if (text[0] == '\0' || text[0] == '.') return;  // the service is decidedly not there
      Instance instance = at_address(text.data(), word(4));
      instance.weight = word(2);
      priorities_.push_back(word(0));
      answer.instances.push_back(std::move(instance));
    } else {
      const bool v6 = ns_rr_type(record) == ns_t_aaaa;
      if (size != (v6 ? 16U : 4U) || !inet_ntop(v6 ? AF_INET6 : AF_INET, data, text.data(), text.size())) return;
      answer.instances.push_back(at_address(text.data(), question_.port));
    }
    answer.life = std::min(answer.life, Duration(std::int64_t{ns_rr_ttl(record)} * 1000));
  }

  const Question& question_;
  struct __res_state state_ {};
  bool usable_ = false;
  std::vector<std::uint16_t> priorities_;
};

Result<Answer> query(const Question& question) {
  const auto resolver = std::make_unique<Resolver>(question);
  if (!resolver->usable()) return Fault("the resolver cannot be started");
  Answer answer;
  if (question.srv) {
    if (!resolver->ask(ns_t_srv, answer)) return unknown(question);
    resolver->rank(answer);
    return answer;
  }
  const bool v4 = resolver->ask(ns_t_a, answer);
  const bool v6 = resolver->ask(ns_t_aaaa, answer);
  if (!v4 && !v6) return unknown(question);
  return answer;
}

// --- the provider -------------------------------------------------------------------------------------

/// A look-up cannot be interrupted: it runs apart and is left alone when it takes too long.
struct LookUp {
  std::mutex mutex;
  std::condition_variable changed;
  bool cancelled = false;
  std::optional<Result<Answer>> answer;
};

class Dns final : public DiscoveryProvider {
 public:
  explicit Dns(const DiscoverySource& source)
      : tls_(text::is_true(source.parameter("tls"))), path_(source.parameter("path")), refresh_(std::clamp(source.refresh, kLeast, kMost)) {
    question_.name = source.parameter("name");
    question_.srv = text::iequals(source.parameter("type"), "SRV");
    question_.port = static_cast<std::uint16_t>(text::parse_int(source.parameter("port")).value_or(0));
    question_.server = source.parameter("server");
  }

  Result<Polled> poll(Cancellation& cancellation) override {
    auto answer = ask(cancellation);
    if (!answer) return std::move(answer).fault();
    Polled polled;
    for (Instance& instance : answer->instances) {
      instance.tls = tls_;
      instance.path = path_;
    }
    // Name servers turn the order round; the group has its own.
    std::sort(answer->instances.begin(), answer->instances.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
    polled.instances = std::move(answer->instances);
    polled.again = std::clamp(std::min(answer->life, refresh_), kLeast, kMost);
    return polled;
  }

 private:
  Result<Answer> ask(Cancellation& cancellation) {
    if (!pending_) {
      pending_ = std::make_shared<LookUp>();
      std::thread([question = question_, look_up_state = pending_] {
        const bool records = question.srv || !question.server.empty();
        Result<Answer> found = records ? query(question) : look_up(question);
        const std::lock_guard lock(look_up_state->mutex);
        look_up_state->answer = std::move(found);
        look_up_state->changed.notify_all();
      }).detach();
    }
    const std::shared_ptr<LookUp> pending = pending_;
    const Cancellation::Scope wakes(cancellation, [pending] {
      const std::lock_guard lock(pending->mutex);
      pending->cancelled = true;
      pending->changed.notify_all();
    });
    std::unique_lock lock(pending->mutex);
    pending->changed.wait_for(lock, kPatience, [&] { return pending->answer || pending->cancelled; });
    if (!pending->answer) return Fault("no answer in time");
    pending_ = nullptr;
    return *std::move(pending->answer);
  }

  Question question_;
  bool tls_;
  std::string path_;
  Duration refresh_;
  std::shared_ptr<LookUp> pending_;  ///< under way
};

bool is_port(std::string_view text) {
  const auto port = text::parse_int(text);
  return port && *port > 0 && *port <= 65535;
}

/// "address" or "address:port", completed with a port; false: neither.
bool complete_server(std::string& server) {
  const auto colon = server.find(':');
  if (colon == std::string::npos) server += ":53";
  const std::string host = server.substr(0, colon);
  in_addr address{};
  return inet_pton(AF_INET, host.c_str(), &address) == 1 && is_port(server.substr(server.find(':') + 1));
}

std::string check(DiscoverySource& source, const std::filesystem::path&) {
  const std::string type(source.parameter("type"));
  const bool srv = text::iequals(type, "SRV");
  if (!type.empty() && !srv && !text::iequals(type, "A")) return "type is '" + type + "', allowed: A or SRV";
  const std::string_view port = source.parameter("port");
  if (port.empty() && !srv) return "parameter 'port' is needed with addresses";
  if (!port.empty() && !is_port(port)) return "port is '" + std::string(port) + "', 1 to 65535 are needed";
  if (const auto server = source.parameters.find("server"); server != source.parameters.end()) {
    if (!complete_server(server->second)) return "server is '" + server->second + "', an IPv4 address and a port are needed";
  }
  const std::string_view path = source.parameter("path");
  if (!path.empty() && path.front() != '/') source.parameters["path"].insert(0, 1, '/');
  return {};
}

DiscoveryKind dns() {
  DiscoveryKind kind;
  kind.parameters = {{"name", true}, {"type"}, {"port"}, {"tls"}, {"path"}, {"server"}};
  kind.check = check;
  kind.make = [](const DiscoverySource& source) -> std::unique_ptr<DiscoveryProvider> {
    return std::make_unique<Dns>(source);
  };
  return kind;
}

MYELIN_DISCOVERY("dns", dns);

}  // namespace
}  // namespace myelin
