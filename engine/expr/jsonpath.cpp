#include "engine/expr/jsonpath.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>
#include <variant>

#include "engine/base/text.hpp"
#include "engine/expr/pattern.hpp"
#include "engine/message/message.hpp"

namespace myelin::expr {

namespace {

using Id = JsonDocument::Id;
using Kind = JsonDocument::Kind;

constexpr std::size_t kMaxSelected = 1'000'000;
constexpr int kMaxFilterDepth = 32;  // parentheses, negations and paths within filters

std::optional<double> to_number(std::string_view text) noexcept {
  double value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

enum class Function : std::uint8_t { length, min, max, avg, sum, stddev, keys, first, last };

constexpr std::array<std::pair<std::string_view, Function>, 10> kFunctions{{{"length", Function::length},
                                                                            {"size", Function::length},
                                                                            {"min", Function::min},
                                                                            {"max", Function::max},
                                                                            {"avg", Function::avg},
                                                                            {"sum", Function::sum},
                                                                            {"stddev", Function::stddev},
                                                                            {"keys", Function::keys},
                                                                            {"first", Function::first},
                                                                            {"last", Function::last}}};

enum class Comparison : std::uint8_t {
  equal,
  unequal,
  less,
  less_equal,
  greater,
  greater_equal,
  in,
  not_in,
  contains,
  matches,
  subset_of,
  any_of,
  none_of,
  size,
  empty
};

constexpr std::array<std::pair<std::string_view, Comparison>, 14> kComparisons{
    {{"==", Comparison::equal},
     {"=~", Comparison::matches},
     {"subsetof", Comparison::subset_of},
     {"anyof", Comparison::any_of},
     {"noneof", Comparison::none_of},
     {"size", Comparison::size},
     {"empty", Comparison::empty},
     {"!=", Comparison::unequal},
     {"<=", Comparison::less_equal},
     {">=", Comparison::greater_equal},
     {"<", Comparison::less},
     {">", Comparison::greater},
     {"nin", Comparison::not_in},
     {"in", Comparison::in}}};

/// A value that a filter compares: kind and text, as JsonDocument has them; containers as JSON text.
struct Scalar {
  Kind kind = Kind::null;
  std::string text;
};

Scalar scalar_of(const JsonDocument& document, Id id) {
  if (document.is_container(id)) return Scalar{document.kind(id), document.json(id)};
  return Scalar{document.kind(id), std::string(document.text(id))};
}

bool same(const Scalar& a, const Scalar& b) {
  if (a.kind != b.kind) return false;
  if (a.kind != Kind::number) return a.text == b.text;
  return a.text == b.text || to_number(a.text) == to_number(b.text);
}

/// Numbers by value, strings by code units; anything else has no order.
std::optional<int> compare(const Scalar& a, const Scalar& b) {
  if (a.kind != b.kind) return std::nullopt;
  if (a.kind == Kind::string) return a.text.compare(b.text);
  const auto left = to_number(a.text);
  const auto right = to_number(b.text);
  if (a.kind != Kind::number || !left || !right) return std::nullopt;
  return *left < *right ? -1 : *left > *right ? 1 : 0;
}

}  // namespace

/// A filter's syntax tree.
struct JsonFilter {
  enum class Op : std::uint8_t { any, all, negate, exists, compare };
  struct Operand {
    std::vector<Scalar> literals;  // one, or the items of an array literal
    bool list = false;
    std::unique_ptr<JsonPath> path;
    bool from_root = false;  // `$…` rather than `@…`
    std::unique_ptr<const Pattern> pattern;  // of =~
  };
  Op op = Op::exists;
  std::vector<JsonFilter> parts;  // any, all, negate
  Comparison comparison = Comparison::equal;
  Operand left, right;

  bool holds(const JsonDocument& document, Id node) const;

