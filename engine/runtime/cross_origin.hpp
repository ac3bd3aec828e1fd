#pragma once
// What pages of other origins may do with the APIs: synapse.rest.CORSConfig.* (server reference, 3.7).

#include <string_view>

#include "engine/message/headers.hpp"
#include "engine/runtime/deployment.hpp"

namespace myelin {

class CrossOrigin {
 public:
  static bool is_on(const Settings& settings) noexcept;
  /// For a request with that Origin; empty: it has none.
  CrossOrigin(const Deployment& deployment, std::string_view origin);

  /// The origin is none of those allowed.
  bool refused() const noexcept { return on_ && !origin_.empty() && allowed_.empty(); }
  /// The fields of an answer, if it may be shared. The texts must outlive the headers.
  void write(std::string_view methods, Headers& headers) const;

 private:
  const bool on_;
  std::string_view origin_, allowed_, headers_;
};

}  // namespace myelin
