#pragma once
// What the blocks of a leaf say about its attempts (gateways reference, 4.3), as the exchange driver
// reads them. Immutable after link(). Durations are milliseconds.

#include <bitset>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/clock.hpp"
#include "engine/base/fault.hpp"
#include "engine/expr/expression.hpp"

namespace myelin {

/// HTTP statuses, each by its number.
using StatusSet = std::bitset<600>;

inline bool contains(const StatusSet& set, int status) noexcept {
  return status >= 0 && status < 600 && set[static_cast<std::size_t>(status)];
}

/// `<failOn statusCodes= expression=>`: answers that are failures of the endpoint. The fault's code is
/// the status.
struct FailRules {
  StatusSet statuses;
  std::unique_ptr<expr::Expression> expression;  ///< on the answer; true: it is a failure
};

/// `<retry>`: attempts of the endpoint's own, before the groups above are asked.
struct RetryRules {
  enum class Next : std::uint8_t {
    same,    ///< the same endpoint again
    other,   ///< another child of the group; the same when there is none
    listed   ///< the next child in declared order, backups included, wrapping round
  };
  std::uint32_t attempts = 2;           ///< more tries after the first
  StatusSet statuses;                   ///< answers that are tried again; the last one is passed on
  std::vector<int> codes;               ///< faults that are tried again; empty: all, when `statuses` is empty too
  Duration per_try{0};                  ///< limit of each try; 0: the endpoint's own timeout
  Duration interval{0};                 ///< before the second try
  double factor = 1.0;                  ///< of each further interval
  Duration max_interval{0};             ///< 0: none
  bool jitter = false;                  ///< waits between half and the whole interval
  std::vector<std::string> methods;     ///< of the client's request; empty: all
  Next next = Next::same;

  bool on_fault(const Fault& fault) const noexcept;
  bool on_status(int status) const noexcept { return contains(statuses, status); }
  bool allows(std::string_view method) const noexcept;
  /// Before retry `number` (from 0); `random` is from 0 to 1.
  Duration pause(std::uint32_t number, double random) const noexcept;
};

}  // namespace myelin