 private:
  struct Values {
    std::vector<Scalar> items;
    bool list = false;
  };
  static Values values(const Operand& operand, const JsonDocument& document, Id node);
  static std::vector<Scalar> list_of(Values values);
  static bool holds_one_of(const std::vector<Scalar>& list, const Scalar& item);
  bool compares_lists(const JsonDocument& document, Id node) const;
  bool compares(const JsonDocument& document, Id node) const;
};

struct JsonPath::Step {
  enum class Kind : std::uint8_t { names, all, items, slice, filter, function };
  Kind kind = Kind::names;
  bool deep = false;  // behind `..`: applied to the value and to everything in it
  std::vector<std::string> names;
  std::vector<std::int64_t> items;
  std::optional<std::int64_t> from, to;
  JsonFilter filter;
  Function function = Function::length;

  bool definite() const noexcept {
    if (deep) return false;
    if (kind == Kind::names) return names.size() == 1;
    if (kind == Kind::items) return items.size() == 1;
    return kind == Kind::function;
  }
  void select(const JsonDocument& document, Id node, std::vector<Id>& to_list) const;

 private:
  void select_items(const JsonDocument& document, Id node, std::vector<Id>& to_list) const;
};

// --- evaluation ------------------------------------------------------------------------------------

void JsonPath::Step::select(const JsonDocument& document, Id node, std::vector<Id>& to_list) const {
  const bool array = document.kind(node) == JsonDocument::Kind::array;
  switch (kind) {
    case Kind::names:
      for (const std::string& name : names)
        if (const Id found = document.member(node, name); found != JsonDocument::kNone)
          to_list.push_back(found);
      return;
    case Kind::all:
      if (!document.is_container(node)) return;
      for (Id at = node + 1; at < document.end(node); at = document.end(at)) to_list.push_back(at);
      return;
    case Kind::items:
    case Kind::slice:
      if (array) select_items(document, node, to_list);
      return;
    case Kind::filter:
      if (document.kind(node) == JsonDocument::Kind::object && filter.holds(document, node))
        to_list.push_back(node);
      if (!array) return;
      for (Id at = node + 1; at < document.end(node); at = document.end(at))
        if (filter.holds(document, at)) to_list.push_back(at);
      return;
    case Kind::function:
      return;
  }
}

void JsonPath::Step::select_items(const JsonDocument& document, Id node, std::vector<Id>& to_list) const {
  const auto size = static_cast<std::int64_t>(document.size(node));
  const auto from_end = [size](std::int64_t index) { return index < 0 ? index + size : index; };
  if (kind == Kind::items) {
    for (const std::int64_t index : items)
      if (const std::int64_t at = from_end(index); at >= 0 && at < size)
        to_list.push_back(document.item(node, static_cast<std::size_t>(at)));
    return;
  }
  const std::int64_t begin = std::max<std::int64_t>(from_end(from.value_or(0)), 0);
  const std::int64_t end = std::min(to ? from_end(*to) : size, size);
  if (begin >= end) return;
  Id at = document.item(node, static_cast<std::size_t>(begin));
  for (std::int64_t i = begin; i < end; ++i, at = document.end(at)) to_list.push_back(at);
}

namespace {

std::string statistic(Function function, const std::vector<double>& numbers) {
  double sum = 0;
  double squares = 0;
  double least = std::numeric_limits<double>::infinity();
  double most = -least;
  for (const double number : numbers) {
    sum += number;
    squares += number * number;
    least = std::min(least, number);
    most = std::max(most, number);
  }
  const auto count = static_cast<double>(numbers.size());
  switch (function) {
    case Function::min:
      return fmt::format("{}", least);
    case Function::max:
      return fmt::format("{}", most);
    case Function::avg:
      return fmt::format("{}", sum / count);
    case Function::stddev:
      return fmt::format("{}", std::sqrt(std::max(0.0, squares / count - sum / count * (sum / count))));
    default:
      return fmt::format("{}", sum);
  }
}

/// A function over what the path before it has found.
void apply(Function function, const JsonDocument& document, JsonPath::Found& found) {
  std::vector<Id> list = std::move(found.nodes);
  found.nodes.clear();
  if (!found.many) {
    if (list.empty()) return;
    const Id node = list.front();
    const bool array = document.kind(node) == Kind::array;
    if (function == Function::length && document.is_container(node)) {
      found.computed = std::to_string(document.size(node));
      return;
    }
    if (function == Function::length && document.kind(node) == Kind::string) {
      const std::string_view text = document.text(node);
      found.computed =
          std::to_string(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
      return;
    }
    if (function == Function::keys && document.kind(node) == Kind::object) {
      std::string keys = "[";
      for (Id at = node + 1; at < document.end(node); at = document.end(at))
        keys += fmt::format("{}\"{}\"", keys.size() > 1 ? "," : "", text::json_escape(document.key(at)));
      found.computed = keys + "]";
      return;
    }
    if (!array) return;
    list.clear();
    for (Id at = node + 1; at < document.end(node); at = document.end(at)) list.push_back(at);
  }
  found.many = false;
  if (function == Function::length) found.computed = std::to_string(list.size());
  if (function == Function::first && !list.empty()) found.nodes = {list.front()};
  if (function == Function::last && !list.empty()) found.nodes = {list.back()};
  if (function == Function::length || function >= Function::keys) return;
  std::vector<double> numbers;
  for (const Id id : list)
    if (document.kind(id) == Kind::number)
      if (const auto number = to_number(document.text(id))) numbers.push_back(*number);
  if (!numbers.empty()) found.computed = statistic(function, numbers);
}

Fault too_many() {
  return Fault(code::kException, "Evaluation of the JSONPath failed",
               fmt::format("more than {} values selected", kMaxSelected));
}

}  // namespace

Result<JsonPath::Found> JsonPath::walk(const JsonDocument& document, Id from, std::size_t steps) const {
  Found found;
  found.nodes = {from};
  for (std::size_t i = 0; i < steps; ++i) {
    const Step& step = steps_[i];
    if (step.kind == Step::Kind::function) {
      apply(step.function, document, found);
      continue;
    }
    found.many = found.many || !step.definite();
    std::vector<Id> selected;
    for (const Id node : found.nodes) {
      const Id end = step.deep ? document.end(node) : node + 1;
      for (Id at = node; at < end; ++at) step.select(document, at, selected);
      if (selected.size() > kMaxSelected) return too_many();
    }
    found.nodes = std::move(selected);
  }
  return found;
}

JsonFilter::Values JsonFilter::values(const Operand& operand, const JsonDocument& document, Id node) {
  if (!operand.path) return Values{operand.literals, operand.list};
  Values out;
  const auto found =
      operand.path->walk(document, operand.from_root ? document.root() : node, operand.path->steps_.size());
  if (!found) return out;
  if (found->computed) {
    out.items.push_back(
        Scalar{found->computed->starts_with('[') ? Kind::array : Kind::number, *found->computed});
    return out;
  }
  for (const Id id : found->nodes) out.items.push_back(scalar_of(document, id));
  out.list = found->many;
  return out;
}

/// The items of a list, also of an array that a path leads to.
std::vector<Scalar> JsonFilter::list_of(Values values) {
  if (values.list || values.items.size() != 1 || values.items.front().kind != Kind::array) return std::move(values.items);
  std::vector<Scalar> items;
  const auto array = JsonDocument::parse(values.items.front().text);
  for (Id at = 1; array && at < (*array)->end(0); at = (*array)->end(at)) items.push_back(scalar_of(**array, at));
  return items;
}

bool JsonFilter::holds_one_of(const std::vector<Scalar>& list, const Scalar& item) {
  return std::any_of(list.begin(), list.end(), [&](const Scalar& other) { return same(other, item); });
}

/// `in`, `nin`, `subsetof`, `anyof`, `noneof`, `size` and `empty`.
bool JsonFilter::compares_lists(const JsonDocument& document, Id node) const {
  Values a = values(left, document, node);
  if (a.items.empty() && !a.list) return false;
  Values b = values(right, document, node);
  if (comparison == Comparison::size || comparison == Comparison::empty) {
    const bool string = !a.list && a.items.front().kind == Kind::string;
    const std::size_t size = string ? a.items.front().text.size() : list_of(std::move(a)).size();
    if (b.items.size() != 1) return false;
    return comparison == Comparison::size ? to_number(b.items.front().text) == static_cast<double>(size)
                                          : b.items.front().text == (size == 0 ? "true" : "false");
  }
  const std::vector<Scalar> list = list_of(std::move(b));
  if (comparison == Comparison::in || comparison == Comparison::not_in)
    return !a.items.empty() && holds_one_of(list, a.items.front()) == (comparison == Comparison::in);
  const std::vector<Scalar> items = list_of(std::move(a));
  const auto inside = [&](const Scalar& item) { return holds_one_of(list, item); };
  if (comparison == Comparison::subset_of) return std::all_of(items.begin(), items.end(), inside);
  return std::any_of(items.begin(), items.end(), inside) == (comparison == Comparison::any_of);
}

bool JsonFilter::compares(const JsonDocument& document, Id node) const {
  if (comparison == Comparison::in || comparison == Comparison::not_in || comparison >= Comparison::subset_of)
    return compares_lists(document, node);
  const Values a = values(left, document, node);
  if (comparison == Comparison::matches) {
    const Result<bool> fits = a.items.size() == 1 ? right.pattern->matches(a.items[0].text) : Result<bool>(false);
    return fits && *fits;  // one that takes too many steps fits nothing (REL-088)
  }
  const Values b = values(right, document, node);
  const bool both = a.items.size() == 1 && b.items.size() == 1;
  if (comparison == Comparison::equal)
    return both ? same(a.items[0], b.items[0]) : a.items.empty() && b.items.empty();
  if (comparison == Comparison::unequal)
    return both ? !same(a.items[0], b.items[0]) : a.items.size() != b.items.size();
  if (!both) return false;
  if (comparison == Comparison::contains)
    return a.items[0].kind == Kind::string && a.items[0].text.find(b.items[0].text) != std::string::npos;
  const auto order = compare(a.items[0], b.items[0]);
  if (!order) return false;
  switch (comparison) {
    case Comparison::less:
      return *order < 0;
    case Comparison::less_equal:
      return *order <= 0;
    case Comparison::greater:
      return *order > 0;
    default:
      return *order >= 0;
  }
}

bool JsonFilter::holds(const JsonDocument& document, Id node) const {
  const auto part_holds = [&](const JsonFilter& part) { return part.holds(document, node); };
  switch (op) {
    case Op::any:
      return std::any_of(parts.begin(), parts.end(), part_holds);
    case Op::all:
      return std::all_of(parts.begin(), parts.end(), part_holds);
    case Op::negate:
      return !part_holds(parts.front());
    case Op::exists:
      return !values(left, document, node).items.empty();
    case Op::compare:
      return compares(document, node);
  }
  return false;
}

// --- parsing ---------------------------------------------------------------------------------------

/// Recursive descent over the path's text; recursion only in filters, and counted there.
class JsonPathParser {
 public:
  JsonPathParser(std::string_view text, SyntaxError& error) : text_(text), error_(error) {}

