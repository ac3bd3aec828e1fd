// Fuzz target: frames of HTTP/2 clients (REL-005, REL-041). The first byte says in which pieces they come; the preface is
// put in front. Each request is judged as by the listener, and answered with its body.

#include <algorithm>
#include <map>
#include <memory>

#include "tests/fuzz/http2_frames.hpp"
#include "transports/http/http2_server_session.hpp"

using namespace myelin::http;
using namespace myelin::fuzz;

namespace {

struct Side final : NotedSide<Http2Side> {
  bool answered = false;
};

class Client final : public Http2ServerSession::Events {
 public:
  Client() : session_(limits_, {}, *this) {}

  /// False: the connection is over.
  bool send(std::string_view piece) {
    const bool sound = session_.receive(piece);
    if (!sound) dead = true;
    if (!sound) return false;
    for (auto& [id, side] : sides_) {
      session_.consumed(id, std::exchange(side->unread, 0));
      if (side->ended && !side->answered && !side->is_closed) answer(id, *side);
    }
    for (std::string out;; out.clear()) {
      if (!session_.output(out)) dead = true;
      if (dead || out.empty()) break;
      require_frames(out);
    }
    return !dead && !session_.over();
  }

  /// An error has ended something; what was taken before that depends on the pieces.
  bool failed() const {
    return blamed_ || dead || std::any_of(sides_.begin(), sides_.end(), [](const auto& one) { return one.second->failed; });
  }
  std::string told() const {
    std::string all = heads_;
    for (const auto& [id, side] : sides_) all += std::to_string(id) + ' ' + side->told() + '\n';
    return all;
  }

 private:
  void request(std::int32_t id, bool body_follows) override {
    note(id % 2 == 1 && id > last_, "streams go up");
    last_ = id;
    const std::string_view text = session_.head().finish(body_follows);
    if (text.empty()) {
      const int status = session_.head().refusal().status;
      note(status >= 400 && status < 600);
      session_.answer(id, "HTTP/1.1 " + std::to_string(status) + " no\r\n\r\n", false);
      return;
    }
    heads_ += text;
    const std::vector<char> exactly = exact(text);
    HeadParser parser(limits_);
    RequestHead head;
    std::size_t consumed = 0;
    const Parse state = parser.request({exactly.data(), exactly.size()}, head, consumed);
    note(state == Parse::bad || (state == Parse::done && consumed == text.size()), "one head, or none");
    if (state == Parse::bad) return session_.reset(id, Http2Error::protocol);
    note((head.framing == Framing::none) <= !body_follows, "what has a body is known to");
    auto side = std::make_unique<Side>();
    side->id = id;
    side->ended = !body_follows;
    side->trailers.begin("application/grpc");
    session_.attach(id, side.get());
    sides_[id] = std::move(side);
  }
  void end_known() override {}
  void blamed(bool connection, const char*) override { blamed_ = blamed_ || connection; }

  void answer(std::int32_t id, Side& side) {
    side.answered = true;
    side.out = side.body;
    side.out_is_last = true;
    side.out_trailers = side.trailers.text();
    require(session_.answer(id, "HTTP/1.1 200 OK\r\nX-A: b\r\n\r\n", true));
  }

  bool blamed_ = false, dead = false;
  Limits limits_;
  Http2ServerSession session_;
  std::map<std::int32_t, std::unique_ptr<Side>> sides_;
  std::int32_t last_ = 0;
  std::string heads_;
};

void run(std::string_view input) {
  if (input.empty()) return;
  noted().clear();
  const std::string bytes = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + std::string(input.substr(1));
  Client whole, pieces;
  in_pieces(bytes, 0, [&](std::string_view piece) { return whole.send(piece); });
  in_pieces(bytes, 1 + static_cast<unsigned char>(input[0]), [&](std::string_view piece) { return pieces.send(piece); });
  require(noted().empty(), noted());
  if (!whole.failed() && !pieces.failed()) require(whole.told() == pieces.told(), "in any pieces");
}

}  // namespace

MYELIN_FUZZ_TARGET(http2_client, run);
