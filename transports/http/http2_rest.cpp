// How a session rests: what its client may still refer to is read out of nghttp2, and told to a new session when it
// goes on. Neither side sees anything of it.

#include "transports/http/http2_rest.hpp"

#include <algorithm>

#include "transports/http/http2_callbacks.hpp"
#include "transports/http/http2_server_session.hpp"

namespace myelin::http {

namespace {

constexpr std::int32_t kFirstWindow = 65'535;     // of a connection, before anybody says otherwise
constexpr std::int32_t kHighestStream = 0x7fffffff - 1'000;
constexpr std::size_t kFirstEntry = 62;           // of the dynamic table (RFC 7541, 2.3.3)
constexpr std::size_t kEntryOverhead = 32;        // RFC 7541, 4.1
constexpr std::string_view kGet = "\x82\x86\x84\x41\x01h";  // any sound request

enum Type : char { kHeaders = 1, kSettings = 4, kWindowUpdate = 8 };
constexpr char kEndStream = 1, kAck = 1, kEndHeaders = 4;

void add_number(std::string& to, std::uint32_t number, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) to += static_cast<char>(number >> (8 * i) & 255);
}

std::string frame(Type type, char flags, std::int32_t stream, std::string_view payload) {
  std::string bytes;
  add_number(bytes, static_cast<std::uint32_t>(payload.size()), 3);
  bytes += static_cast<char>(type);
  bytes += flags;
  add_number(bytes, static_cast<std::uint32_t>(stream), 4);
  return bytes += payload;
}

std::string setting(std::size_t identifier, std::uint32_t value) {
  std::string bytes;
  add_number(bytes, static_cast<std::uint32_t>(identifier), 2);
  add_number(bytes, value, 4);
  return bytes;
}

/// RFC 7541, 5.1, with a prefix of seven bits.
void add_integer(std::string& to, char pattern, std::size_t number) {
  constexpr std::size_t kPrefix = 127;
  if (number < kPrefix) {
    to += static_cast<char>(pattern | static_cast<char>(number));
    return;
  }
  to += static_cast<char>(pattern | static_cast<char>(kPrefix));
  for (number -= kPrefix; number >= 128; number >>= 7) to += static_cast<char>(128 | (number & 127));
  to += static_cast<char>(number);
}

/// A field that enters the table.
std::string literal(std::string_view name, std::string_view value) {
  std::string bytes = "\x40";
  for (const std::string_view text : {name, value}) {
    add_integer(bytes, 0, text.size());
    bytes += text;
  }
  return bytes;
}

/// Takes as much of the connection's window as it has to send.
class Filler final : public Http2Side {
 public:
  explicit Filler(std::size_t bytes) : bytes_(bytes, '\0') {
    out = bytes_;
    out_is_last = true;
  }
  void received(std::string_view) override {}
  void received_all() override {}
  void trailer(std::string_view, std::string_view) override {}
  void taken() override {}
  void sent_all() override {}
  void closed(Http2Error) override {}
  void wake() override {}

 private:
  std::string bytes_;
};

}  // namespace

void Http2Probe::add(std::string_view name, std::string_view value) {
  size += name.size() + value.size() + kEntryOverhead;
  entries.push_back(literal(name, value));
}

/// Gives the session bytes that its client did not send. What it says to them is heard by nobody.
bool Http2ServerSession::feed(std::string_view bytes) {
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  if (nghttp2_session_mem_recv(session_.get(), data, bytes.size()) < 0) return false;
  return drop_output();
}

bool Http2ServerSession::drop_output() {
  for (std::string unheard;; unheard.clear()) {
    if (!Http2Session::output(unheard)) return false;
    if (unheard.empty()) return nghttp2_session_want_read(session_.get()) != 0;
  }
}

