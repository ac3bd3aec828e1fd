#pragma once
// What a client has done to its latest streams. nghttp2 forgets a stream when it is over and ignores what comes on it
// then; by this, frames that RFC 9113 (5.1, 5.1.1) calls errors are told from those that crossed a reset of ours. Streams
// before the latest 64 are not judged. No I/O.

#include <cstdint>

namespace myelin::http {

class Http2Ids {
 public:
  enum class Verdict : std::uint8_t {
    fine,
    goes_back,  ///< a new stream whose identifier was passed over
    ended,      ///< the client had ended its side
    was_reset   ///< the client had reset it
  };

  /// HEADERS or DATA of that stream; `ends`: with END_STREAM.
  Verdict headers(std::uint32_t id, bool ends) noexcept {
    if (!is_clients(id)) return Verdict::fine;
    if (id > latest_) {
      const std::uint32_t by = (id - latest_) / 2 + (latest_ == 0 ? 1 : 0);
      for (std::uint64_t* bits : {&opened_, &ended_, &reset_}) *bits = by < 64 ? *bits << by : 0;
      latest_ = id;
      opened_ |= 1;
    } else if (is_known(id) && (opened_ & bit(id)) == 0) {
      return Verdict::goes_back;
    }
    return part(id, ends);
  }
  Verdict data(std::uint32_t id, bool ends) noexcept { return is_clients(id) && id <= latest_ ? part(id, ends) : Verdict::fine; }
  void reset(std::uint32_t id) noexcept {
    if (is_clients(id) && is_known(id)) reset_ |= bit(id);
  }

 private:
  static bool is_clients(std::uint32_t id) noexcept { return id % 2 == 1; }
  bool is_known(std::uint32_t id) const noexcept { return id <= latest_ && (latest_ - id) / 2 < 64; }
  std::uint64_t bit(std::uint32_t id) const noexcept { return std::uint64_t{1} << ((latest_ - id) / 2); }
  Verdict part(std::uint32_t id, bool ends) noexcept {
    if (!is_known(id)) return Verdict::fine;
    if ((reset_ & bit(id)) != 0) return Verdict::was_reset;
    if ((ended_ & bit(id)) != 0) return Verdict::ended;
    if (ends) ended_ |= bit(id);
    return Verdict::fine;
  }

  std::uint32_t latest_ = 0;
  std::uint64_t opened_ = 0, ended_ = 0, reset_ = 0;  ///< bit 0: latest_, bit 1: the stream before it ...
};

}  // namespace myelin::http
