#pragma once
// An HTTP/2 client, or a back end, that sends exactly the frames it is told, over a Peer; nghttp2 decompresses what comes.

#include <nghttp2/nghttp2.h>

#include <map>
#include <optional>

#include "tests/support/http2_frames.hpp"
#include "tests/unit/http/wire.hpp"

namespace myelin::http::test {

using namespace ::myelin::test;

/// What came on one stream.
struct Http2Answer {
  Fields fields, trailers;
  std::string body;
  std::vector<std::string> interim;     ///< statuses of 1xx answers
  bool ended = false;                   ///< END_STREAM
  std::optional<std::uint32_t> reset;   ///< error code of RST_STREAM

  std::string field(std::string_view name) const {
    for (const auto& [key, value] : fields)
      if (key == name) return value;
    return {};
  }
  int status() const { return fields.empty() ? 0 : std::stoi(field(":status")); }
};

class Http2Peer {
 public:
  struct Frame {
    std::uint8_t type = 255, flags = 0;
    std::uint32_t id = 0;
    std::string payload;
  };

  explicit Http2Peer(Peer peer) : peer_(std::move(peer)) { nghttp2_hd_inflate_new(&inflater_); }
  ~Http2Peer() { nghttp2_hd_inflate_del(inflater_); }
  Http2Peer(const Http2Peer&) = delete;
  Http2Peer& operator=(const Http2Peer&) = delete;

  /// Sends the preface with the settings `ours` and takes the server's.
  Http2Peer& greet(std::string_view ours = {}) {
    send(std::string(kPreface) + frame_of(frame::settings, 0, 0, ours));
    while (!greeted && read()) {
    }
    EXPECT_TRUE(greeted);
    send(frame_of(frame::settings, frame::kAck, 0));
    return *this;
  }
  /// The same for a back end: takes the preface and the client's settings, sends its own.
  Http2Peer& welcome(std::string_view ours = {}) {
    EXPECT_EQ(peer_.read_bytes(kPreface.size()), kPreface);
    send(frame::settings, 0, 0, ours);
    while (!greeted && read()) {
    }
    EXPECT_TRUE(greeted);
    send(frame::settings, frame::kAck, 0);
    return *this;
  }
  /// An answer; its body follows unless it is empty and `ends`.
  void respond(std::uint32_t id, std::string_view status, std::string_view body = {}, const Fields& more = {}, bool ends = true) {
    Fields fields{{":status", std::string(status)}};
    fields.insert(fields.end(), more.begin(), more.end());
    const auto end = static_cast<std::uint8_t>(ends ? frame::kEndStream : 0);
    const auto flags = static_cast<std::uint8_t>(frame::kEndHeaders | (body.empty() ? end : 0));
    send(frame::headers, flags, id, hpack(fields));
    if (!body.empty()) send(frame::data, end, id, body);
  }
  bool send(std::string_view bytes) { return peer_.send(bytes); }
  bool send(std::uint8_t type, std::uint8_t flags, std::uint32_t id, std::string_view payload = {}) {
    return send(frame_of(type, flags, id, payload));
  }
  /// A request; more of it follows unless `ends`. Returns its stream.
  std::uint32_t request(const Fields& fields, bool ends = true) {
    const std::uint32_t id = next_id;
    next_id += 2;
    const auto flags = static_cast<std::uint8_t>(frame::kEndHeaders | (ends ? frame::kEndStream : 0));
    send(frame::headers, flags, id, hpack(fields));
    return id;
  }
  std::uint32_t get(std::string_view path, const Fields& more = {}) { return request(request_fields("GET", path, more)); }
  std::uint32_t post(std::string_view path, std::string_view body, const Fields& more = {}) {
    const std::uint32_t id = request(request_fields("POST", path, more), false);
    send(frame::data, frame::kEndStream, id, body);
    return id;
  }
  /// Gives room for that many bytes; stream 0: the connection.
  void give_room(std::uint32_t id, std::uint32_t bytes) { send(frame::window, 0, id, big_endian(bytes)); }

  /// Takes one frame and notes what it says; false at the end of the connection.
  bool read() {
    const std::string head = peer_.read_bytes(9);
    if (head.size() < 9) return false;
    last = Frame{static_cast<std::uint8_t>(head[3]), static_cast<std::uint8_t>(head[4]),
                 number_of(std::string_view(head).substr(5)), {}};
    const std::size_t size = number_of(std::string(1, '\0') + head.substr(0, 3));
    last.payload = peer_.read_bytes(size);
    if (last.payload.size() != size) return false;
    ++frames[last.type];
    note();
    return true;
  }
  /// Reads until the stream has ended or was reset.
  Http2Answer& answer(std::uint32_t id) {
    while (!answers[id].ended && !answers[id].reset && read()) {
    }
    return answers[id];
  }
  /// Reads until the stream was reset: the error code.
  std::optional<std::uint32_t> await_reset(std::uint32_t id) {
    while (!answers[id].reset && read()) {
    }
    return answers[id].reset;
  }
  Http2Answer& exchange(std::string_view path) { return answer(get(path)); }
  /// Reads to GOAWAY (the last one, when the connection ends behind it) and its error code; -1: none came.
  int goaway_code() {
    while (read()) {
    }
    return goaway ? static_cast<int>(*goaway) : -1;
  }
  /// Reads up to the next frame of that type.
  bool read_to(std::uint8_t type) {
    while (read())
      if (last.type == type) return true;
    return false;
  }
  Peer& peer() { return peer_; }