  std::optional<JsonPath> run() {
    JsonPath path;
    skip_blanks();
    if (at_ == text_.size()) return fail("an empty path");
    const bool rooted = peek() == '$';
    if (rooted) ++at_;
    if (!rooted && peek() != '[' && !name_step(path, false)) return std::nullopt;
    if (!steps(path)) return std::nullopt;
    skip_blanks();
    if (at_ != text_.size()) return fail(fmt::format("'{}' is not expected here", text_.substr(at_, 1)));
    return path;
  }

 private:
  using Step = JsonPath::Step;
  using Op = JsonFilter::Op;

  char peek(std::size_t ahead = 0) const noexcept {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  bool take(std::string_view word) noexcept {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }
  void skip_blanks() noexcept {
    while (at_ < text_.size() && text::is_space(text_[at_])) ++at_;
  }
  std::nullopt_t fail(std::string message) {
    if (error_.message.empty()) error_ = SyntaxError{std::move(message), at_};
    return std::nullopt;
  }
  bool refuse(std::string message) {
    fail(std::move(message));
    return false;
  }

  bool steps(JsonPath& path) {
    for (;;) {
      if (take("..")) {
        if (peek() == '[') {
          if (!bracket(path, true)) return false;
        } else if (!name_step(path, true)) {
          return false;
        }
      } else if (peek() == '[') {
        if (!bracket(path, false)) return false;
      } else if (peek() == '.') {
        ++at_;
        // `$.` is the whole document, as in Synapse.
        if (at_ == text_.size() && path.steps_.empty()) return true;
        if (peek() == '[') continue;
        if (!name_step(path, false)) return false;
      } else {
        return true;
      }
    }
  }

  static bool ends_name(char c) noexcept {
    return std::string_view(".[]()!=<>&|, \t\r\n'\"").find(c) != std::string_view::npos;
  }

  bool name_step(JsonPath& path, bool deep) {
    Step step;
    step.deep = deep;
    if (take("*")) {
      step.kind = Step::Kind::all;
    } else {
      const std::size_t begin = at_;
      while (at_ < text_.size() && !ends_name(text_[at_])) ++at_;
      const std::string_view name = text_.substr(begin, at_ - begin);
      if (name.empty()) return refuse("a member name, '*' or '[' is expected");
      if (peek() == '(') return function_step(path, name, deep);
      step.names.emplace_back(name);
    }
    path.steps_.push_back(std::move(step));
    return true;
  }

  bool function_step(JsonPath& path, std::string_view name, bool deep) {
    const auto found = std::find_if(kFunctions.begin(), kFunctions.end(),
                                    [name](const auto& entry) { return entry.first == name; });
    if (found == kFunctions.end()) {
      std::vector<std::string_view> names;
      for (const auto& entry : kFunctions) names.push_back(entry.first);
      return refuse(fmt::format("function '{}' is unknown; {} is allowed", name, text::one_of(names)));
    }
    ++at_;
    skip_blanks();
    if (!take(")")) return refuse(fmt::format("function '{}' takes no arguments", name));
    if (deep) return refuse("a function cannot follow '..'");
    Step step;
    step.kind = Step::Kind::function;
    step.function = found->second;
    path.steps_.push_back(std::move(step));
    return true;
  }

  bool bracket(JsonPath& path, bool deep) {
    ++at_;
    skip_blanks();
    Step step;
    step.deep = deep;
    bool fine = false;
    if (take("*")) {
      step.kind = Step::Kind::all;
      fine = true;
    } else if (take("?")) {
      fine = filter_step(step);
    } else if (peek() == '\'' || peek() == '"') {
      fine = names_step(step);
    } else {
      fine = numbers_step(step);
    }
    if (!fine) return false;
    skip_blanks();
    if (!take("]")) return refuse("']' is expected");
    path.steps_.push_back(std::move(step));
    return true;
  }

  bool quoted(std::string& to) {
    const char quote = peek();
    for (++at_; at_ < text_.size() && text_[at_] != quote; ++at_) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      to += text_[at_];
    }
    if (at_ == text_.size()) return refuse("a closing quote is missing");
    ++at_;
    return true;
  }

