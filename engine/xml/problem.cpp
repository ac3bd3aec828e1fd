#include "engine/xml/problem.hpp"

#include <algorithm>
#include <utility>

#include "engine/base/text.hpp"

namespace myelin::xml {

namespace {
std::string_view level_name(Level level) { return level == Level::error ? "error" : "warning"; }
}  // namespace

std::string Problem::text() const {
  std::string out = where.file;
  if (where.line > 0) out += ':' + std::to_string(where.line) + ':' + std::to_string(where.column);
  if (!out.empty()) out += ": ";
  out += level_name(level);
  out += ": " + found;
  if (!allowed.empty()) out += "; " + allowed;
  return out;
}

std::string Problem::json() const {
  const auto field = [](std::string_view name, std::string_view value) {
    return '"' + std::string(name) + "\":\"" + text::json_escape(value) + '"';
  };
  return '{' + field("file", where.file) + ",\"line\":" + std::to_string(where.line) +
         ",\"column\":" + std::to_string(where.column) + ',' + field("level", level_name(level)) + ',' +
         field("found", found) + ',' + field("allowed", allowed) + '}';
}

void Problems::error(const Location& where, std::string found, std::string allowed) {
  add({Level::error, where, std::move(found), std::move(allowed)});
}

void Problems::warning(const Location& where, std::string found, std::string allowed) {
  add({Level::warning, where, std::move(found), std::move(allowed)});
}

/// What stands once in a file is said once, however many endpoints inherit it.
void Problems::add(Problem problem) {
  const auto same = [&](const Problem& known) {
    return known.where.line == problem.where.line && known.where.column == problem.where.column &&
           known.where.file == problem.where.file && known.found == problem.found;
  };
  if (problem.where.line == 0 || std::none_of(all_.begin(), all_.end(), same)) all_.push_back(std::move(problem));
}

bool Problems::has_errors() const noexcept { return error_count() > 0; }

std::size_t Problems::error_count() const noexcept {
  return static_cast<std::size_t>(
      std::count_if(all_.begin(), all_.end(), [](const Problem& p) { return p.level == Level::error; }));
}

}  // namespace myelin::xml