  Frame last;
  std::map<std::uint32_t, Http2Answer> answers;
  std::map<std::uint8_t, int> frames;             ///< how many of each type came
  std::map<std::uint16_t, std::uint32_t> settings;  ///< the server's
  std::map<std::uint32_t, std::size_t> room;      ///< WINDOW_UPDATE per stream
  std::optional<std::uint32_t> goaway;            ///< error code
  std::uint32_t goaway_last = 0;                  ///< last stream
  std::string ping_payload;                       ///< of the last PING
  std::uint32_t next_id = 1;
  bool greeted = false;

 private:
  void note() {
    Http2Answer& answer = answers[last.id];
    switch (last.type) {
      case frame::headers: note_headers(answer); break;
      case frame::data: answer.body += last.payload; break;
      case frame::reset: answer.reset = number_of(last.payload); break;
      case frame::settings:
        if ((last.flags & frame::kAck) != 0) break;
        greeted = true;
        for (std::size_t at = 0; at < last.payload.size(); at += 6)
          settings[static_cast<std::uint16_t>(number_of(std::string(2, '\0') + last.payload.substr(at, 2)))] =
              number_of(last.payload.substr(at + 2, 4));
        break;
      case frame::goaway:
        goaway_last = number_of(last.payload);
        goaway = number_of(std::string_view(last.payload).substr(4));
        break;
      case frame::ping: ping_payload = last.payload; break;
      case frame::window: room[last.id] += number_of(last.payload); break;
      default: break;
    }
    const bool may_end = last.type == frame::data || last.type == frame::headers;
    if (may_end && (last.flags & frame::kEndStream) != 0) answer.ended = true;
  }
  void note_headers(Http2Answer& answer) {
    EXPECT_NE(last.flags & frame::kEndHeaders, 0);
    Fields fields;
    const auto* in = reinterpret_cast<const std::uint8_t*>(last.payload.data());
    std::size_t left = last.payload.size();
    for (;;) {
      nghttp2_nv field{};
      int flags = 0;
      const auto used = nghttp2_hd_inflate_hd2(inflater_, &field, &flags, in, left, 1);
      ASSERT_GE(used, 0);
      in += used;
      left -= static_cast<std::size_t>(used);
      if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0)
        fields.emplace_back(std::string(reinterpret_cast<char*>(field.name), field.namelen),
                            std::string(reinterpret_cast<char*>(field.value), field.valuelen));
      if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) break;
    }
    nghttp2_hd_inflate_end_headers(inflater_);
    const bool interim = !fields.empty() && fields.front().first == ":status" && fields.front().second.starts_with('1');
    if (interim) answer.interim.push_back(fields.front().second);
    else (answer.fields.empty() ? answer.fields : answer.trailers) = fields;
  }

  Peer peer_;
  nghttp2_hd_inflater* inflater_ = nullptr;
};

/// A shard that asks a back end by HTTP/2 in clear text, and the back end's side of it.
class Http2Backend {
 public:
  explicit Http2Backend(Config config = Config()) : proxy(backend.port(), std::move(config)) {
    proxy.pipeline.adjust = [this](OutgoingRequest& request) {
      request.http2 = true;
      if (adjust) adjust(request);
    };
    proxy.start();
  }
  /// Its next connection, greeted.
  std::unique_ptr<Http2Peer> accept(std::string_view settings = {}) {
    auto peer = std::make_unique<Http2Peer>(backend.accept());
    peer->welcome(settings);
    return peer;
  }
  /// A client that has sent that.
  Peer client(std::string_view bytes) {
    Peer peer = proxy.connect();
    peer.send(bytes);
    return peer;
  }
  const Counters& counters() const { return proxy.running.shard->counters(); }

  std::function<void(OutgoingRequest&)> adjust;  ///< set before the first request
  Backend backend;
  Proxy proxy;
};

/// A shard with `pipeline`, started.
class Http2Server {
 public:
  explicit Http2Server(Pipeline& pipeline, Config config = Config()) : running(std::move(config), pipeline) {
    running.start();
  }
  Http2Peer peer() const { return Http2Peer(running.connect()); }
  const Counters& counters() const { return running.shard->counters(); }
  Running running;
};

/// Such a server with a pipeline of that kind, and a client that has greeted it.
template <class Kind>
struct Greeted {
  Greeted() { client.greet(); }
  Kind pipeline;
  Http2Server server{pipeline};
  Http2Peer client{server.running.connect()};
};

}  // namespace myelin::http::test
