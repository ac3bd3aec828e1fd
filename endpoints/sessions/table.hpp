#pragma once
// The sessions of one session-affine endpoint: id → children on the way down. Shared by all shards,
// striped locks held for one lookup; bounded, the least recently used goes first (REL-128). Outlives
// redeploys.

#include <array>
#include <cstdint>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/clock.hpp"
#include "engine/ports/state.hpp"

namespace myelin::endpoints {

/// Keys of the children chosen, from the outermost session-affine group down.
using SessionPath = std::vector<std::string>;

class SessionTable final : public State {
 public:
  static constexpr std::size_t kCapacity = 1'000'000;
  static constexpr std::size_t kLongestId = 256;

  explicit SessionTable(std::size_t capacity = kCapacity);

  /// The path of a session that has not expired.
  std::optional<SessionPath> find(std::string_view id, TimePoint now);
  /// Binds or rebinds. `expires` is absolute (EP-159). Ids of more than 256 bytes are not kept.
  void bind(std::string_view id, SessionPath path, TimePoint expires, TimePoint now);
  void unbind(std::string_view id);
  std::size_t size() const;
  void clear();

 private:
  struct Session;
  using Sessions = std::map<std::string, Session, std::less<>>;  // ordered: ids may be chosen by clients
  using Uses = std::list<Sessions::iterator>;                    // most recently used first
  struct Session {
    SessionPath path;
    TimePoint expires;
    Uses::iterator use;
  };
  struct Stripe {
    mutable std::mutex mutex;
    Sessions sessions;
    Uses uses;
    void erase(Sessions::iterator session);
  };

  Stripe& stripe(std::string_view id);

  std::array<Stripe, 16> stripes_;
  std::size_t capacity_;  ///< of one stripe
};

}  // namespace myelin::endpoints
