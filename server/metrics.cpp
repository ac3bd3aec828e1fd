#include "server/metrics.hpp"

#include <fmt/format.h>

#include <iterator>

namespace myelin::server {

namespace {

constexpr std::string_view kTypes[] = {"counter", "gauge", "histogram"};

void append_label(std::string& to, std::string_view name, std::string_view value) {
  to += name;
  to += "=\"";
  for (const char c : value) {
    if (c == '\n') to += "\\n";
    else if (c == '"' || c == '\\') (to += '\\') += c;
    else to += c;
  }
  to += '"';
}

}  // namespace

void Metrics::family(std::string_view name, Type type, std::string_view help) {
  name_ = name;
  fmt::format_to(std::back_inserter(text_), "# HELP {} {}\n# TYPE {} {}\n", name, help, name,
                 kTypes[static_cast<std::size_t>(type)]);
}

void Metrics::begin(std::string_view suffix, Labels labels, std::string_view bound) {
  text_ += name_;
  text_ += suffix;
  char before = '{';
  for (const auto& [name, value] : labels) {
    text_ += std::exchange(before, ',');
    append_label(text_, name, value);
  }
  if (!bound.empty()) {
    text_ += std::exchange(before, ',');
    append_label(text_, "le", bound);
  }
  text_ += before == ',' ? "} " : " ";
}

void Metrics::sample(std::string_view suffix, std::uint64_t value, Labels labels, std::string_view bound) {
  begin(suffix, labels, bound);
  fmt::format_to(std::back_inserter(text_), "{}\n", value);
}

void Metrics::sample(double value, Labels labels) {
  begin({}, labels, {});
  fmt::format_to(std::back_inserter(text_), "{}\n", value);
}

void Metrics::one(std::string_view name, Type type, std::string_view help, std::uint64_t value) {
  family(name, type, help);
  sample(value);
}

void Metrics::histogram(std::span<const double> bounds, std::span<const std::uint64_t> counts, double sum,
                        Labels labels) {
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    below += counts[i];
    sample("_bucket", below, labels, fmt::format("{}", bounds[i]));
  }
  below += counts[bounds.size()];
  sample("_bucket", below, labels, "+Inf");
  begin("_sum", labels, {});
  fmt::format_to(std::back_inserter(text_), "{}\n", sum);
  sample("_count", below, labels, {});
}

}  // namespace myelin::server
