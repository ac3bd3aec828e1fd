#pragma once
// The listening sockets of the server: opened here, or taken over from systemd (LISTEN_FDS) or from a
// predecessor (MYELIN_HANDOVER), and known so that a successor can take them (REL-157). Used by one
// thread.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"
#include "server/options.hpp"

namespace myelin::server {

class Listeners {
 public:
  enum class Role : std::uint8_t { http, https, admin };
  static constexpr std::array<std::string_view, 3> kRoles{"http", "https", "admin"};

  /// Finds what was handed over; the environment forgets it, so that no child takes it for its own.
  Listeners();

  /// Sockets that are bound but do not listen yet, at least one for each of `shards`; a socket that
  /// was handed over wins over `address`. Whoever gets them closes them.
  Result<std::vector<int>> open(Role role, const Address& address, unsigned shards);
  bool handed_over(Role role) const noexcept;
  /// Tells the predecessor, if there is one, that this process serves.
  void serving() noexcept;

  struct Open {
    Role role;
    int descriptor;
  };
  const std::vector<Open>& all() const noexcept { return all_; }

 private:
  void take(int first, const std::vector<std::string_view>& names);
  Result<std::vector<int>> share(Role role, std::vector<int> sockets, unsigned shards);

  std::vector<Open> handed_, all_;
  int predecessor_ = -1;  ///< a pipe it reads
};

}  // namespace myelin::server