/// The table by which the client's header blocks are read, asked for entry by entry on streams of our own.
bool Http2ServerSession::read_table(std::int32_t last, std::string& block) {
  Http2Probe probe;
  const std::size_t size = nghttp2_session_get_hd_inflate_dynamic_table_size(session_.get());
  probe_ = &probe;
  bool sound = true;
  for (std::size_t entry = kFirstEntry; sound && probe.size < size; ++entry) {
    std::string index;
    add_integer(index, '\x80', entry);
    const std::size_t before = probe.entries.size();
    last += 2;
    sound = feed(frame(kHeaders, kEndHeaders | kEndStream, last, index)) && probe.entries.size() == before + 1;
  }
  probe_ = nullptr;
  for (auto entry = probe.entries.rbegin(); entry != probe.entries.rend(); ++entry) block += *entry;
  return sound && probe.size == size;
}

bool Http2ServerSession::rest() {
  nghttp2_session* session = session_.get();
  const auto latest = static_cast<std::int32_t>(guard_.latest_stream());
  if (!session || !guard_.between_frames() || latest == 0 || latest > kHighestStream) return false;
  if (nghttp2_session_want_write(session) != 0 || nghttp2_session_want_read(session) == 0) return false;
  if (nghttp2_session_get_local_settings(session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS) != streams_) return false;
  auto kept = std::make_unique<Http2Rest>();
  kept->latest = latest;
  kept->window = nghttp2_session_get_remote_window_size(session);
  kept->owed = kConnectionWindow - nghttp2_session_get_local_window_size(session);
  if (kept->window < 0 || kept->owed < 0) return false;
  for (std::size_t i = 0; i < kept->settings.size(); ++i)
    kept->settings[i] = nghttp2_session_get_remote_settings(session, static_cast<nghttp2_settings_id>(i + 1));
  kept->priorities = nghttp2_session_get_remote_settings(session, NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES);
  silent_ = true;
  const bool whole = read_table(latest, kept->table);
  silent_ = false;
  if (!whole) {
    terminate(Http2Error::none);  // it has seen streams that there never were
    return false;
  }
  rest_ = std::move(kept);
  session_.reset();
  return true;
}

void Http2ServerSession::wake() {
  const std::unique_ptr<Http2Rest> kept = std::move(rest_);
  open();
  silent_ = true;
  if (!go_on(*kept)) nghttp2_session_terminate_session(session_.get(), NGHTTP2_INTERNAL_ERROR);
  silent_ = false;
  std::string credit;
  add_number(credit, static_cast<std::uint32_t>(kept->owed), 4);
  if (kept->owed > 0) ahead_ = frame(kWindowUpdate, 0, 0, credit);
}

bool Http2ServerSession::go_on(const Http2Rest& kept) {
  // Nothing of this is in the way of the answer that follows.
  std::string settings = setting(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0x7fffffff);
  if (kept.priorities <= 1) settings += setting(NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, kept.priorities);
  std::string begin(Http2Guard::kPreface);
  begin += frame(kSettings, 0, 0, settings) + frame(kHeaders, kEndHeaders | kEndStream, kept.latest, kGet);
  if (!feed(begin)) return false;
  Filler filler(static_cast<std::size_t>(std::max(0, kFirstWindow - kept.window)));
  attach(kept.latest, &filler);
  if (!answer(kept.latest, "HTTP/1.1 200 \r\n\r\n", true) || !drop_output()) return false;
  // On a stream that is over a block has no effect but on the table.
  std::string rest = frame(kHeaders, kEndHeaders | kEndStream, kept.latest, kept.table);
  std::string credit;
  add_number(credit, static_cast<std::uint32_t>(kept.window - kFirstWindow), 4);
  if (kept.window > kFirstWindow) rest += frame(kWindowUpdate, 0, 0, credit);
  settings.clear();
  for (std::size_t i = 0; i < kept.settings.size(); ++i) settings += setting(i + 1, kept.settings[i]);
  rest += frame(kSettings, 0, 0, settings) + frame(kSettings, kAck, 0, {});
  return feed(rest) && nghttp2_session_get_remote_window_size(session_.get()) == kept.window;
}

}  // namespace myelin::http
