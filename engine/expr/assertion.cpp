#include "engine/expr/assertion.hpp"

#include <charconv>
#include <optional>
#include <string>
#include <variant>

#include "engine/base/text.hpp"
#include "engine/expr/jsonpath.hpp"
#include "engine/expr/pattern.hpp"
#include "engine/message/json.hpp"

namespace myelin::expr {

namespace {

enum class Op : std::uint8_t {
  constant, status, content, header, took, json_path,   // values
  equal, differs, less, at_most, more, at_least,        // conditions
  contains, matches, both, either, negation
};

using Operand = std::variant<std::monostate, bool, double, std::string_view, std::string>;

std::optional<std::string_view> text_of(const Operand& value) noexcept {
  if (const auto* view = std::get_if<std::string_view>(&value)) return *view;
  if (const auto* text = std::get_if<std::string>(&value)) return std::string_view(*text);
  return std::nullopt;
}

std::optional<double> number_of(const Operand& value) noexcept {
  if (const auto* number = std::get_if<double>(&value)) return *number;
  const auto text = text_of(value);
  if (!text) return std::nullopt;
  const std::string_view digits = text::trim(*text);
  double number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

template <class T>
bool compared(Op op, const T& a, const T& b) noexcept {
  switch (op) {
    case Op::equal: return a == b;
    case Op::differs: return !(a == b);
    case Op::less: return a < b;
    case Op::at_most: return a <= b;
    case Op::more: return a > b;
    default: return a >= b;
  }
}

/// What cannot be compared is different, and neither less nor more.
bool compare(Op op, const Operand& a, const Operand& b) noexcept {
  if (a.index() == 0 && b.index() == 0) return op == Op::equal || op == Op::at_most || op == Op::at_least;
  if (std::holds_alternative<double>(a) || std::holds_alternative<double>(b)) {
    const auto left = number_of(a), right = number_of(b);
    return left && right ? compared(op, *left, *right) : op == Op::differs;
  }
  if (const auto* left = std::get_if<bool>(&a))
    if (const auto* right = std::get_if<bool>(&b)) return compared(op, *left, *right);
  const auto left = text_of(a), right = text_of(b);
  return left && right ? compared(op, *left, *right) : op == Op::differs;
}

}  // namespace

struct Assertion::Node {
  explicit Node(Op kind) : op(kind) {}
  Op op;
  std::unique_ptr<const Node> left, right;
  Operand value;                            ///< constant
  std::string name;                         ///< header
  std::unique_ptr<const Pattern> pattern;   ///< matches
  std::optional<JsonPath> path;             ///< json_path

  bool is_condition() const noexcept {
    return op >= Op::equal || op == Op::json_path || (op == Op::constant && std::holds_alternative<bool>(value));
  }
  Operand operand(const CheckAnswer& answer, Fault& fault) const;
  Result<bool> test(const CheckAnswer& answer) const;
};

// --- evaluating ---------------------------------------------------------------------------------------

namespace {

Operand found_in(const JsonPath& path, std::string_view content, Fault& fault) {
  const auto document = JsonDocument::parse(content);
  if (!document) {
    fault = document.fault();
    return {};
  }
  const auto found = path.find(**document);
  if (!found) {
    fault = found.fault();
    return {};
  }
  if (found->computed) return *found->computed;
  if (found->nodes.empty()) return {};
  const JsonDocument& json = **document;
  const JsonDocument::Id id = found->nodes.front();
  switch (json.kind(id)) {
    case JsonDocument::Kind::null: return {};
    case JsonDocument::Kind::boolean: return json.text(id) == "true";
    case JsonDocument::Kind::string:
    case JsonDocument::Kind::number: return std::string(json.text(id));
    default: return json.json(id);
  }
}

}  // namespace

Operand Assertion::Node::operand(const CheckAnswer& answer, Fault& fault) const {
  switch (op) {
    case Op::constant: return value;
    case Op::status: return static_cast<double>(answer.status);
    case Op::content: return answer.content;
    case Op::took: return static_cast<double>(answer.took.count());
    case Op::json_path: return found_in(*path, answer.content, fault);
    case Op::header: {
      const auto found = answer.headers ? answer.headers->get(name) : std::nullopt;
      if (found) return *found;
      return {};
    }
    default: break;
  }
  const Result<bool> holds = test(answer);
  if (holds) return *holds;
  fault = holds.fault();
  return {};
}

Result<bool> Assertion::Node::test(const CheckAnswer& answer) const {
  if (op == Op::negation) {
    const Result<bool> inner = left->test(answer);
    return inner ? Result<bool>(!*inner) : inner;
  }
  if (op == Op::both || op == Op::either) {
    const Result<bool> first = left->test(answer);
    if (!first || *first == (op == Op::either)) return first;
    return right->test(answer);
  }
  Fault fault;
  if (op < Op::equal) {
    const Operand alone = operand(answer, fault);
    if (!fault.message.empty()) return fault;
    const auto* truth = std::get_if<bool>(&alone);
    return truth && *truth;
  }
  const Operand a = left->operand(answer, fault);
  if (op == Op::matches) {
    const auto text = text_of(a);
    if (!fault.message.empty()) return fault;
    return text ? pattern->matches(*text) : Result<bool>(false);
  }
  const Operand b = right->operand(answer, fault);
  if (!fault.message.empty()) return fault;
  if (op != Op::contains) return compare(op, a, b);
  const auto whole = text_of(a), part = text_of(b);
  return whole && part && whole->find(*part) != std::string_view::npos;
}

Assertion::Assertion() = default;
Assertion::~Assertion() = default;

Result<bool> Assertion::holds(const CheckAnswer& answer) const { return root_->test(answer); }

// --- compiling ----------------------------------------------------------------------------------------

class AssertionParser {
 public:
  using Node = Assertion::Node;
  using Made = std::unique_ptr<Node>;

