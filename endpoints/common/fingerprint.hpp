#pragma once
// Tells texts apart without holding them: SHA-256, for keys of caches that would otherwise hold secrets.

#include <span>
#include <string>

namespace myelin::endpoints {

/// 64 hex digits; differs when any of the parts, or where they begin, does.
std::string fingerprint(std::span<const std::string> parts);

}  // namespace myelin::endpoints
