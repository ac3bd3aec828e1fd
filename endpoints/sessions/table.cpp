#include "endpoints/sessions/table.hpp"

#include <algorithm>
#include <utility>

namespace myelin::endpoints {

// --- one stripe ---------------------------------------------------------------------------------------

std::uint32_t SessionTable::Stripe::find(const Hash128& id) const noexcept {
  if (buckets.empty()) return kNone;
  std::uint32_t at = buckets[id.high & (buckets.size() - 1)];
  while (at != kNone && sessions[at].id != id) at = sessions[at].next;
  return at;
}

/// Takes a place and makes it the newest.
std::uint32_t SessionTable::Stripe::add(const Hash128& id) {
  if (live == buckets.size()) grow();
  std::uint32_t at = free;
  if (at == kNone) {
    at = static_cast<std::uint32_t>(sessions.size());
    sessions.emplace_back();
  } else {
    free = sessions[at].next;
  }
  Session& session = sessions[at];
  session.id = id;
  session.next = std::exchange(bucket(id), at);
  attach(at);
  ++live;
  return at;
}

void SessionTable::Stripe::erase(std::uint32_t at) noexcept {
  Session& session = sessions[at];
  std::uint32_t* link = &bucket(session.id);
  while (*link != at) link = &sessions[*link].next;
  *link = session.next;
  detach(at);
  session.path = nullptr;
  session.next = std::exchange(free, at);
  --live;
}

void SessionTable::Stripe::used(std::uint32_t at) noexcept {
  if (newest == at) return;
  detach(at);
  attach(at);
}

/// Looks at some places and frees those whose time is over: whoever comes does a little of it, so it never
/// takes long, and every place has its turn.
void SessionTable::Stripe::sweep(TimePoint now, int places) noexcept {
  for (; places > 0 && live > 0; --places) {
    if (hand >= sessions.size()) hand = 0;
    if (sessions[hand].path && sessions[hand].expires < now) erase(hand);
    ++hand;
  }
  if (live == 0 && sessions.capacity() > 64) release();
}

/// Nobody is left, and the memory is given back.
void SessionTable::Stripe::release() noexcept {
  std::vector<Session>().swap(sessions);
  std::vector<std::uint32_t>().swap(buckets);
  free = newest = oldest = kNone;
  live = hand = 0;
}

/// Twice the buckets. A stripe holds some thousand sessions at most, so nobody waits for it.
void SessionTable::Stripe::grow() {
  buckets.assign(std::max<std::size_t>(buckets.size() * 2, 8), kNone);
  for (std::uint32_t at = newest; at != kNone; at = sessions[at].older)
    sessions[at].next = std::exchange(bucket(sessions[at].id), at);
}

void SessionTable::Stripe::attach(std::uint32_t at) noexcept {
  sessions[at].newer = kNone;
  sessions[at].older = newest;
  if (newest != kNone) sessions[newest].newer = at;
  newest = at;
  if (oldest == kNone) oldest = at;
}

void SessionTable::Stripe::detach(std::uint32_t at) noexcept {
  const Session& session = sessions[at];
  (session.newer == kNone ? newest : sessions[session.newer].older) = session.older;
  (session.older == kNone ? oldest : sessions[session.older].newer) = session.newer;
}

// --- the table ----------------------------------------------------------------------------------------

class SessionTable::Use {
 public:
  Use(SessionTable& table, Stripe& stripe) : table_(table), stripe_(stripe), lock_(stripe.mutex), before_(stripe.live) {}
  Use(const Use&) = delete;
  ~Use() { count(); }
  void count() noexcept {
    table_.live_.fetch_add(std::size_t{stripe_.live} - before_, std::memory_order_relaxed);
    before_ = stripe_.live;
  }

 private:
  SessionTable& table_;
  Stripe& stripe_;
  std::lock_guard<std::mutex> lock_;
  std::size_t before_;
};

SessionTable::SessionTable(std::size_t capacity) : capacity_(std::max<std::size_t>(1, capacity)) {}

const SessionPath* SessionTable::find(std::string_view id, TimePoint now) {
  if (id.empty() || id.size() > kLongestId) return nullptr;
  const Hash128 hash = KeyedHash::of(id, HashKey::own());
  Stripe& at = stripe(hash);
  const Use use(*this, at);
  at.sweep(now, 1);
  const std::uint32_t found = at.find(hash);
  if (found == kNone) return nullptr;
  if (at.sessions[found].expires < now) {
    at.erase(found);
    return nullptr;
  }
  at.used(found);
  return at.sessions[found].path;
}

void SessionTable::bind(std::string_view id, const SessionPath& path, TimePoint expires, TimePoint now) {
  if (id.empty() || id.size() > kLongestId) return;
  const Hash128 hash = KeyedHash::of(id, HashKey::own());
  const SessionPath* const kept = interned(path);
  Stripe& at = stripe(hash);
  {
    Use use(*this, at);
    at.sweep(now, 4);
    std::uint32_t session = at.find(hash);
    if (session == kNone) session = at.add(hash);
    else at.used(session);
    at.sessions[session].path = kept;
    at.sessions[session].expires = expires;
    use.count();
    if (size() > capacity_ && at.live > 1) at.erase(at.oldest);
  }
  if (size() > capacity_) evict(static_cast<std::size_t>(&at - stripes_.data()) + 1);
}

void SessionTable::extend(std::string_view id, TimePoint expires) {
  if (id.empty() || id.size() > kLongestId) return;
  const Hash128 hash = KeyedHash::of(id, HashKey::own());
  Stripe& at = stripe(hash);
  const Use use(*this, at);
  if (const std::uint32_t found = at.find(hash); found != kNone) at.sessions[found].expires = expires;
}

void SessionTable::unbind(std::string_view id) {
  if (id.empty() || id.size() > kLongestId) return;
  const Hash128 hash = KeyedHash::of(id, HashKey::own());
  Stripe& at = stripe(hash);
  const Use use(*this, at);
  if (const std::uint32_t found = at.find(hash); found != kNone) at.erase(found);
}

void SessionTable::clear() {
  for (Stripe& at : stripes_) {
    const Use use(*this, at);
    at.release();
  }
}

/// The newcomer stands alone in its stripe, as happens in small tables: another stripe gives way.
void SessionTable::evict(std::size_t from) noexcept {
  for (std::size_t i = 0; i < stripes_.size(); ++i) {
    Stripe& at = stripes_[(from + i) % stripes_.size()];
    const Use use(*this, at);
    if (at.live == 0) continue;
    at.erase(at.oldest);
    return;
  }
}

const SessionPath* SessionTable::interned(const SessionPath& path) {
  const std::lock_guard lock(paths_mutex_);
  return &*paths_.insert(path).first;
}

}  // namespace myelin::endpoints
