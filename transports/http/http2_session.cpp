// nghttp2's callbacks, and what is asked of it.

#include "transports/http/http2_session.hpp"

#include <nghttp2/nghttp2.h>

#include <charconv>
#include <new>
#include <vector>

#include "engine/base/text.hpp"
#include "transports/http/syntax.hpp"

namespace myelin::http {

namespace {

constexpr std::int32_t kConnectionWindow = 1 << 20;  // of all streams together
constexpr std::int32_t kAnyStream = 0x7fffffff;      // "last stream" of the announcement that the end comes
constexpr std::size_t kMostContinuations = 64 * 1024;  // the guard counts them, and says so properly

std::string_view view(nghttp2_rcbuf* text) noexcept {
  const nghttp2_vec bytes = nghttp2_rcbuf_get_buf(text);
  return {reinterpret_cast<const char*>(bytes.base), bytes.len};
}

bool ends(const nghttp2_frame& frame) noexcept { return (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0; }
bool is_request(const nghttp2_frame& frame) noexcept {
  return frame.hd.type == NGHTTP2_HEADERS && frame.headers.cat == NGHTTP2_HCAT_REQUEST;
}

/// Streams are reset with these for reasons that are not the client's.
bool is_ours(std::uint32_t error) noexcept { return error == NGHTTP2_INTERNAL_ERROR || error == NGHTTP2_CANCEL; }

/// What is thrown must not pass through a C library.
template <class Work>
int shielded(Work work) noexcept {
  try {
    return work();
  } catch (...) {
    return NGHTTP2_ERR_CALLBACK_FAILURE;
  }
}

nghttp2_nv pair(std::string_view name, std::string_view value) noexcept {
  const auto bytes = [](std::string_view text) {
    return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
  };
  return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

}  // namespace

struct Http2Callbacks {
  static Http2Side* side(nghttp2_session* session, std::int32_t id) noexcept {
    return static_cast<Http2Side*>(nghttp2_session_get_stream_user_data(session, id));
  }

  // --- receiving -----------------------------------------------------------------------------------

  static int begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    Http2Session& self = *static_cast<Http2Session*>(user);
    if (is_request(*frame)) self.head_.begin();
    self.trailers_ = self.trailer_bytes_ = 0;
    return 0;
  }

  static int header(nghttp2_session*, const nghttp2_frame* frame, nghttp2_rcbuf* name, nghttp2_rcbuf* value,
                    std::uint8_t, void* user) {
    Http2Session& self = *static_cast<Http2Session*>(user);
    if (!is_request(*frame)) return self.trailer(view(name).size() + view(value).size() + 4);
    return shielded([&] {
      self.head_.add(view(name), view(value));
      return 0;
    });
  }

  /// A field that HTTP does not allow ends the request (REL-055, REL-058).
  static int invalid_header(nghttp2_session*, const nghttp2_frame*, nghttp2_rcbuf*, nghttp2_rcbuf*, std::uint8_t, void*) {
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }

  static int frame(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    Http2Session& self = *static_cast<Http2Session*>(user);
    return shielded([&] {
      const bool ping = frame->hd.type == NGHTTP2_PING;
      if (is_request(*frame)) {
        self.events_.request(frame->hd.stream_id, !ends(*frame));
      } else if (frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS) {
        Http2Side* to = side(session, frame->hd.stream_id);
        if (to && ends(*frame)) to->received_all();
      } else if (ping && (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) {
        self.events_.end_known();
      }
      return 0;
    });
  }

  static int data(nghttp2_session* session, std::uint8_t, std::int32_t id, const std::uint8_t* bytes, std::size_t size,
                  void*) {
    Http2Side* to = side(session, id);
    if (!to) return nghttp2_session_consume(session, id, size);
    return shielded([&] {
      to->received({reinterpret_cast<const char*>(bytes), size});
      return 0;
    });
  }

  static int stream_close(nghttp2_session* session, std::int32_t id, std::uint32_t, void*) {
    if (Http2Side* to = side(session, id)) to->closed();
    return 0;
  }

  // --- sending -------------------------------------------------------------------------------------

  static ssize_t send(nghttp2_session*, const std::uint8_t* bytes, std::size_t size, int, void* user) {
    std::string& out = *static_cast<Http2Session*>(user)->out_;
    if (out.size() >= Http2Session::kOutput) return NGHTTP2_ERR_WOULDBLOCK;
    const int failed = shielded([&] {
      out.append(reinterpret_cast<const char*>(bytes), size);
      return 0;
    });
    return failed != 0 ? failed : static_cast<ssize_t>(size);
  }

  static ssize_t read_body(nghttp2_session* session, std::int32_t id, std::uint8_t*, std::size_t size,
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
    return static_cast<ssize_t>(bytes);
  }

  /// What read_body() promised.
  static int send_body(nghttp2_session* session, nghttp2_frame* frame, const std::uint8_t* head, std::size_t size,
                       nghttp2_data_source*, void* user) {
    std::string& out = *static_cast<Http2Session*>(user)->out_;
    if (out.size() >= Http2Session::kOutput) return NGHTTP2_ERR_WOULDBLOCK;
    Http2Side* from = side(session, frame->hd.stream_id);
    if (!from || from->out.size() < size) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    return shielded([&] {
      constexpr std::size_t kFrameHeader = 9;
      out.append(reinterpret_cast<const char*>(head), kFrameHeader);
      out.append(from->out.substr(0, size));
      from->out.remove_prefix(size);
      from->taken();
      return 0;
    });
  }

  static int frame_sent(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    Http2Session& self = *static_cast<Http2Session*>(user);
    const std::int32_t id = frame->hd.stream_id;
    if (frame->hd.type == NGHTTP2_RST_STREAM && frame->rst_stream.error_code != NGHTTP2_NO_ERROR) {
      const std::uint32_t error = frame->rst_stream.error_code;
      if (!self.guard_.reset_sent(Clock::now())) self.terminate(Http2Error::calm);
      if (!is_ours(error)) return self.blame(false, error);
    } else if (frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.error_code != NGHTTP2_NO_ERROR) {
      return self.blame(true, frame->goaway.error_code);
    } else if (frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.last_stream_id == kAnyStream) {
      return nghttp2_submit_ping(session, NGHTTP2_FLAG_NONE, nullptr);
    } else if ((frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS) && ends(*frame)) {
      if (Http2Side* from = side(session, id)) from->sent_all();
      // The answer is complete: nobody wants the rest of the request (RFC 9113, 8.1).
      if (nghttp2_session_get_stream_remote_close(session, id) == 0)
        return nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id, NGHTTP2_NO_ERROR);
    }
    return 0;
  }

  static const nghttp2_session_callbacks* all() {
    static nghttp2_session_callbacks* const made = [] {
      nghttp2_session_callbacks* fresh = nullptr;
      if (nghttp2_session_callbacks_new(&fresh) != 0) throw std::bad_alloc();
      nghttp2_session_callbacks_set_on_begin_headers_callback(fresh, begin_headers);
      nghttp2_session_callbacks_set_on_header_callback2(fresh, header);
      nghttp2_session_callbacks_set_on_invalid_header_callback2(fresh, invalid_header);
      nghttp2_session_callbacks_set_on_frame_recv_callback(fresh, frame);
      nghttp2_session_callbacks_set_on_data_chunk_recv_callback(fresh, data);
      nghttp2_session_callbacks_set_on_stream_close_callback(fresh, stream_close);
      nghttp2_session_callbacks_set_send_callback(fresh, send);
      nghttp2_session_callbacks_set_send_data_callback(fresh, send_body);
      nghttp2_session_callbacks_set_on_frame_send_callback(fresh, frame_sent);
      return fresh;
    }();
    return made;
  }

  static const nghttp2_option* options() {
    static nghttp2_option* const made = [] {
      nghttp2_option* fresh = nullptr;
      if (nghttp2_option_new(&fresh) != 0) throw std::bad_alloc();
      nghttp2_option_set_no_auto_window_update(fresh, 1);
      nghttp2_option_set_max_continuations(fresh, kMostContinuations);
      return fresh;
    }();
    return made;
  }
};

void Http2Session::Delete::operator()(nghttp2_session* session) const noexcept { nghttp2_session_del(session); }

Http2Session::Http2Session(const Limits& limits, const Http2Limits& http2, Events& events)
    : head_(limits), guard_(http2), limits_(limits), events_(events) {
  nghttp2_session* made = nullptr;
  if (nghttp2_session_server_new2(&made, Http2Callbacks::all(), this, Http2Callbacks::options()) != 0)
    throw std::bad_alloc();
  session_.reset(made);
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, http2.streams},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(limits.head)},
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
  };
  if (nghttp2_submit_settings(made, NGHTTP2_FLAG_NONE, settings, std::size(settings)) != 0 ||
      nghttp2_session_set_local_window_size(made, NGHTTP2_FLAG_NONE, 0, kConnectionWindow) != 0)
    throw std::bad_alloc();
}