  AssertionParser(std::string_view text, SyntaxError& error) : text_(text), error_(error) {}

  std::unique_ptr<const Assertion> parse() {
    if (text_.size() > kLongest) fail("the expression is longer than " + std::to_string(kLongest) + " characters");
    Made root = failed_ ? nullptr : either();
    if (root && at_ < text_.size()) fail("an operator or the end is expected here");
    if (root && !failed_) condition(*root, 0);
    if (failed_) return nullptr;
    auto made = std::unique_ptr<Assertion>(new Assertion);
    made->root_ = std::move(root);
    made->reads_content_ = reads_content_;
    return made;
  }

 private:
  static constexpr int kDeepest = 64;
  static constexpr std::size_t kLongest = 8192;  // bounds the chains of && and || as well

  // --- words ----
  void skip() noexcept {
    while (at_ < text_.size() && text::is_space(text_[at_])) ++at_;
  }
  Made fail(std::string why) { return fail(std::move(why), at_); }
  Made fail(std::string why, std::size_t where) {
    if (failed_) return nullptr;
    failed_ = true;
    error_.message = std::move(why);
    error_.offset = where;
    return nullptr;
  }
  static bool is_word(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  }
  bool take(std::string_view token) {
    skip();
    if (!text_.substr(at_).starts_with(token)) return false;
    const std::size_t end = at_ + token.size();
    if (is_word(token.back()) && end < text_.size() && is_word(text_[end])) return false;
    at_ = end;
    return true;
  }
  bool expect(std::string_view token) {
    if (take(token)) return true;
    fail("'" + std::string(token) + "' is expected here");
    return false;
  }
  void condition(const Node& node, std::size_t where) {
    if (!node.is_condition()) fail("this is a value: compare it with something", where);
  }

  // --- conditions ----
  Made join(Op op, Made left, Made right, std::size_t left_at, std::size_t right_at) {
    if (!left || !right) return nullptr;
    condition(*left, left_at);
    condition(*right, right_at);
    auto made = std::make_unique<Node>(op);
    made->left = std::move(left);
    made->right = std::move(right);
    return made;
  }
  Made either() {
    skip();
    const std::size_t first = at_;
    Made left = all();
    while (left && (take("||") || take("or"))) {
      const std::size_t second = at_;
      Made right = all();
      left = join(Op::either, std::move(left), std::move(right), first, second);
    }
    return left;
  }
  Made all() {
    skip();
    const std::size_t first = at_;
    Made left = unary();
    while (left && (take("&&") || take("and"))) {
      const std::size_t second = at_;
      Made right = unary();
      left = join(Op::both, std::move(left), std::move(right), first, second);
    }
    return left;
  }
  Made unary() {
    if (depth_ >= kDeepest) return fail("the expression is nested too deeply");
    skip();
    const bool not_equal = text_.substr(at_).starts_with("!=");
    if (not_equal || !(take("!") || take("not"))) return comparison();
    const std::size_t inner_at = at_;
    ++depth_;
    Made inner = unary();
    --depth_;
    if (!inner) return nullptr;
    condition(*inner, inner_at);
    auto made = std::make_unique<Node>(Op::negation);
    made->left = std::move(inner);
    return made;
  }
  std::optional<Op> comparator() {
    static constexpr std::pair<std::string_view, Op> kOperators[] = {
        {"==", Op::equal},  {"!=", Op::differs},  {"<=", Op::at_most}, {">=", Op::at_least}, {"<", Op::less},
        {">", Op::more},    {"eq", Op::equal},    {"ne", Op::differs}, {"lt", Op::less},     {"le", Op::at_most},
        {"gt", Op::more},   {"ge", Op::at_least}, {"contains", Op::contains}, {"matches", Op::matches}};
    for (const auto& [token, op] : kOperators)
      if (take(token)) return op;
    return std::nullopt;
  }
  Made comparison() {
    Made left = operand();
    if (!left) return nullptr;
    const auto op = comparator();
    return op ? compare(*op, std::move(left), operand()) : std::move(left);
  }
  Made compare(Op op, Made left, Made right) {
    if (!left || !right) return nullptr;
    auto made = std::make_unique<Node>(op);
    made->left = std::move(left);
    if (op == Op::matches) {
      const auto pattern = right->op == Op::constant ? text_of(right->value) : std::nullopt;
      if (!pattern) return fail("matches takes a regular expression in quotes");
      std::string why;
      made->pattern = Pattern::compile(*pattern, why);
      if (!made->pattern) return fail("'" + std::string(*pattern) + "' is no regular expression: " + why);
    }
    made->right = std::move(right);
    return made;
  }

