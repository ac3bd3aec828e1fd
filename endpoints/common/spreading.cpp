#include "endpoints/common/spreading.hpp"

#include <algorithm>

namespace myelin::endpoints {

Choice Spreading::choose(Delivery& delivery, Message& message) const {
  if (auto refused = enrol(delivery, message)) return *std::move(refused);
  Choice choice = next(delivery, message);
  if (choice.failed()) leave(delivery, message);
  return choice;
}

Retry Spreading::next_child(Delivery& delivery, Message& message, const Fault& fault, Ask ask) const {
  step(delivery).tried.add(step(delivery).child);  // EP-135
  Retry retry;
  if (ask == Ask::failure && !failover) {  // EP-115, EP-116
    retry.kind = Retry::Kind::stop;
    return retry;
  }
  if (ask == Ask::failure && !retries(delivery, fault)) return retry;
  if (spent(delivery)) return retry;
  return retry_with(ask == Ask::listed ? next_listed(delivery, message) : next(delivery, message), code::kLoadBalanceRetry);
}

bool Spreading::retries(const Delivery& delivery, const Fault& fault) const noexcept {
  if (!may_fail_over(delivery, fault)) return false;
  return retried_codes.empty() ||
         std::find(retried_codes.begin(), retried_codes.end(), fault.base_code) != retried_codes.end();
}

Choice Spreading::next(Delivery& delivery, Message& message) const {
  Fault last;
  for (;;) {
    const auto child = pick_admitted(delivery, message);
    if (!child) return none_ready(std::move(last));
    if (evaluates_properties) {
      Result<void> applied = apply_properties(message);
      if (!applied) return std::move(applied).fault();
    }
    Choice choice = enter(delivery, message, *child);
    if (!choice.failed() || !failover) return choice;
    last = std::move(choice).fault();
  }
}

}  // namespace myelin::endpoints