bool Http2Session::receive(std::string_view bytes) {
  if (!guard_.watch(bytes, Clock::now())) {
    terminate(Http2Error::calm);
    return true;
  }
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  return nghttp2_session_mem_recv(session_.get(), data, bytes.size()) >= 0;
}

int Http2Session::blame(bool connection, std::uint32_t error) noexcept {
  return shielded([&] {
    events_.blamed(connection, nghttp2_http2_strerror(error));
    return 0;
  });
}

/// Trailers are dropped (REL-067); too large ones end the stream (REL-014).
int Http2Session::trailer(std::size_t bytes) noexcept {
  trailer_bytes_ += bytes;
  const bool sound = ++trailers_ <= limits_.trailer_fields && trailer_bytes_ <= limits_.trailer_bytes;
  return sound ? 0 : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

bool Http2Session::output(std::string& to) {
  out_ = &to;
  return nghttp2_session_send(session_.get()) == 0;
}

void Http2Session::attach(std::int32_t id, Http2Side* side) noexcept {
  nghttp2_session_set_stream_user_data(session_.get(), id, side);
}

bool Http2Session::answer(std::int32_t id, std::string_view text, bool has_body) {
  thread_local std::vector<nghttp2_nv> fields;
  thread_local std::string names;
  fields.clear();
  names.assign(text);  // names are sent in lower case
  fields.push_back(pair(":status", text.substr(text.find(' ') + 1, 3)));
  for (std::size_t at = text.find("\r\n") + 2, end; (end = text.find("\r\n", at)) > at; at = end + 2) {
    const std::size_t colon = text.find(':', at);
    for (std::size_t i = at; i < colon; ++i) names[i] = text::lower(names[i]);
    const std::string_view name = std::string_view(names).substr(at, colon - at);
    fields.push_back(pair(name, syntax::trim(text.substr(colon + 1, end - colon - 1))));
  }
  nghttp2_data_provider body{};
  body.read_callback = Http2Callbacks::read_body;
  return nghttp2_submit_response(session_.get(), id, fields.data(), fields.size(), has_body ? &body : nullptr) == 0;
}

bool Http2Session::interim(std::int32_t id, std::string_view status) {
  const nghttp2_nv field = pair(":status", status);
  return nghttp2_submit_headers(session_.get(), NGHTTP2_FLAG_NONE, id, nullptr, &field, 1, nullptr) == 0;
}

void Http2Session::resume_body(std::int32_t id) noexcept { nghttp2_session_resume_data(session_.get(), id); }

void Http2Session::reset(std::int32_t id, Http2Error error) noexcept {
  nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, id, static_cast<std::uint32_t>(error));
}

void Http2Session::consumed(std::int32_t id, std::size_t bytes) noexcept {
  nghttp2_session_consume(session_.get(), id, bytes);
}

void Http2Session::announce_end() noexcept { nghttp2_submit_shutdown_notice(session_.get()); }

void Http2Session::refuse_more() noexcept {
  const std::int32_t last = nghttp2_session_get_last_proc_stream_id(session_.get());
  nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE, last, NGHTTP2_NO_ERROR, nullptr, 0);
}

void Http2Session::terminate(Http2Error error) noexcept {
  nghttp2_session_terminate_session(session_.get(), static_cast<std::uint32_t>(error));
}

bool Http2Session::over() const noexcept {
  return nghttp2_session_want_read(session_.get()) == 0 && nghttp2_session_want_write(session_.get()) == 0;
}

bool Http2Session::wants_output() const noexcept { return nghttp2_session_want_write(session_.get()) != 0; }

}  // namespace myelin::http
