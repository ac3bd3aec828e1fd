#pragma once
// The leaves of a recipient list whose addresses are found per message: as many as `most` are kept, the
// one not used for longest goes first, and with it its suspension (endpoints reference, 1.9). Kept in the
// StateStore; thread safe.

#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "engine/flow/artifacts.hpp"
#include "engine/ports/endpoint.hpp"
#include "engine/ports/state.hpp"

namespace myelin::endpoints {

class RecipientPool final : public State {
 public:
  /// `most` 0: nothing is kept. `from_request`: the addresses are request data (REL-084).
  RecipientPool(std::string key, std::size_t most, bool from_request)
      : key_(std::move(key)), most_(most), from_request_(from_request) {}

  /// The leaf of that address, kept by whoever holds it.
  std::shared_ptr<const Endpoint> leaf(std::string_view address, const Artifacts& settings);

 private:
  struct Entry {
    std::string address;
    std::shared_ptr<const Endpoint> leaf;
  };
  std::shared_ptr<const Endpoint> make(std::string_view address, const Artifacts& settings) const;

  const std::string key_;
  const std::size_t most_;
  const bool from_request_;
  std::mutex mutex_;
  std::list<Entry> entries_;  ///< used last first
  std::unordered_map<std::string_view, std::list<Entry>::iterator> by_address_;
};

}  // namespace myelin::endpoints
