#pragma once
// What the sessions of both sides make of nghttp2's callbacks. Only they include this.

#include <nghttp2/nghttp2.h>

#include <string_view>
#include <vector>

#include "transports/http/http2_session.hpp"

namespace myelin::http {

struct Http2Callbacks {
  /// What both sides do alike, bodies, the end of streams and output, with what one side makes of heads and frames.
  template <class Side>
  static const nghttp2_session_callbacks* of() {
    static nghttp2_session_callbacks* const made = [] {
      nghttp2_session_callbacks* fresh = make();
      nghttp2_session_callbacks_set_on_begin_headers_callback(fresh, Side::begin_headers);
      nghttp2_session_callbacks_set_on_header_callback2(fresh, Side::header);
      nghttp2_session_callbacks_set_on_frame_recv_callback(fresh, Side::frame);
      nghttp2_session_callbacks_set_on_frame_send_callback(fresh, Side::frame_sent);
      return fresh;
    }();
    return made;
  }
  static const nghttp2_option* options();

  /// Whoever is told about that stream, or null.
  static Http2Side* side(nghttp2_session* session, std::int32_t id) noexcept {
    return static_cast<Http2Side*>(nghttp2_session_get_stream_user_data(session, id));
  }

  static std::string_view view(nghttp2_rcbuf* text) noexcept {
    const nghttp2_vec bytes = nghttp2_rcbuf_get_buf(text);
    return {reinterpret_cast<const char*>(bytes.base), bytes.len};
  }
  static bool ends(const nghttp2_frame& frame) noexcept { return (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0; }

  static nghttp2_nv pair(std::string_view name, std::string_view value, bool secret = false) noexcept {
    const auto bytes = [](std::string_view text) {
      return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
    };
    const auto flags = static_cast<std::uint8_t>(secret ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE);
    return {bytes(name), bytes(value), name.size(), value.size(), flags};
  }
  /// The fields of a head that HTTP/1.1 would write so, into `to`; names in lower case, kept in `names`.
  static void fields(std::string_view text, std::string& names, std::vector<nghttp2_nv>& to);

  /// A body whose bytes are asked for at the side of the stream.
  static nghttp2_data_provider body() noexcept;

  /// What is thrown must not pass through a C library.
  template <class Work>
  static int shielded(Work work) noexcept {
    try {
      return work();
    } catch (...) {
      return NGHTTP2_ERR_CALLBACK_FAILURE;
    }
  }

 private:
  static nghttp2_session_callbacks* make();
  static int data(nghttp2_session* session, std::uint8_t, std::int32_t id, const std::uint8_t* bytes, std::size_t size, void*);
  static int stream_close(nghttp2_session* session, std::int32_t id, std::uint32_t error, void*);
  static int invalid_header(nghttp2_session*, const nghttp2_frame*, nghttp2_rcbuf*, nghttp2_rcbuf*, std::uint8_t, void*);
  static ssize_t send(nghttp2_session*, const std::uint8_t* bytes, std::size_t size, int, void* user);
  static ssize_t body_length(nghttp2_session*, std::uint8_t, std::int32_t, std::int32_t window, std::int32_t stream_window,
                             std::uint32_t most, void* user);
  static ssize_t read_body(nghttp2_session* session, std::int32_t id, std::uint8_t*, std::size_t size,
                           std::uint32_t* flags, nghttp2_data_source*, void*);
  static int submit_trailers(nghttp2_session* session, std::int32_t id, std::string_view lines);
  static int send_body(nghttp2_session* session, nghttp2_frame* frame, const std::uint8_t* head, std::size_t size,
                       nghttp2_data_source*, void* user);
};

}  // namespace myelin::http
