#include "transports/http/socks.hpp"

#include <array>
#include <boost/asio/ip/address.hpp>

namespace myelin::http {

namespace {

constexpr char kVersion = 5, kLoginVersion = 1;
constexpr char kConnect = 1;
constexpr char kNoLogin = 0, kLogin = 2;            // methods
constexpr char kIpv4 = 1, kName = 3, kIpv6 = 4;     // kinds of addresses
constexpr std::size_t kLongest = 255;               // of any text

Fault refused(std::string detail) {
  return Fault(code::kConnectFailed, "Error connecting to the back end", std::move(detail));
}

void add_text(std::string& to, std::string_view text) {
  to += static_cast<char>(text.size());
  to += text;
}

std::string greeting(const ForwardProxy& proxy) {
  return proxy.username.empty() ? std::string{kVersion, 1, kNoLogin} : std::string{kVersion, 2, kNoLogin, kLogin};
}

std::string login(const ForwardProxy& proxy) {
  std::string text(1, kLoginVersion);
  add_text(text, proxy.username);
  add_text(text, proxy.password);
  return text;
}

std::string connect_to(const Url& url) {
  std::string text{kVersion, kConnect, 0};
  boost::system::error_code no_address;
  const auto address = boost::asio::ip::make_address(url.host, no_address);
  if (no_address) {
    text += kName;
    add_text(text, url.host);
  } else if (address.is_v4()) {
    text += kIpv4;
    for (const unsigned char byte : address.to_v4().to_bytes()) text += static_cast<char>(byte);
  } else {
    text += kIpv6;
    for (const unsigned char byte : address.to_v6().to_bytes()) text += static_cast<char>(byte);
  }
  text += static_cast<char>(url.port >> 8);
  return text += static_cast<char>(url.port & 0xff);
}

/// What is behind the first five bytes of the answer to a request: the rest of the address, and the port.
std::size_t rest_of_answer(std::string_view head) noexcept {
  switch (head[3]) {
    case kIpv4: return 3 + 2;
    case kIpv6: return 15 + 2;
    default: return static_cast<unsigned char>(head[4]) + std::size_t{2};
  }
}

std::string reason(unsigned code) {
  constexpr std::array<std::string_view, 9> kReasons{
      "succeeded", "general failure", "not allowed", "network unreachable", "host unreachable", "connection refused",
      "time to live expired", "command not supported", "kind of address not supported"};
  return "the forward proxy answered " + std::to_string(code) +
         (code < kReasons.size() ? ": " + std::string(kReasons[code]) : std::string());
}

/// One question, and its answer of at least `size` bytes.
Task<Result<void>> ask(Stream& stream, std::string question, std::size_t size, TimePoint due) {
  Io outcome = Io::done;
  if (!question.empty()) {
    const Pieces pieces(question);
    outcome = co_await stream.write(pieces, std::chrono::duration_cast<Duration>(due - Clock::now()));
  }
  while (outcome == Io::done && stream.in.raw().size() < size) outcome = co_await stream.read(due);
  if (outcome == Io::done) co_return Result<void>();
  if (outcome == Io::timed_out) co_return Fault(code::kConnectTimeout, "Timeout while connecting through the forward proxy");
  co_return refused("the forward proxy ended the connection");
}

}  // namespace

Task<Result<void>> open_socks(Stream& stream, const OutgoingRequest& request, TimePoint due) {
  const ForwardProxy& proxy = *request.proxy;
  Inbound& in = stream.in;
  if (request.url.host.size() > kLongest) co_return refused("the host's name is too long for SOCKS");
  Result<void> answered = co_await ask(stream, greeting(proxy), 2, due);
  if (!answered) co_return answered;
  if (in.raw()[0] != kVersion) co_return refused("the forward proxy does not speak SOCKS5");
  const char method = in.raw()[1];
  in.eat(2);
  if (method == kLogin && !proxy.username.empty()) {
    answered = co_await ask(stream, login(proxy), 2, due);
    if (!answered) co_return answered;
    if (in.raw()[1] != 0) co_return refused("the forward proxy refuses the login");
    in.eat(2);
  } else if (method != kNoLogin) {
    co_return refused("the forward proxy wants another login");
  }
  answered = co_await ask(stream, connect_to(request.url), 5, due);
  if (!answered) co_return answered;
  if (const auto failure = static_cast<unsigned char>(in.raw()[1]); failure != 0) co_return refused(reason(failure));
  const std::size_t size = 5 + rest_of_answer(in.raw());
  answered = co_await ask(stream, {}, size, due);
  if (!answered) co_return answered;
  in.eat(size);
  if (!in.raw().empty()) co_return refused("the forward proxy sends what nobody asked for");
  in.next_message();
  co_return Result<void>();
}

}  // namespace myelin::http
