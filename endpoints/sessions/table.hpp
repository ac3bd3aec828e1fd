#pragma once
// The sessions of one session-affine endpoint: id → children on the way down. Shared by all shards,
// striped locks held for one lookup; bounded, the least recently used goes first (REL-128). Outlives
// redeploys. An id is kept as a keyed 128-bit hash, so a session takes some 50 bytes however long its id.

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <set>
#include <string_view>
#include <vector>

#include "engine/base/clock.hpp"
#include "engine/base/keyed_hash.hpp"
#include "engine/ports/session.hpp"
#include "engine/ports/state.hpp"

namespace myelin::endpoints {

class SessionTable final : public State {
 public:
  static constexpr std::size_t kCapacity = 1'000'000;
  static constexpr std::size_t kLongestId = 256;

  explicit SessionTable(std::size_t capacity = kCapacity);

  /// The path of a session that has not expired, valid as long as the table; null: none.
  const SessionPath* find(std::string_view id, TimePoint now);
  /// Binds or rebinds. `expires` is absolute (EP-159). Ids of more than 256 bytes are not kept.
  void bind(std::string_view id, const SessionPath& path, TimePoint expires, TimePoint now);
  /// Sets the end of a session, if there is one.
  void extend(std::string_view id, TimePoint expires);
  void unbind(std::string_view id);
  /// Ends all sessions.
  void clear();
  std::size_t size() const noexcept { return live_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  struct Session {
    Hash128 id;
    TimePoint expires;
    const SessionPath* path = nullptr;  ///< null: the place is free, and `next` leads to another free one
    std::uint32_t next = kNone;         ///< in the same bucket
    std::uint32_t newer = kNone, older = kNone;  ///< by use
  };

  struct alignas(64) Stripe {
    std::mutex mutex;
    std::vector<Session> sessions;
    std::vector<std::uint32_t> buckets;  ///< heads; their number is a power of two
    std::uint32_t free = kNone;
    std::uint32_t newest = kNone, oldest = kNone;
    std::uint32_t live = 0;
    std::uint32_t hand = 0;              ///< where the search for expired ones goes on

    std::uint32_t find(const Hash128& id) const noexcept;
    std::uint32_t& bucket(const Hash128& id) noexcept { return buckets[id.high & (buckets.size() - 1)]; }
    std::uint32_t add(const Hash128& id);
    void erase(std::uint32_t at) noexcept;
    void used(std::uint32_t at) noexcept;
    void sweep(TimePoint now, int places) noexcept;
    void release() noexcept;

   private:
    void grow();
    void detach(std::uint32_t at) noexcept;
    void attach(std::uint32_t at) noexcept;
  };

  /// Holds a stripe and keeps the count of all.
  class Use;

  Stripe& stripe(const Hash128& id) noexcept { return stripes_[id.low % stripes_.size()]; }
  const SessionPath* interned(const SessionPath& path);
  void evict(std::size_t from) noexcept;

  std::array<Stripe, 256> stripes_;
  std::atomic<std::size_t> live_{0};
  const std::size_t capacity_;

  /// Every path that was ever bound; configurations make them, not clients, so there are few.
  std::mutex paths_mutex_;
  std::set<SessionPath> paths_;
};

}  // namespace myelin::endpoints
