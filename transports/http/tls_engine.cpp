// OpenSSL over memory: the socket is read and written by the stream alone, so that one receive and
// one send per message hold for TLS too.

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstring>

#include "transports/http/tls_context.hpp"

namespace myelin::http {

namespace {

constexpr std::size_t kRecord = 16 * 1024;

bool is_address(const std::string& host) {
  unsigned char bytes[16];
  return inet_pton(AF_INET, host.c_str(), bytes) == 1 || inet_pton(AF_INET6, host.c_str(), bytes) == 1;
}

}  // namespace

TlsEngine::TlsEngine(const TlsServerContext& context, BlockPool& pool)
    : ssl_(SSL_new(context.context.get())), input_(pool) {
  attach();
  SSL_set_accept_state(ssl_.get());
}

TlsEngine::TlsEngine(const TlsClientContext& context, BlockPool& pool, const std::string& target, bool verify,
                     SessionPtr& session, bool http2)
    : ssl_(SSL_new(context.context.get())), input_(pool) {
  attach();
  const std::string& host = context.server_name.empty() ? target : context.server_name;
  SSL* ssl = ssl_.get();
  SSL_set_connect_state(ssl);
  if (!is_address(host)) SSL_set_tlsext_host_name(ssl, host.c_str());
  if (verify && context.verify) {
    context.trust();
    SSL_set_verify(ssl, SSL_VERIFY_PEER, nullptr);
    if (context.verify_host) {
      if (is_address(host)) X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str());
      else SSL_set1_host(ssl, host.c_str());
    }
  } else {
    SSL_set_verify(ssl, SSL_VERIFY_NONE, nullptr);
  }
  SSL_set_app_data(ssl, &session);
  if (session) SSL_set_session(ssl, session.get());
  static constexpr unsigned char kProtocols[] = "\x02h2\x08http/1.1";
  if (http2) SSL_set_alpn_protos(ssl, kProtocols, sizeof kProtocols - 1);
}

void TlsEngine::attach() {
  if (!ssl_) throw std::bad_alloc();
  BIO* bio = BIO_new(method());
  if (!bio) throw std::bad_alloc();
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
}

const BIO_METHOD* TlsEngine::method() {
  static const BIO_METHOD* const made = [] {
    BIO_METHOD* fresh = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "myelin stream");
    BIO_meth_set_read(fresh, bio_read);
    BIO_meth_set_write(fresh, bio_write);
    BIO_meth_set_ctrl(fresh, bio_control);
    return fresh;
  }();
  return made;
}

int TlsEngine::bio_read(BIO* bio, char* to, int size) {
  TlsEngine& self = *static_cast<TlsEngine*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  const std::size_t bytes = std::min(self.end_ - self.begin_, static_cast<std::size_t>(size));
  if (bytes == 0) {
    BIO_set_retry_read(bio);
    return -1;
  }
  std::memcpy(to, self.input_.data() + self.begin_, bytes);
  self.begin_ += bytes;
  return static_cast<int>(bytes);
}

int TlsEngine::bio_write(BIO* bio, const char* from, int size) {
  TlsEngine& self = *static_cast<TlsEngine*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  self.target_->append(from, static_cast<std::size_t>(size));
  return size;
}

long TlsEngine::bio_control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

TlsEngine::Step TlsEngine::outcome(int result) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ: return Step::more;
    case SSL_ERROR_ZERO_RETURN: return Step::closed;
    default:
      error_ = ERR_peek_error();
      ERR_clear_error();
      return Step::failed;
  }
}

TlsEngine::Step TlsEngine::handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (result != 1) return outcome(result);
  ready_ = true;
  return Step::done;
}

TlsEngine::Step TlsEngine::decrypt(Inbound& to) {
  if (over_ != Step::more) return over_;
  bool any = false;
  while (has_input()) {
    const std::span<char> room = to.room();
    if (room.empty()) break;
    ERR_clear_error();
    const int got = SSL_read(ssl_.get(), room.data(), static_cast<int>(room.size()));
    if (got <= 0) {
      over_ = outcome(got);
      if (over_ == Step::more || any) break;  // an end behind these bytes shows next time
      return over_;
    }
    to.received(static_cast<std::size_t>(got));
    any = true;
  }
  return any ? Step::done : Step::more;
}

bool TlsEngine::encrypt(std::span<std::string_view> texts, std::string& to) {
  thread_local char record[kRecord];
  std::string_view plain;
  std::size_t gathered = 0;
  for (std::string_view& text : texts) {
    if (text.empty()) continue;
    if (gathered == 0 && text.size() >= kRecord) {
      plain = text.substr(0, kRecord);
      text.remove_prefix(kRecord);
      break;
    }
    const std::size_t bytes = std::min(text.size(), kRecord - gathered);
    std::memcpy(record + gathered, text.data(), bytes);
    text.remove_prefix(bytes);
    gathered += bytes;
    plain = {record, gathered};
  }
  if (plain.empty()) return true;
  ERR_clear_error();
  target_ = &to;
  const int taken = SSL_write(ssl_.get(), plain.data(), static_cast<int>(plain.size()));
  target_ = &output_;
  return taken == static_cast<int>(plain.size());
}

void TlsEngine::end() {
  if (!ready_ || error_ != 0) return;
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

std::span<char> TlsEngine::room() {
  if (input_.size() == 0) input_.take(BlockPool::kSmall);
  if (begin_ == end_) begin_ = end_ = 0;
  if (end_ == input_.size() && begin_ > 0) {
    std::memmove(input_.data(), input_.data() + begin_, end_ - begin_);
    end_ -= std::exchange(begin_, 0);
  }
  return {input_.data() + end_, input_.size() - end_};
}

void TlsEngine::release_input() noexcept {
  if (begin_ != end_) return;
  input_.release();
  begin_ = end_ = 0;
  if (output_.empty()) output_.shrink_to_fit();
}

void TlsEngine::sent(std::size_t bytes) noexcept {
  sent_ += bytes;
  if (sent_ < output_.size()) return;
  output_.clear();
  sent_ = 0;
}

std::string TlsEngine::problem() const {
  if (const long verdict = SSL_get_verify_result(ssl_.get()); verdict != X509_V_OK)
    return X509_verify_cert_error_string(verdict);
  if (const char* reason = ERR_reason_error_string(error_)) return reason;
  return "the peer ended the handshake";
}

std::string_view TlsEngine::protocol() const noexcept {
  const unsigned char* name = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

std::string_view TlsEngine::server_name() const noexcept {
  const char* name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
  return name ? std::string_view(name) : std::string_view{};
}

}  // namespace myelin::http
