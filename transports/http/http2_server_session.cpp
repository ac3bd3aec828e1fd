// What a server makes of frames.

#include "transports/http/http2_server_session.hpp"

#include <new>

#include "transports/http/http2_callbacks.hpp"

namespace myelin::http {

namespace {

constexpr std::int32_t kConnectionWindow = 1 << 20;  // of all streams together
constexpr std::int32_t kAnyStream = 0x7fffffff;      // "last stream" of the announcement that the end comes

bool is_request(const nghttp2_frame& frame) noexcept {
  return frame.hd.type == NGHTTP2_HEADERS && frame.headers.cat == NGHTTP2_HCAT_REQUEST;
}

/// Streams are reset with these for reasons that are not the client's.
bool is_ours(std::uint32_t error) noexcept { return error == NGHTTP2_INTERNAL_ERROR || error == NGHTTP2_CANCEL; }

}  // namespace

struct Http2ServerCallbacks : Http2Callbacks {
  static Http2ServerSession& session_of(void* user) noexcept {
    return static_cast<Http2ServerSession&>(*static_cast<Http2Session*>(user));
  }

  static int begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    Http2ServerSession& self = session_of(user);
    if (is_request(*frame)) self.head_.begin();
    self.begin_trailers();
    return 0;
  }

  static int header(nghttp2_session* session, const nghttp2_frame* frame, nghttp2_rcbuf* name, nghttp2_rcbuf* value,
                    std::uint8_t, void* user) {
    Http2ServerSession& self = session_of(user);
    if (!is_request(*frame)) return self.trailer(side(session, frame->hd.stream_id), view(name), view(value));
    return shielded([&] {
      self.head_.add(view(name), view(value));
      return 0;
    });
  }

  static int frame(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    Http2ServerSession& self = session_of(user);
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

  static int frame_sent(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    Http2ServerSession& self = session_of(user);
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
};

Http2ServerSession::Http2ServerSession(const Limits& limits, const Http2Limits& http2, Events& events)
    : Http2Session(limits, http2, Http2Guard::Opening::preface), head_(limits_), events_(events) {
  nghttp2_session* made = nullptr;
  Http2Session* self = this;
  if (nghttp2_session_server_new2(&made, Http2Callbacks::of<Http2ServerCallbacks>(), self, Http2Callbacks::options()) != 0)
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

int Http2ServerSession::blame(bool connection, std::uint32_t error) noexcept {
  return Http2Callbacks::shielded([&] {
    events_.blamed(connection, nghttp2_http2_strerror(error));
    return 0;
  });
}

bool Http2ServerSession::answer(std::int32_t id, std::string_view text, bool has_body) {
  thread_local std::vector<nghttp2_nv> fields;
  thread_local std::string names;
  fields.clear();
  fields.push_back(Http2Callbacks::pair(":status", text.substr(text.find(' ') + 1, 3)));
  Http2Callbacks::fields(text, names, fields);
  nghttp2_data_provider body = Http2Callbacks::body();
  return nghttp2_submit_response(session_.get(), id, fields.data(), fields.size(), has_body ? &body : nullptr) == 0;
}

bool Http2ServerSession::interim(std::int32_t id, std::string_view status) {
  const nghttp2_nv field = Http2Callbacks::pair(":status", status);
  return nghttp2_submit_headers(session_.get(), NGHTTP2_FLAG_NONE, id, nullptr, &field, 1, nullptr) == 0;
}

void Http2ServerSession::announce_end() noexcept { nghttp2_submit_shutdown_notice(session_.get()); }

void Http2ServerSession::refuse_more() noexcept {
  const std::int32_t last = nghttp2_session_get_last_proc_stream_id(session_.get());
  nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE, last, NGHTTP2_NO_ERROR, nullptr, 0);
}

}  // namespace myelin::http