  // --- values ----
  Made operand() {
    Made made = primary();
    while (made && take(".")) {
      const bool contains = take("contains");
      if (!contains && !take("matches")) return fail("contains(...) or matches(...) is expected here");
      if (!expect("(")) return nullptr;
      made = compare(contains ? Op::contains : Op::matches, std::move(made), operand());
      if (made && !expect(")")) return nullptr;
    }
    return made;
  }
  Made primary() {
    skip();
    if (at_ >= text_.size()) return fail("a value is expected here");
    const char c = text_[at_];
    if (c == '(') return parenthesised();
    if (c == '\'' || c == '"') return quoted();
    if (c == '#') return variable();
    if ((c >= '0' && c <= '9') || c == '-' || c == '.') return number();
    if (take("true")) return constant(true);
    if (take("false")) return constant(false);
    if (take("null")) return constant({});
    return fail("a variable, a number or a text in quotes is expected here");
  }
  Made parenthesised() {
    ++at_;
    if (++depth_ >= kDeepest) return fail("the expression is nested too deeply");
    Made inner = either();
    --depth_;
    if (inner && !expect(")")) return nullptr;
    return inner;
  }
  static Made constant(Operand value) {
    auto made = std::make_unique<Node>(Op::constant);
    made->value = std::move(value);
    return made;
  }
  /// A text in quotes; a doubled quote inside stands for one.
  std::optional<std::string> text() {
    skip();
    const std::size_t start = at_;
    const char quote = at_ < text_.size() ? text_[at_] : ' ';
    if (quote != '\'' && quote != '"') {
      fail("a text in quotes is expected here");
      return std::nullopt;
    }
    std::string found;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == quote && (at_ + 1 == text_.size() || text_[at_ + 1] != quote)) {
        ++at_;
        return found;
      }
      if (text_[at_] == quote) ++at_;
      found += text_[at_];
    }
    fail("this text has no end", start);
    return std::nullopt;
  }
  Made quoted() {
    auto found = text();
    return found ? constant(*std::move(found)) : nullptr;
  }
  Made number() {
    double value = 0;
    const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    const auto length = static_cast<std::size_t>(end - text_.data()) - at_;
    if (error != std::errc() || (at_ + length < text_.size() && is_word(text_[at_ + length]))) return fail("this is no number");
    at_ += length;
    return constant(value);
  }
  Made variable() {
    const std::size_t start = at_;
    if (take("#responseTime")) return std::make_unique<Node>(Op::took);
    if (take("#response.status")) return std::make_unique<Node>(Op::status);
    if (take("#response.content")) {
      reads_content_ = true;
      return std::make_unique<Node>(Op::content);
    }
    if (take("#response.headers")) return header();
    if (take("#jsonPath")) return json_path();
    return fail("allowed: #response.status, #response.content, #response.headers['name'], #responseTime, #jsonPath(...)", start);
  }
  Made header() {
    if (!expect("[")) return nullptr;
    auto name = text();
    if (!name || !expect("]")) return nullptr;
    if (take("[") && !(expect("0") && expect("]"))) return nullptr;  // the form that asks for the first of a list
    auto made = std::make_unique<Node>(Op::header);
    made->name = *std::move(name);
    return made;
  }
  Made json_path() {
    if (!expect("(") || !expect("#response.content") || !expect(",")) return nullptr;
    skip();
    const std::size_t start = at_;
    const auto path = text();
    if (!path || !expect(")")) return nullptr;
    SyntaxError wrong;
    auto made = std::make_unique<Node>(Op::json_path);
    made->path = JsonPath::compile(*path, wrong);
    if (!made->path) return fail(wrong.message, start);
    reads_content_ = true;
    return made;
  }

  std::string_view text_;
  SyntaxError& error_;
  std::size_t at_ = 0;
  int depth_ = 0;
  bool failed_ = false;
  bool reads_content_ = false;
};

bool Assertion::is_one(std::string_view text) noexcept {
  char quote = 0;
  for (const char c : text) {
    if (quote != 0) quote = c == quote ? char{0} : quote;
    else if (c == '\'' || c == '"') quote = c;
    else if (c == '#') return true;
  }
  return false;
}

std::unique_ptr<const Assertion> Assertion::compile(std::string_view text, SyntaxError& error) {
  std::string_view inner = text::trim(text);
  if (inner.size() > 1 && inner.front() == '{' && inner.back() == '}') inner = inner.substr(1, inner.size() - 2);
  const auto before = static_cast<std::size_t>(inner.data() - text.data());
  auto made = AssertionParser(inner, error).parse();
  if (!made) error.offset += before;
  return made;
}

}  // namespace myelin::expr
