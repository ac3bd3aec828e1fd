// <session type="affinity" [name="MYELINID"]>: a cookie of Myelin's own that says to which children its
// client belongs. No table: every server of a fleet that has the same key and configuration understands it,
// and restarts do not matter.
//
// Value, in URL-safe base64: end of the session (ms since 1970, 8 bytes), the path (8 bytes per child), and
// the first 16 bytes of HMAC-SHA256 over the endpoint's state key and all that. Numbers are little endian.

#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "endpoints/common/cookies.hpp"
#include "engine/ports/session.hpp"

namespace myelin {
namespace {

constexpr std::size_t kMac = 16;
constexpr std::size_t kLongestPath = 16;
constexpr std::size_t kShortestKey = 16;  // bytes, below which a warning is due

/// Drawn once, so that redeploys leave sessions valid.
const std::string& random_key() {
  static const std::string key = [] {
    std::string bytes(32, '\0');
    if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size())) != 1)
      throw std::runtime_error("no random bytes for session.affinity.key");
    return bytes;
  }();
  return key;
}

void put(std::string& to, std::uint64_t number) {
  for (int i = 0; i < 8; ++i) to += static_cast<char>(number >> (8 * i));
}

std::uint64_t number_at(std::string_view bytes, std::size_t at) noexcept {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < 8; ++i) number |= std::uint64_t{static_cast<unsigned char>(bytes[at + i])} << (8 * i);
  return number;
}

std::string to_cookie_value(std::string_view bytes) {
  std::string text = text::base64_encode(bytes);
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  while (!text.empty() && text.back() == '=') text.pop_back();
  return text;
}

std::optional<std::string> from_cookie_value(std::string_view value) {
  std::string text(value);
  std::replace(text.begin(), text.end(), '-', '+');
  std::replace(text.begin(), text.end(), '_', '/');
  text.resize((text.size() + 3) / 4 * 4, '=');
  return text::base64_decode(text);
}

std::int64_t wall_milliseconds() noexcept {
  return std::chrono::duration_cast<Duration>(Clock::wall(Clock::now()).time_since_epoch()).count();
}

class AffinitySession final : public SessionDispatcher {
 public:
  AffinitySession(xml::Bind& session, Build& build)
      : name_(session.text("name").value_or("MYELINID")), key_(build.settings.setting("session.affinity.key")) {
    if (!text::is_token(name_))
      session.error(session.attribute("name")->where, "name of <session> is \"" + name_ + "\"", "a cookie name is needed");
    if (key_.empty()) {
      session.warning("session.affinity.key is not set",
                      "a random key is used: sessions end with this process, and no other server understands them");
      key_ = random_key();
    } else if (key_.size() < kShortestKey) {
      session.warning("session.affinity.key is short", "at least 16 random characters are needed to be safe");
    }
  }

  std::vector<std::string_view> request_ids(Message& request) const override {
    return endpoints::request_cookies(request, [this](std::string_view piece) { return is_own(piece); });
  }
  std::optional<std::string> response_id(Message&) const override { return std::nullopt; }
  bool client_initiated() const noexcept override { return false; }
  void strip(Message& request) const override {
    endpoints::strip_cookies(request, [this](std::string_view piece) { return is_own(piece); });
  }
  Need request_need() const noexcept override { return Need::nothing; }
  Need response_need() const noexcept override { return Need::nothing; }

  bool carries_path() const noexcept override { return true; }

  std::optional<SessionPath> read_path(std::string_view id, std::string_view endpoint) const override {
    id.remove_prefix(std::min(id.find('=') + 1, id.size()));
    if (id.size() > (8 + 8 * kLongestPath + kMac) * 2) return std::nullopt;
    const auto bytes = from_cookie_value(id);
    if (!bytes || bytes->size() < 8 + 8 + kMac || bytes->size() % 8 != 0) return std::nullopt;
    const std::string_view content = std::string_view(*bytes).substr(0, bytes->size() - kMac);
    const auto mac = signature(content, endpoint);
    if (CRYPTO_memcmp(mac.data(), bytes->data() + content.size(), kMac) != 0) return std::nullopt;
    if (static_cast<std::int64_t>(number_at(content, 0)) < wall_milliseconds()) return std::nullopt;
    SessionPath path;
    for (std::size_t at = 8; at < content.size(); at += 8) path.push_back(number_at(content, at));
    return path;
  }

  void write_path(Message& response, const SessionPath& path, Duration lifetime, std::string_view endpoint) const override {
    if (path.empty() || path.size() > kLongestPath) return;
    std::string bytes;
    put(bytes, static_cast<std::uint64_t>(wall_milliseconds() + lifetime.count()));
    for (const std::uint64_t child : path) put(bytes, child);
    const auto mac = signature(bytes, endpoint);
    bytes.append(mac.begin(), mac.begin() + kMac);
    std::string cookie = name_ + '=' + to_cookie_value(bytes) + "; Path=/; HttpOnly; SameSite=Lax";
    if (response.incoming.scheme == "https") cookie += "; Secure";
    response.headers.add("Set-Cookie", response.copy(cookie));
  }

 private:
  bool is_own(std::string_view piece) const noexcept { return endpoints::is_cookie(piece, name_); }

  std::array<char, 32> signature(std::string_view content, std::string_view endpoint) const {
    std::string text("myelin affinity\n");
    text.append(endpoint).append(1, '\0').append(content);
    std::array<char, 32> mac{};
    unsigned int length = 0;
    if (!HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()), reinterpret_cast<const unsigned char*>(text.data()),
              text.size(), reinterpret_cast<unsigned char*>(mac.data()), &length))
      throw std::runtime_error("HMAC-SHA256 failed");
    return mac;
  }

  std::string name_;
  std::string key_;
};

MYELIN_SESSION(AffinitySession, "affinity");

}  // namespace
}  // namespace myelin
