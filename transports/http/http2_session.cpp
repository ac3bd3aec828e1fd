// What both sides ask of nghttp2, and its callbacks that are the same for both.

#include "transports/http/http2_session.hpp"

#include <algorithm>
#include <new>

#include "transports/http/http2_callbacks.hpp"
#include "transports/http/syntax.hpp"

namespace myelin::http {

namespace {

constexpr std::size_t kFrameHeader = 9;
constexpr std::size_t kMostContinuations = 64 * 1024;  // the guard counts them, and says so properly

/// Fields that stay out of the table that all exchanges of a connection compress with (RFC 7541, 7.1).
bool is_secret(std::string_view name) noexcept {
  return name == "authorization" || name == "cookie" || name == "set-cookie" || name == "proxy-authorization";
}

}  // namespace

// --- receiving ----------------------------------------------------------------------------------------

int Http2Callbacks::data(nghttp2_session* session, std::uint8_t, std::int32_t id, const std::uint8_t* bytes,
                         std::size_t size, void*) {
  Http2Side* to = side(session, id);
  if (!to) return nghttp2_session_consume(session, id, size);
  return shielded([&] {
    to->received({reinterpret_cast<const char*>(bytes), size});
    return 0;
  });
}

int Http2Callbacks::stream_close(nghttp2_session* session, std::int32_t id, std::uint32_t error, void*) {
  if (Http2Side* to = side(session, id))
    return shielded([&] {
      to->closed(static_cast<Http2Error>(error));
      return 0;
    });
  return 0;
}

/// A field that HTTP does not allow ends the message (REL-055, REL-058).
int Http2Callbacks::invalid_header(nghttp2_session*, const nghttp2_frame*, nghttp2_rcbuf*, nghttp2_rcbuf*, std::uint8_t,
                                   void*) {
  return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

// --- sending --------------------------------------------------------------------------------------------

ssize_t Http2Callbacks::send(nghttp2_session*, const std::uint8_t* bytes, std::size_t size, int, void* user) {
  std::string& out = *static_cast<Http2Session*>(user)->out_;
  if (out.size() >= Http2Session::kOutput) return NGHTTP2_ERR_WOULDBLOCK;
  const int failed = shielded([&] {
    out.append(reinterpret_cast<const char*>(bytes), size);
    return 0;
  });
  return failed != 0 ? failed : static_cast<ssize_t>(size);
}

/// Frames fill the output exactly, so that TLS makes of it full records and no remnants.
ssize_t Http2Callbacks::body_length(nghttp2_session*, std::uint8_t, std::int32_t, std::int32_t window, std::int32_t stream_window,
                                    std::uint32_t most, void* user) {
  constexpr std::size_t kLeast = 1024, kMost = 16 * 1024;
  const std::size_t used = static_cast<Http2Session*>(user)->out_->size() + kFrameHeader;
  const std::size_t room = used + kLeast < Http2Session::kOutput ? Http2Session::kOutput - used : kLeast;
  const auto allowed = static_cast<std::size_t>(std::min(window, stream_window));
  return static_cast<ssize_t>(std::min({room, allowed, std::size_t{most}, kMost}));
}

ssize_t Http2Callbacks::read_body(nghttp2_session* session, std::int32_t id, std::uint8_t*, std::size_t size,
                                  std::uint32_t* flags, nghttp2_data_source*, void*) {
  Http2Side* from = side(session, id);
  if (!from) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  const std::size_t bytes = std::min(size, from->out.size());
  const bool last = bytes == from->out.size() && from->out_is_last;
  if (bytes == 0 && !last) {
    from->out_waits = true;
    return NGHTTP2_ERR_DEFERRED;
  }
  *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (last) *flags |= NGHTTP2_DATA_FLAG_EOF;
  if (!last || from->out_trailers.empty()) return static_cast<ssize_t>(bytes);
  *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
  const int failed = shielded([&] { return submit_trailers(session, id, from->out_trailers); });
  if (failed != 0) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  return static_cast<ssize_t>(bytes);
}

/// What read_body() promised.
int Http2Callbacks::send_body(nghttp2_session* session, nghttp2_frame* frame, const std::uint8_t* head, std::size_t size,
                              nghttp2_data_source*, void* user) {
  std::string& out = *static_cast<Http2Session*>(user)->out_;
  if (out.size() >= Http2Session::kOutput) return NGHTTP2_ERR_WOULDBLOCK;
  Http2Side* from = side(session, frame->hd.stream_id);
  if (!from || from->out.size() < size) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  return shielded([&] {
    out.append(reinterpret_cast<const char*>(head), kFrameHeader);
    out.append(from->out.substr(0, size));
    from->out.remove_prefix(size);
    from->taken();
    return 0;
  });
}

int Http2Callbacks::submit_trailers(nghttp2_session* session, std::int32_t id, std::string_view lines) {
  const std::string text = "\r\n" + std::string(lines) + "\r\n";  // as behind a start line
  std::string names;
  std::vector<nghttp2_nv> trailers;
  fields(text, names, trailers);
  return nghttp2_submit_trailer(session, id, trailers.data(), trailers.size());
}

nghttp2_data_provider Http2Callbacks::body() noexcept {
  nghttp2_data_provider body{};
  body.read_callback = read_body;
  return body;
}

void Http2Callbacks::fields(std::string_view text, std::string& names, std::vector<nghttp2_nv>& to) {
  names.assign(text);
  syntax::lower(names);  // as they are sent
  for (std::size_t at = text.find('\r') + 2, end; (end = text.find('\r', at)) > at; at = end + 2) {
    const std::size_t colon = text.find(':', at);
    const std::string_view name = std::string_view(names).substr(at, colon - at);
    to.push_back(pair(name, syntax::trim(text.substr(colon + 1, end - colon - 1)), is_secret(name)));
  }
}

// --- making one -----------------------------------------------------------------------------------------

nghttp2_session_callbacks* Http2Callbacks::make() {
  nghttp2_session_callbacks* fresh = nullptr;
  if (nghttp2_session_callbacks_new(&fresh) != 0) throw std::bad_alloc();
  nghttp2_session_callbacks_set_on_invalid_header_callback2(fresh, invalid_header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(fresh, data);
  nghttp2_session_callbacks_set_on_stream_close_callback(fresh, stream_close);
  nghttp2_session_callbacks_set_send_callback(fresh, send);
  nghttp2_session_callbacks_set_send_data_callback(fresh, send_body);
  nghttp2_session_callbacks_set_data_source_read_length_callback(fresh, body_length);
  return fresh;
}

const nghttp2_option* Http2Callbacks::options() {
  static nghttp2_option* const made = [] {
    nghttp2_option* fresh = nullptr;
    if (nghttp2_option_new(&fresh) != 0) throw std::bad_alloc();
    nghttp2_option_set_no_auto_window_update(fresh, 1);
    nghttp2_option_set_max_continuations(fresh, kMostContinuations);
    return fresh;
  }();
  return made;
}

void Http2Session::Delete::operator()(nghttp2_session* session) const noexcept { nghttp2_session_del(session); }

Http2Session::Http2Session(const Limits& limits, const Http2Limits& http2, Http2Guard::Opening opening)
    : limits_(limits), guard_(http2, opening) {}

bool Http2Session::receive(std::string_view bytes) {
  if (!guard_.watch(bytes, Clock::now())) {
    terminate(guard_.error());
    return true;
  }
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  const bool sound = nghttp2_session_mem_recv(session_.get(), data, bytes.size()) >= 0;
  for (const std::uint32_t id : guard_.strays()) reset(static_cast<std::int32_t>(id), Http2Error::stream_closed);
  return sound;
}

int Http2Session::trailer(Http2Side* to, std::string_view name, std::string_view value) noexcept {
  trailer_bytes_ += name.size() + value.size() + 4;
  const bool fits = ++trailers_ <= limits_.trailer_fields && trailer_bytes_ <= limits_.trailer_bytes;
  if (!fits || !syntax::is_token(name) || !syntax::is_value(value)) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  return Http2Callbacks::shielded([&] {
    if (to) to->trailer(name, value);
    return 0;
  });
}

bool Http2Session::output(std::string& to) {
  out_ = &to;
  return nghttp2_session_send(session_.get()) == 0;
}

void Http2Session::attach(std::int32_t id, Http2Side* side) noexcept {
  nghttp2_session_set_stream_user_data(session_.get(), id, side);
}

void Http2Session::resume_body(std::int32_t id) noexcept { nghttp2_session_resume_data(session_.get(), id); }

void Http2Session::reset(std::int32_t id, Http2Error error) noexcept {
  nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, id, static_cast<std::uint32_t>(error));
}

void Http2Session::consumed(std::int32_t id, std::size_t bytes) noexcept {
  nghttp2_session_consume(session_.get(), id, bytes);
}

void Http2Session::terminate(Http2Error error) noexcept {
  nghttp2_session_terminate_session(session_.get(), static_cast<std::uint32_t>(error));
}

bool Http2Session::over() const noexcept {
  return nghttp2_session_want_read(session_.get()) == 0 && nghttp2_session_want_write(session_.get()) == 0;
}

}  // namespace myelin::http