  bool names_step(Step& step) {
    for (;;) {
      skip_blanks();
      if (peek() != '\'' && peek() != '"') return refuse("a quoted name is expected");
      std::string name;
      if (!quoted(name)) return false;
      step.names.push_back(std::move(name));
      skip_blanks();
      if (!take(",")) return true;
    }
  }

  std::optional<std::int64_t> integer() {
    skip_blanks();
    std::size_t end = at_;
    if (end < text_.size() && text_[end] == '-') ++end;
    while (end < text_.size() && text_[end] >= '0' && text_[end] <= '9') ++end;
    // An array has fewer items than fit an int; that also keeps index arithmetic safe.
    const auto value = text::parse_int(text_.substr(at_, end - at_));
    if (!value) return std::nullopt;
    at_ = end;
    return *value;
  }

  bool numbers_step(Step& step) {
    step.kind = Step::Kind::items;
    const auto first = integer();
    skip_blanks();
    if (take(":")) {
      step.kind = Step::Kind::slice;
      step.from = first;
      step.to = integer();
      return true;
    }
    if (!first) return refuse("an index, a quoted name, '*', a slice or '?(' is expected");
    step.items.push_back(*first);
    for (skip_blanks(); take(","); skip_blanks()) {
      const auto next = integer();
      if (!next) return refuse("an index is expected");
      step.items.push_back(*next);
    }
    return true;
  }

