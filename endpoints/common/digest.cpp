#include "endpoints/common/digest.hpp"

#include <openssl/evp.h>

#include <cstdio>
#include <vector>

#include "engine/base/text.hpp"

namespace myelin::endpoints::digest {

namespace {

std::string hashed(Hash hash, std::string_view text) {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (EVP_Digest(text.data(), text.size(), bytes, &size, hash == Hash::md5 ? EVP_md5() : EVP_sha256(), nullptr) != 1) return {};
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (unsigned int i = 0; i < size; ++i) {
    hex += kDigits[bytes[i] >> 4];
    hex += kDigits[bytes[i] & 15];
  }
  return hex;
}

template <class... Parts>
std::string joined(std::string_view first, const Parts&... more) {
  std::string text(first);
  ((text += ':', text += more), ...);
  return text;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

// --- reading a challenge ----------------------------------------------------------------------------

bool is_token(char c) noexcept { return c > 0x20 && c < 0x7f && std::string_view("()<>@,;:\\\"/[]?={}").find(c) == std::string_view::npos; }

/// Takes words, `=` and quoted strings off a header value.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}
  void skip(std::string_view what) {
    while (!text_.empty() && what.find(text_.front()) != std::string_view::npos) text_.remove_prefix(1);
  }
  bool at_end() const { return text_.empty(); }
  bool take(char c) {
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  std::string token() {
    std::size_t size = 0;
    while (size < text_.size() && is_token(text_[size])) ++size;
    std::string found(text_.substr(0, size));
    text_.remove_prefix(size);
    return found;
  }
  std::string value() {
    if (!take('"')) return token();
    std::string found;
    while (!text_.empty() && text_.front() != '"') {
      if (text_.front() == '\\' && text_.size() > 1) text_.remove_prefix(1);
      found += text_.front();
      text_.remove_prefix(1);
    }
    take('"');
    return found;
  }
  void drop() { text_.remove_prefix(1); }

 private:
  std::string_view text_;
};

struct Raw {
  std::string scheme;
  std::vector<std::pair<std::string, std::string>> parameters;
};

/// `Basic realm="a", Digest realm="b", nonce="c"`: a word without `=` begins the next challenge.
std::vector<Raw> split_challenges(std::string_view value) {
  std::vector<Raw> all;
  Reader reader(value);
  for (reader.skip(" \t,"); !reader.at_end(); reader.skip(" \t,")) {
    const std::string word = reader.token();
    if (word.empty()) {
      reader.drop();
      continue;
    }
    reader.skip(" \t");
    if (!reader.take('=')) {
      all.push_back({word, {}});
      continue;
    }
    reader.skip(" \t");
    std::string text = reader.value();
    if (!all.empty()) all.back().parameters.emplace_back(text::to_lower(word), std::move(text));
  }
  return all;
}

std::optional<Challenge> understood(const Raw& raw) {
  if (!text::iequals(raw.scheme, "Digest")) return std::nullopt;
  Challenge challenge;
  bool tells_qop = false;
  for (const auto& [name, value] : raw.parameters) {
    if (name == "realm") challenge.realm = value;
    else if (name == "nonce") challenge.nonce = value;
    else if (name == "opaque") challenge.opaque = value, challenge.has_opaque = true;
    else if (name == "stale") challenge.stale = text::iequals(value, "true");
    else if (name == "algorithm") challenge.algorithm = value;
    else if (name == "qop") {
      tells_qop = true;
      for (const std::string_view option : text::split(value, ", \t")) challenge.has_qop |= text::iequals(option, "auth");
    }
  }
  if (challenge.nonce.empty() || (tells_qop && !challenge.has_qop)) return std::nullopt;
  std::string algorithm = text::to_upper(challenge.algorithm);
  if (algorithm.ends_with("-SESS")) {
    challenge.session = true;
    algorithm.resize(algorithm.size() - 5);
  }
  if (algorithm == "SHA-256") challenge.hash = Hash::sha256;
  else if (!algorithm.empty() && algorithm != "MD5") return std::nullopt;
  return challenge;
}

}  // namespace

std::optional<Challenge> parse(std::string_view value) {
  std::optional<Challenge> best;
  for (const Raw& raw : split_challenges(value)) {
    auto challenge = understood(raw);
    if (challenge && (!best || challenge->hash > best->hash)) best = std::move(challenge);
  }
  return best;
}

std::string answer(const Challenge& challenge, const Answer& answer) {
  char count[16];
  std::snprintf(count, sizeof count, "%08x", answer.count);
  std::string first = hashed(challenge.hash, joined(answer.user, challenge.realm, answer.password));
  if (challenge.session) first = hashed(challenge.hash, joined(first, challenge.nonce, answer.client_nonce));
  const std::string second = hashed(challenge.hash, joined(answer.method, answer.uri));
  const std::string response =
      challenge.has_qop
          ? hashed(challenge.hash, joined(first, challenge.nonce, count, answer.client_nonce, "auth", second))
          : hashed(challenge.hash, joined(first, challenge.nonce, second));
  std::string text = "Digest username=" + quoted(answer.user) + ", realm=" + quoted(challenge.realm) +
                     ", nonce=" + quoted(challenge.nonce) + ", uri=" + quoted(answer.uri);
  if (!challenge.algorithm.empty()) text += ", algorithm=" + challenge.algorithm;
  text += ", response=\"" + response + '"';
  if (challenge.has_qop) text += std::string(", qop=auth, nc=") + count;
  if (challenge.has_qop || challenge.session) text += ", cnonce=" + quoted(answer.client_nonce);
  if (challenge.has_opaque) text += ", opaque=" + quoted(challenge.opaque);
  return text;
}

}  // namespace myelin::endpoints::digest
