#include "tests/differential/http2_client.hpp"

#include <nghttp2/nghttp2.h>

#include <cstdlib>
#include <memory>
#include <set>

namespace myelin::differential {
namespace {

namespace frame = test::frame;
using test::Stream;

/// What the frames of a server say.
class Answers {
 public:
  Answers() { nghttp2_hd_inflate_new(&inflater_); }
  ~Answers() { nghttp2_hd_inflate_del(inflater_); }
  Answers(const Answers&) = delete;
  Answers& operator=(const Answers&) = delete;

  /// Takes whole frames off `bytes`. False: nothing else is to be expected.
  bool take(std::string& bytes) {
    while (bytes.size() >= 9) {
      const std::size_t size = test::number_of(std::string(1, '\0') + bytes.substr(0, 3));
      if (bytes.size() < 9 + size) break;
      note(static_cast<unsigned char>(bytes[3]), static_cast<unsigned char>(bytes[4]), test::number_of(bytes.substr(5, 4)),
           bytes.substr(9, size));
      bytes.erase(0, 9 + size);
    }
    return over_.size() < 2 && !gone_;
  }
  int status = 0;
  std::string end = "nothing";

 private:
  void note(std::uint8_t type, std::uint8_t flags, std::uint32_t id, const std::string& payload) {
    const bool odd = id == 1;
    if (type == frame::headers) note_head(odd, payload);
    const bool ends = (type == frame::headers || type == frame::data) && (flags & frame::kEndStream) != 0;
    if (ends && odd) end = "answered";
    if (type == frame::reset && odd && end == "nothing") end = "reset " + std::to_string(test::number_of(payload));
    if (ends || type == frame::reset) over_.insert(id);
    if (type != frame::goaway || test::number_of(payload.substr(4)) == 0) return;
    gone_ = true;
    if (end == "nothing") end = "goaway " + std::to_string(test::number_of(payload.substr(4)));
  }
  void note_head(bool odd, const std::string& block) {
    const auto* in = reinterpret_cast<const std::uint8_t*>(block.data());
    std::size_t left = block.size();
    for (int flags = 0; (flags & NGHTTP2_HD_INFLATE_FINAL) == 0;) {
      nghttp2_nv field{};
      const auto used = nghttp2_hd_inflate_hd2(inflater_, &field, &flags, in, left, 1);
      if (used < 0) return;
      in += used;
      left -= static_cast<std::size_t>(used);
      const std::string name(reinterpret_cast<char*>(field.name), field.namelen);
      if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0 && odd && name == ":status")
        status = std::atoi(std::string(reinterpret_cast<char*>(field.value), field.valuelen).c_str());
    }
    nghttp2_hd_inflate_end_headers(inflater_);
  }

  nghttp2_hd_inflater* inflater_ = nullptr;
  std::set<std::uint32_t> over_;
  bool gone_ = false;
};

}  // namespace

std::string Http2Outcome::text() const {
  std::string all;
  for (const Reading& reading : readings) all += "\n    " + reading.text();
  return all + "\n    " + end + ' ' + std::to_string(status);
}

Http2Outcome send_http2(Server& server, std::string_view odd, test::Millis patience) {
  Http2Outcome outcome;
  const auto stream = Stream::connect(server.port());
  if (!stream) return outcome;
  const std::string greeting = std::string(test::kPreface) + test::frame_of(frame::settings, 0, 0);
  const std::string end = test::frame_of(frame::headers, frame::kEndHeaders | frame::kEndStream, 3, test::hpack(test::request_fields("GET", "/end")));
  stream->write(greeting + std::string(odd) + end);
  Answers answers;
  std::string bytes;
  while (answers.take(bytes) && stream->read(bytes, patience) == Stream::End::data) {
  }
  answers.take(bytes);
  stream->shut();
  outcome.status = answers.status;
  outcome.end = answers.end;
  outcome.readings = server.recorder().take();
  return outcome;
}

}  // namespace myelin::differential
