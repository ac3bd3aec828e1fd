#pragma once
// A balanced group without sessions: each message goes to the child its algorithm picks, and after a
// failure to the next.

#include <string_view>
#include <vector>

#include "endpoints/common/balanced.hpp"

namespace myelin::endpoints {

class Spreading final : public BalancedGroup {
 public:
  Spreading(Build& build, std::string_view element) : BalancedGroup(build), element_(element) {}

  bool failover = true;
  bool build_message = false;
  bool evaluates_properties = true;
  std::vector<int> retried_codes;  ///< base codes after which another child is tried; empty: any

  std::string_view kind() const noexcept override { return element_; }
  bool resends() const noexcept override { return failover; }

  Choice choose(Delivery& delivery, Message& message) const override;
  Retry next_child(Delivery& delivery, Message& message, const Fault& fault, Ask ask) const override;

 protected:
  Need own_need() const noexcept override {
    return BalancedGroup::own_need() | (build_message && failover ? Need::body : Need::nothing);
  }

 private:
  Choice next(Delivery& delivery, Message& message) const;
  bool retries(const Delivery& delivery, const Fault& fault) const noexcept;

  std::string_view element_;
};

}  // namespace myelin::endpoints
