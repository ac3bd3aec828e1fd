#include "endpoints/sessions/table.hpp"

#include <algorithm>
#include <functional>

namespace myelin::endpoints {

SessionTable::SessionTable(std::size_t capacity)
    : capacity_(std::max<std::size_t>(1, (capacity + stripes_.size() - 1) / stripes_.size())) {}

SessionTable::Stripe& SessionTable::stripe(std::string_view id) {
  return stripes_[std::hash<std::string_view>{}(id) % stripes_.size()];
}

void SessionTable::Stripe::erase(Sessions::iterator session) {
  uses.erase(session->second.use);
  sessions.erase(session);
}

std::optional<SessionPath> SessionTable::find(std::string_view id, TimePoint now) {
  Stripe& at = stripe(id);
  const std::lock_guard lock(at.mutex);
  const auto found = at.sessions.find(id);
  if (found == at.sessions.end()) return std::nullopt;
  if (found->second.expires < now) {
    at.erase(found);
    return std::nullopt;
  }
  at.uses.splice(at.uses.begin(), at.uses, found->second.use);
  return found->second.path;
}

void SessionTable::bind(std::string_view id, SessionPath path, TimePoint expires, TimePoint now) {
  if (id.empty() || id.size() > kLongestId) return;
  Stripe& at = stripe(id);
  const std::lock_guard lock(at.mutex);
  const auto [session, added] = at.sessions.try_emplace(std::string(id));
  session->second.path = std::move(path);
  session->second.expires = expires;
  if (!added) {
    at.uses.splice(at.uses.begin(), at.uses, session->second.use);
    return;
  }
  session->second.use = at.uses.insert(at.uses.begin(), session);
  // Whoever adds one takes away up to two that are over, so that the dead do not pile up.
  for (int i = 0; i < 2 && at.uses.size() > 1 && at.uses.back()->second.expires < now; ++i) at.erase(at.uses.back());
  if (at.sessions.size() > capacity_) at.erase(at.uses.back());
}

void SessionTable::unbind(std::string_view id) {
  Stripe& at = stripe(id);
  const std::lock_guard lock(at.mutex);
  if (const auto found = at.sessions.find(id); found != at.sessions.end()) at.erase(found);
}

void SessionTable::clear() {
  for (Stripe& stripe : stripes_) {
    const std::lock_guard lock(stripe.mutex);
    stripe.uses.clear();
    stripe.sessions.clear();
  }
}

std::size_t SessionTable::size() const {
  std::size_t all = 0;
  for (const Stripe& stripe : stripes_) {
    const std::lock_guard lock(stripe.mutex);
    all += stripe.sessions.size();
  }
  return all;
}

}  // namespace myelin::endpoints