  // --- filters ---
  bool filter_step(Step& step) {
    step.kind = Step::Kind::filter;
    skip_blanks();
    if (peek() != '(') return refuse("'(' is expected after '?'");
    return part(step.filter, 0);
  }

  /// One operand of && and ||: a negation, a parenthesis or a comparison.
  bool part(JsonFilter& filter, int depth) {
    if (depth > kMaxFilterDepth) return refuse("the filter is nested too deeply");
    skip_blanks();
    if (peek() == '!' && peek(1) != '=') {
      ++at_;
      filter.op = Op::negate;
      filter.parts.emplace_back();
      return part(filter.parts.back(), depth + 1);
    }
    if (!take("(")) return comparison(filter, depth);
    if (!any_of(filter, depth + 1)) return false;
    skip_blanks();
    return take(")") || refuse("')' is expected");
  }

  bool chain(JsonFilter& filter, Op op, std::string_view word, int depth) {
    filter.op = op;
    do {
      filter.parts.emplace_back();
      const bool fine =
          op == Op::any ? chain(filter.parts.back(), Op::all, "&&", depth) : part(filter.parts.back(), depth);
      if (!fine) return false;
      skip_blanks();
    } while (take(word));
    return true;
  }
  bool any_of(JsonFilter& filter, int depth) { return chain(filter, Op::any, "||", depth); }

