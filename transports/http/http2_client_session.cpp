// What a client makes of frames.

#include "transports/http/http2_client_session.hpp"

#include <algorithm>
#include <limits>
#include <new>

#include "transports/http/http2_callbacks.hpp"
#include "transports/http/syntax.hpp"

namespace myelin::http {

namespace {

constexpr std::uint32_t kStreamWindow = 65'535;  // as everywhere (REL-130)

/// What a back end sends is the answer to what we asked for; only header blocks can grow without end.
Http2Limits without_rates(Http2Limits limits) noexcept {
  limits.resets = limits.settings = limits.pings = std::numeric_limits<std::uint32_t>::max();
  return limits;
}

/// The path of a target in absolute form.
std::string_view path_of(std::string_view target) noexcept {
  const std::size_t scheme = target.find("://");
  if (target.starts_with('/') || scheme == std::string_view::npos) return target;
  const std::size_t path = target.find('/', scheme + 3);
  return path == std::string_view::npos ? std::string_view("/") : target.substr(path);
}

}  // namespace

struct Http2ClientCallbacks : Http2Callbacks {
  static Http2ClientSession& session_of(void* user) noexcept {
    return static_cast<Http2ClientSession&>(*static_cast<Http2Session*>(user));
  }
  static Http2AnswerSide* answer_side(nghttp2_session* session, std::int32_t id) noexcept {
    return static_cast<Http2AnswerSide*>(side(session, id));
  }

  // --- receiving -----------------------------------------------------------------------------------

  static int begin_headers(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    Http2ClientSession& self = session_of(user);
    const Http2AnswerSide* to = answer_side(session, frame->hd.stream_id);
    self.in_head_ = to && !to->has_head;
    self.head_refused_ = false;
    self.text_.clear();
    self.fields_ = 0;
    self.begin_trailers();
    return 0;
  }

  static int header(nghttp2_session* session, const nghttp2_frame* frame, nghttp2_rcbuf* name, nghttp2_rcbuf* value, std::uint8_t,
                    void* user) {
    Http2ClientSession& self = session_of(user);
    if (!self.in_head_) return self.trailer(side(session, frame->hd.stream_id), view(name), view(value));
    return shielded([&] {
      self.head_refused_ = self.head_refused_ || !self.add(view(name), view(value));
      return 0;
    });
  }

  static int frame(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    Http2ClientSession& self = session_of(user);
    return shielded([&] {
      if (frame->hd.type == NGHTTP2_GOAWAY) self.events_.takes_no_more();
      else if (frame->hd.type == NGHTTP2_SETTINGS) self.events_.changed();
      else if (frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) return message_part(self, session, *frame);
      return 0;
    });
  }

  static int message_part(Http2ClientSession& self, nghttp2_session* session, const nghttp2_frame& frame) {
    Http2AnswerSide* to = answer_side(session, frame.hd.stream_id);
    if (!to) return 0;
    if (frame.hd.type == NGHTTP2_HEADERS && self.in_head_) {
      self.text_ += "\r\n";
      if (self.head_refused_) self.text_.clear();
      if (!to->head(self.text_)) {
        self.reset(frame.hd.stream_id, Http2Error::protocol);
        return 0;
      }
    }
    if (ends(frame)) to->received_all();
    return 0;
  }

  // --- sending -------------------------------------------------------------------------------------

  static int frame_sent(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.error_code != NGHTTP2_NO_ERROR)
      return shielded([&] {
        session_of(user).events_.blamed(nghttp2_http2_strerror(frame->goaway.error_code));
        return 0;
      });
    if (frame->hd.type != NGHTTP2_DATA && frame->hd.type != NGHTTP2_HEADERS) return 0;
    Http2AnswerSide* from = answer_side(session, frame->hd.stream_id);
    if (from && frame->hd.type == NGHTTP2_HEADERS) from->head_sent();
    if (from && ends(*frame)) from->sent_all();
    return 0;
  }
};

Http2ClientSession::Http2ClientSession(const Limits& limits, const Http2Limits& http2, std::uint32_t streams, Events& events)
    : Http2Session(limits, without_rates(http2), Http2Guard::Opening::frames), events_(events) {
  nghttp2_session* made = nullptr;
  Http2Session* self = this;
  if (nghttp2_session_client_new2(&made, Http2Callbacks::of<Http2ClientCallbacks>(), self, Http2Callbacks::options()) != 0)
    throw std::bad_alloc();
  session_.reset(made);
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(limits.head)},
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
  };
  const std::uint64_t all_streams = std::min<std::uint64_t>(std::uint64_t{kStreamWindow} * streams, 0x7fffffff);
  if (nghttp2_submit_settings(made, NGHTTP2_FLAG_NONE, settings, std::size(settings)) != 0 ||
      nghttp2_session_set_local_window_size(made, NGHTTP2_FLAG_NONE, 0, static_cast<std::int32_t>(all_streams)) != 0)
    throw std::bad_alloc();
}

/// Puts the head together as text for the strict parser; nothing that could end a line gets into it. The layer
/// below has seen to it that `:status` comes first, and once. False: REL-011, REL-013, REL-058.
bool Http2ClientSession::add(std::string_view name, std::string_view value) {
  if (!syntax::is_value(value) || text_.size() + name.size() + value.size() + 4 > limits_.head) return false;
  if (name == ":status") {
    text_ += "HTTP/1.1 ";
    text_ += value;
    text_ += "\r\n";
    return true;
  }
  if (!syntax::is_token(name) || ++fields_ > limits_.fields) return false;
  text_ += name;
  text_ += ": ";
  text_ += value;
  text_ += "\r\n";
  return true;
}

bool Http2ClientSession::request(Http2AnswerSide& side, std::string_view text, std::string_view scheme, bool has_body) {
  thread_local std::vector<nghttp2_nv> fields;
  thread_local std::string names;
  constexpr std::string_view kHost = "Host: ", kConnection = "connection";
  const std::string_view line = text.substr(0, text.find("\r\n"));
  const std::string_view method = line.substr(0, line.find(' '));
  const std::string_view target = line.substr(method.size() + 1, line.rfind(' ') - method.size() - 1);
  const std::string_view host_and_more = text.substr(line.size() + 2);  // Host is written first, Connection last
  const std::string_view host = host_and_more.substr(kHost.size(), host_and_more.find("\r\n") - kHost.size());
  fields.assign({Http2Callbacks::pair(":method", method), Http2Callbacks::pair(":scheme", scheme),
                 Http2Callbacks::pair(":authority", host), Http2Callbacks::pair(":path", path_of(target))});
  Http2Callbacks::fields(host_and_more, names, fields);
  if (std::string_view(reinterpret_cast<const char*>(fields.back().name), fields.back().namelen) == kConnection) fields.pop_back();
  nghttp2_data_provider body = Http2Callbacks::body();
  const std::int32_t id = nghttp2_submit_request(session_.get(), nullptr, fields.data(), fields.size(),
                                                 has_body ? &body : nullptr, static_cast<Http2Side*>(&side));
  side.id = id;
  return id > 0;
}

std::uint32_t Http2ClientSession::most_streams() const noexcept {
  return nghttp2_session_get_remote_settings(session_.get(), NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
}

}  // namespace myelin::http
