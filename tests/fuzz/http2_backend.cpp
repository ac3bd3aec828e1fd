// Fuzz target: frames of back ends that speak HTTP/2 (REL-005, REL-071). The first byte says in which pieces they come.
// Three requests are under way: one without a body, one with, one whose body waits for more.

#include <algorithm>
#include <array>

#include "tests/fuzz/http2_frames.hpp"
#include "transports/http/http2_client_session.hpp"

using namespace myelin::http;
using namespace myelin::fuzz;

namespace {

class Side final : public NotedSide<Http2AnswerSide> {
 public:
  void head_sent() override {}
  bool head(std::string_view text) override {
    note(!has_head && !ended && !is_closed);
    if (text.empty()) return false;
    const std::vector<char> exactly = exact(text);
    HeadParser parser{Limits{}};
    ResponseHead head;
    std::size_t consumed = 0;
    const Parse state = parser.response({exactly.data(), exactly.size()}, "GET", head, consumed);
    note(state == Parse::bad || (state == Parse::done && consumed == text.size()), "one head, or none");
    if (state == Parse::bad) return false;
    heads += text;
    has_head = head.status >= 200;
    if (has_head) trailers.begin("application/grpc");
    return true;
  }
  std::string heads;
};

class BackEnd final : public Http2ClientSession::Events {
 public:
  BackEnd() : session_(Limits(), Http2Limits(), 100, *this) {
    const std::string_view head = "POST /a HTTP/1.1\r\nHost: h\r\nX-A: b\r\nCookie: c=d\r\n\r\n";
    sides_[0].out_is_last = sides_[1].out_is_last = true;
    sides_[1].out = "body";
    sides_[1].out_trailers = "x-sum: 1\r\n";
    for (std::size_t i = 0; i < sides_.size(); ++i) require(session_.request(sides_[i], head, "http", i > 0));
    write();
  }

  bool send(std::string_view piece) {
    if (!session_.receive(piece)) dead = true;
    if (dead) return false;
    for (Side& side : sides_) session_.consumed(side.id, std::exchange(side.unread, 0));
    if (std::exchange(sides_[2].out_waits, false) && !sides_[2].out_is_last) {
      sides_[2].out = "late";
      sides_[2].out_is_last = true;
      session_.resume_body(sides_[2].id);
    }
    write();
    return !dead && !session_.over();
  }
  /// An error has ended something; what was taken before that depends on the pieces.
  bool failed() const {
    return blamed_ || dead || std::any_of(sides_.begin(), sides_.end(), [](const Side& one) { return one.failed; });
  }
  std::string told() const {
    std::string all;
    for (const Side& side : sides_) all += side.heads + side.told() + '\n';
    return all;
  }

 private:
  void takes_no_more() override {}
  void changed() override { note(session_.most_streams() <= 0xffff'ffff); }
  void blamed(const char*) override { blamed_ = true; }

  void write() {
    std::string all;
    for (std::string out;; out.clear()) {
      if (!session_.output(out)) dead = true;
      if (dead || out.empty()) break;
      all += out;
    }
    if (all.starts_with("PRI ")) all.erase(0, 24);
    if (!dead) require_frames(all);
  }

  bool blamed_ = false, dead = false;
  std::array<Side, 3> sides_;
  Http2ClientSession session_;
};

void run(std::string_view input) {
  if (input.empty()) return;
  noted().clear();
  BackEnd whole, pieces;
  in_pieces(input.substr(1), 0, [&](std::string_view piece) { return whole.send(piece); });
  in_pieces(input.substr(1), 1 + static_cast<unsigned char>(input[0]), [&](std::string_view piece) { return pieces.send(piece); });
  require(noted().empty(), noted());
  if (!whole.failed() && !pieces.failed()) require(whole.told() == pieces.told(), "in any pieces");
}

}  // namespace

MYELIN_FUZZ_TARGET(http2_backend, run);
