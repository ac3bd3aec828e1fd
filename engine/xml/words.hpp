#pragma once
// The words all messages about configurations are made of.

#include <span>
#include <string>
#include <string_view>

#include "engine/base/text.hpp"

namespace myelin::xml {

inline std::string quote(std::string_view name) { return "'" + std::string(name) + "'"; }
inline std::string tag(std::string_view name) { return '<' + std::string(name) + '>'; }

/// "did you mean 'uri'?", or nothing when no candidate is near.
inline std::string did_you_mean(std::string_view found, std::span<const std::string_view> candidates) {
  const auto near = text::nearest(found, candidates);
  return near.empty() ? std::string() : "did you mean " + quote(near) + '?';
}

/// The near name, else all there are.
inline std::string suggest(std::string_view found, std::span<const std::string_view> candidates) {
  std::string near = did_you_mean(found, candidates);
  return near.empty() ? "allowed: " + text::one_of(candidates) : near;
}

}  // namespace myelin::xml