  bool comparison(JsonFilter& filter, int depth) {
    if (!operand(filter.left, depth)) return false;
    skip_blanks();
    for (const auto& [word, comparison] : kComparisons)
      if (take(word)) {
        filter.op = Op::compare;
        filter.comparison = comparison;
        return comparison == Comparison::matches ? regular_expression(filter.right) : operand(filter.right, depth);
      }
    if (take("contains")) {
      filter.op = Op::compare;
      filter.comparison = Comparison::contains;
      return operand(filter.right, depth);
    }
    filter.op = Op::exists;
    return filter.left.path != nullptr || refuse("a comparison is expected");
  }

  /// `/expression/flags` in Java's syntax; the flags are Java's letters.
  bool regular_expression(JsonFilter::Operand& to) {
    skip_blanks();
    if (!take("/")) return refuse("a regular expression between slashes is expected");
    std::string text;
    while (at_ < text_.size() && text_[at_] != '/') {
      if (text_.substr(at_, 2) == "\\/") ++at_;
      else if (text_[at_] == '\\') text += text_[at_++];
      if (at_ < text_.size()) text += text_[at_++];
    }
    if (!take("/")) return refuse("'/' is expected");
    std::string flags;
    while (std::string_view("imsx").find(peek()) != std::string_view::npos && at_ < text_.size()) flags += text_[at_++];
    std::string error;
    to.pattern = Pattern::compile(flags.empty() ? text : "(?" + flags + ")" + text, error);
    return to.pattern || refuse(std::move(error));
  }

