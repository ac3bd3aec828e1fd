#pragma once
// Writes metrics in the Prometheus text format 0.0.4. Names end in _total for counters; units are
// seconds and bytes. A family is opened once, then its samples follow.

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace myelin::server {

class Metrics {
 public:
  enum class Type { counter, gauge, histogram };
  using Label = std::pair<std::string_view, std::string_view>;
  using Labels = std::initializer_list<Label>;

  /// What it ends in and what is counted: HELP and TYPE. `name` must live until the next family.
  void family(std::string_view name, Type type, std::string_view help);
  void sample(std::uint64_t value, Labels labels = {}) { sample({}, value, labels, {}); }
  void sample(double value, Labels labels = {});
  /// A family of one sample without labels.
  void one(std::string_view name, Type type, std::string_view help, std::uint64_t value);
  /// `counts[i]` observations up to `bounds[i]` seconds and above the bound before; the last count is
  /// above all bounds.
  void histogram(std::span<const double> bounds, std::span<const std::uint64_t> counts, double sum, Labels labels = {});

  std::string take() { return std::move(text_); }

 private:
  void sample(std::string_view suffix, std::uint64_t value, Labels labels, std::string_view bound);
  void begin(std::string_view suffix, Labels labels, std::string_view bound);

  std::string text_;
  std::string_view name_;
};

}  // namespace myelin::server
