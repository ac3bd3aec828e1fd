#pragma once
// How much memory the process may take (REL-132).

#include <cstddef>

#include "engine/runtime/settings.hpp"

namespace myelin::server {

/// `memory.limit` in bytes, or 75 % of what the control group allows; 0: there is no limit.
std::size_t memory_target(const Settings& settings);

}  // namespace myelin::server