  bool operand(JsonFilter::Operand& to, int depth) {
    skip_blanks();
    if (peek() == '@' || peek() == '$') {
      if (depth >= kMaxFilterDepth) return refuse("the filter is nested too deeply");
      to.from_root = peek() == '$';
      ++at_;
      to.path = std::make_unique<JsonPath>(JsonPath());
      return steps(*to.path);
    }
    if (!take("[")) return literal(to);
    to.list = true;
    for (skip_blanks(); !take("]"); skip_blanks()) {
      if (!to.literals.empty() && !take(",")) return refuse("',' or ']' is expected");
      skip_blanks();
      if (!literal(to)) return false;
    }
    return true;
  }

  bool literal(JsonFilter::Operand& to) {
    Scalar value;
    if (peek() == '\'' || peek() == '"') {
      value.kind = Kind::string;
      if (!quoted(value.text)) return false;
    } else {
      const std::size_t begin = at_;
      while (at_ < text_.size() && std::string_view("+-.").find(text_[at_]) != std::string_view::npos) ++at_;
      while (at_ < text_.size() && (!ends_name(text_[at_]) || text_[at_] == '.')) ++at_;
      value.text = text_.substr(begin, at_ - begin);
      if (value.text == "true" || value.text == "false")
        value.kind = Kind::boolean;
      else if (value.text == "null")
        value.kind = Kind::null;
      else if (to_number(value.text))
        value.kind = Kind::number;
      else {
        at_ = begin;
        return refuse("a path, a number, a quoted text, true, false or null is expected");
      }
    }
    to.literals.push_back(std::move(value));
    return true;
  }

  std::string_view text_;
  SyntaxError& error_;
  std::size_t at_ = 0;
};

JsonPath::JsonPath() = default;
JsonPath::JsonPath(JsonPath&&) noexcept = default;
JsonPath& JsonPath::operator=(JsonPath&&) noexcept = default;
JsonPath::~JsonPath() = default;

std::optional<JsonPath> JsonPath::compile(std::string_view path, SyntaxError& error) {
  error = SyntaxError{};
  return JsonPathParser(path, error).run();
}

bool JsonPath::whole() const noexcept { return steps_.empty(); }
bool JsonPath::definite() const noexcept {
  return std::all_of(steps_.begin(), steps_.end(), [](const Step& step) { return step.definite(); });
}
Result<JsonPath::Found> JsonPath::find(const JsonDocument& document) const {
  return walk(document, document.root(), steps_.size());
}
std::optional<std::string> JsonPath::last_name() const {
  if (steps_.empty() || steps_.back().kind != Step::Kind::names || !steps_.back().definite())
    return std::nullopt;
  return steps_.back().names.front();
}
Result<JsonPath::Found> JsonPath::find_parent(const JsonDocument& document) const {
  return walk(document, document.root(), steps_.empty() ? 0 : steps_.size() - 1);
}

// --- json-eval(...) ----------------------------------------------------------------------------------

namespace {

enum class Source : std::uint8_t { payload, context, transport, axis2 };

constexpr std::array<std::pair<std::string_view, Source>, 3> kSources{
    {{"$ctx:", Source::context}, {"$trp:", Source::transport}, {"$axis2:", Source::axis2}}};

class JsonEval final : public Expression {
 public:
  JsonEval(std::string source, Source from, std::string property, JsonPath path)
      : from_(from), property_(std::move(property)), path_(std::move(path)) {
    source_ = std::move(source);
  }

  Need need() const noexcept override { return from_ == Source::payload ? Need::body : Need::nothing; }

  Result<Value> evaluate(Message& message) const override {
    auto document = open(message);
    if (!document) return std::move(document.fault());
    if (!document->get()) return Value();
    const auto found = path_.find(**document);
    if (!found) return found.fault();
    if (found->many) return Value(Json{list(**document, found->nodes)});
    if (found->computed) return typed(*found->computed);
    if (found->nodes.empty()) return from_ == Source::payload ? Result<Value>(Value()) : missing();
    return value_of(**document, found->nodes.front());
  }

