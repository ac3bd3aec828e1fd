#include "engine/ports/discovery.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "engine/base/hash.hpp"
#include "engine/base/text.hpp"
#include "engine/ports/sender.hpp"

namespace myelin {

namespace {

constexpr std::size_t kLongestId = 256;
constexpr std::array<std::string_view, 2> kSecrets{"token", "acl"};
/// How late a moved test clock may be noticed.
constexpr std::chrono::milliseconds kSlice{100};

bool is_visible(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

std::optional<std::string> take(Instance& instance, std::initializer_list<std::string_view> names) {
  std::optional<std::string> taken;
  for (const std::string_view name : names) {
    const auto found = instance.metadata.find(name);
    if (found == instance.metadata.end()) continue;
    if (!taken) taken = std::move(found->second);
    instance.metadata.erase(found);
  }
  return taken;
}

/// Empty: it can be used.
std::string_view fault_of(const Instance& instance) {
  if (instance.id.empty() || instance.id.size() > kLongestId || !is_visible(instance.id)) return "its id";
  if (instance.port == 0) return "its port";
  const bool placeholder = instance.path.find("${") != std::string::npos;
  if (placeholder || !is_visible(instance.path) || (!instance.path.empty() && instance.path.front() != '/')) return "its path";
  constexpr std::string_view kMarks = "/?#@$[]<>\"\\{}|^`";
  const bool host = !instance.host.empty() && is_visible(instance.host) && instance.host.find_first_of(kMarks) == std::string::npos;
  return host && Url::parse(instance.url()) ? std::string_view() : "its host";
}

}  // namespace

std::string Instance::url() const {
  const bool v6 = host.find(':') != std::string::npos;
  return fmt::format("{}://{}{}{}:{}{}", tls ? "https" : "http", v6 ? "[" : "", host, v6 ? "]" : "", port,
                     path.empty() ? "/" : path);
}

void apply_metadata(Instance& instance) {
  if (auto path = take(instance, {"path", "gravitee_path"})) instance.path = std::move(*path);
  if (const auto tls = take(instance, {"tls", "ssl", "gravitee_ssl"})) instance.tls = text::is_true(*tls);
  if (const auto weight = take(instance, {"weight", "gravitee_weight"}))
    instance.weight = static_cast<std::uint32_t>(std::max(0, text::parse_int(text::trim(*weight)).value_or(0)));
  if (auto tenant = take(instance, {"tenant", "gravitee_tenant"})) instance.tenant = std::move(*tenant);
  if (!instance.path.empty() && instance.path.front() != '/') instance.path.insert(instance.path.begin(), '/');
}

Instances usable_instances(Instances listed, std::vector<std::string>& refused) {
  Instances usable;
  std::set<std::string, std::less<>> ids;
  for (Instance& instance : listed) {
    const std::string_view fault = fault_of(instance);
    if (fault.empty() && ids.insert(instance.id).second) usable.push_back(std::move(instance));
    else refused.push_back(fault.empty() ? instance.id + " is listed twice" : instance.id + " cannot be used for " + std::string(fault));
  }
  return usable;
}

// --- sources ------------------------------------------------------------------------------------------

std::string DiscoverySource::label() const {
  std::string label = provider;
  for (const auto& [name, value] : parameters)
    if (std::find(kSecrets.begin(), kSecrets.end(), name) == kSecrets.end()) label += ' ' + name + '=' + value;
  return label;
}

std::string DiscoverySource::key() const {
  std::string all;
  for (const auto& [name, value] : parameters) all += name + '\0' + value + '\0';
  return fmt::format("{} {:016x}", label(), stable_hash(all));
}

std::string_view DiscoverySource::parameter(std::string_view name) const noexcept {
  const auto found = parameters.find(name);
  return found == parameters.end() ? std::string_view{} : std::string_view(found->second);
}

Listing::Content Listing::content() const {
  const std::lock_guard lock(mutex_);
  return content_;
}

bool Listing::set(Instances instances) {
  const std::lock_guard lock(mutex_);
  if (content_.instances && *content_.instances == instances) return false;
  content_.instances = std::make_shared<const Instances>(std::move(instances));
  ++content_.version;
  return true;
}

// --- cancellation -------------------------------------------------------------------------------------

void Cancellation::cancel() {
  const std::lock_guard lock(mutex_);
  cancelled_ = true;
  if (wake_) wake_();
  changed_.notify_all();
}

bool Cancellation::cancelled() const {
  const std::lock_guard lock(mutex_);
  return cancelled_;
}

bool Cancellation::wait(Duration time) {
  const TimePoint until = Clock::now() + time;
  std::unique_lock lock(mutex_);
  for (TimePoint now; !cancelled_ && (now = Clock::now()) < until;)
    changed_.wait_for(lock, std::min<std::chrono::nanoseconds>(until - now, kSlice));
  return !cancelled_;
}

Cancellation::Scope::Scope(Cancellation& cancellation, std::function<void()> wake) : cancellation_(cancellation) {
  const std::lock_guard lock(cancellation_.mutex_);
  if (cancellation_.cancelled_) wake();
  cancellation_.wake_ = std::move(wake);
}

Cancellation::Scope::~Scope() {
  const std::lock_guard lock(cancellation_.mutex_);
  cancellation_.wake_ = nullptr;
}

}  // namespace myelin