  Result<std::optional<std::string>> text(Message& message) const override {
    if (path_.whole() && from_ == Source::payload) {
      auto whole = message.payload.json_text();
      if (!whole) return std::move(whole.fault());
      return std::optional<std::string>(std::move(*whole));
    }
    auto document = open(message);
    if (!document) return std::move(document.fault());
    if (!document->get()) return std::optional<std::string>("");
    const auto found = path_.find(**document);
    if (!found) return found.fault();
    return text_of(**document, *found);
  }

  Result<bool> test(Message& message) const override {
    const auto value = text(message);
    if (!value) return value.fault();
    return text::iequals(**value, "true");
  }

 private:
  using Document = std::shared_ptr<const JsonDocument>;

  /// The document to look into; null when the property is not set.
  Result<Document> open(Message& message) const {
    if (from_ == Source::payload) {
      const auto payload = message.payload.json();
      if (!payload) return payload.fault();
      return Document(Document(), *payload);  // the message keeps it
    }
    std::string json;
    if (from_ == Source::transport)
      json = message.headers.get(property_).value_or("");
    else
      json =
          (from_ == Source::context ? message.property(property_) : message.axis2_property(property_)).text();
    if (json.empty()) return Document();
    return JsonDocument::parse(json);
  }

  Fault missing() const {
    return Fault(code::kException,
                 fmt::format("JSONPath '{}' matches nothing in property '{}'", source_, property_));
  }

  static std::string list(const JsonDocument& document, const std::vector<Id>& nodes) {
    std::string out = "[";
    for (const Id id : nodes) {
      if (out.size() > 1) out += ',';
      document.write(id, out);
    }
    return out + "]";
  }

  Result<std::optional<std::string>> text_of(const JsonDocument& document,
                                             const JsonPath::Found& found) const {
    if (found.many) return std::optional(list(document, found.nodes));
    if (found.computed) return std::optional(*found.computed);
    if (found.nodes.empty() && from_ != Source::payload) return missing();
    if (found.nodes.empty()) return std::optional<std::string>("");
    const Id node = found.nodes.front();
    return std::optional(document.is_container(node) ? document.json(node)
                                                     : std::string(document.text(node)));
  }

  static Value typed(const std::string& json) {
    if (json.starts_with('[')) return Json{json};
    if (const auto whole = text::parse_long(json)) return *whole;
    return to_number(json).value_or(0);
  }

  static Value value_of(const JsonDocument& document, Id node) {
    const std::string_view text = document.text(node);
    switch (document.kind(node)) {
      case Kind::string:
        return text;
      case Kind::boolean:
        return text == "true";
      case Kind::number:
        if (const auto whole = text::parse_long(text)) return *whole;
        if (const auto number = to_number(text)) return *number;
        return Json{std::string(text)};
      default:
        return Json{document.json(node)};
    }
  }

  Source from_;
  std::string property_;
  JsonPath path_;
};

}  // namespace

std::unique_ptr<Expression> compile_jsonpath(std::string_view path, SyntaxError& error) {
  const std::string_view trimmed = text::trim(path);
  const auto shift = static_cast<std::size_t>(trimmed.data() - path.data());
  Source from = Source::payload;
  std::string property;
  std::string rest(trimmed);
  std::size_t cut = 0;
  for (const auto& [prefix, source] : kSources)
    if (trimmed.starts_with(prefix)) {
      from = source;
      cut = std::min(trimmed.find_first_of(".[", prefix.size()), trimmed.size());
      property = trimmed.substr(prefix.size(), cut - prefix.size());
      rest = "$" + std::string(trimmed.substr(cut));
      if (property.empty()) {
        error = SyntaxError{"a property name is expected", shift + prefix.size()};
        return nullptr;
      }
      --cut;
      break;
    }
  auto compiled = JsonPath::compile(rest, error);
  if (!compiled) {
    error.offset += shift + cut;
    return nullptr;
  }
  return std::make_unique<JsonEval>(std::string(path), from, std::move(property), std::move(*compiled));
}

}  // namespace myelin::expr
