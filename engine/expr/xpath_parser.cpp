// Recursive descent over XPath 1.0's grammar, nesting limited (REL-097); precedence by climbing.
#include "engine/expr/xpath_parser.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "engine/base/text.hpp"

namespace myelin::expr::xpath {

namespace {

constexpr int kDepth = 500;

enum class Kind : std::uint8_t {
  end,
  number,
  literal,
  name,       ///< prefix (may be empty), text
  any,        ///< * or p:*
  operator_,  ///< and or div mod * + - = != < <= > >= |
  symbol,     ///< ( ) [ ] . .. @ , :: / // $
};

struct Token {
  Kind kind = Kind::end;
  std::string_view text;
  std::string_view prefix;
  std::size_t offset = 0;
};

bool name_start(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool name_char(char c) noexcept { return name_start(c) || digit(c) || c == '-' || c == '.'; }

class Lexer {
 public:
  Lexer(std::string_view text, SyntaxError& error) : text_(text), error_(error) {}

  bool run(std::vector<Token>& tokens) {
    for (;;) {
      while (at_ < text_.size() && text::is_space(text_[at_])) ++at_;
      Token token;
      token.offset = at_;
      if (at_ == text_.size()) {
        tokens.push_back(token);
        return true;
      }
      if (!next(token, tokens.empty() ? nullptr : &tokens.back())) return false;
      tokens.push_back(token);
    }
  }

 private:
  bool fail(std::string message) {
    error_ = SyntaxError{std::move(message), at_};
    return false;
  }
  char peek(std::size_t ahead = 0) const noexcept { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

  /// XPath 3.7: behind an operand, `*` multiplies and a name is an operator.
  static bool operand_before(const Token* last) noexcept {
    if (!last) return false;
    if (last->kind == Kind::operator_) return false;
    if (last->kind != Kind::symbol) return true;
    static constexpr std::array<std::string_view, 4> kOperandEnds{")", "]", ".", ".."};
    return std::find(kOperandEnds.begin(), kOperandEnds.end(), last->text) != kOperandEnds.end();
  }

  bool next(Token& token, const Token* last) {
    const char c = peek();
    if (c == '"' || c == '\'') return literal(token, c);
    if (digit(c) || (c == '.' && digit(peek(1)))) return number(token);
    if (name_start(c)) return name(token, last);
    if (c == '*') return take(token, operand_before(last) ? Kind::operator_ : Kind::any, 1);
    static constexpr std::array<std::string_view, 20> kSymbols{"!=", "<=", ">=", "::", "//", "..", "=", "<", ">", "+",
                                                               "-",  "|",  "(",  ")",  "[",  "]",  ".", "@", ",", "/"};
    for (const std::string_view symbol : kSymbols)
      if (text_.substr(at_).starts_with(symbol))
        return take(token, std::string_view("!=<=>=+-|").find(symbol) != std::string_view::npos ? Kind::operator_ : Kind::symbol,
                    symbol.size());
    if (c == '$') return take(token, Kind::symbol, 1);
    return fail(fmt::format("unexpected '{}'", c));
  }
  bool take(Token& token, Kind kind, std::size_t size) {
    token.kind = kind;
    token.text = text_.substr(at_, size);
    at_ += size;
    return true;
  }
  bool literal(Token& token, char quote) {
    const std::size_t close = text_.find(quote, at_ + 1);
    if (close == std::string_view::npos) return fail("the string is not closed");
    token.kind = Kind::literal;
    token.text = text_.substr(at_ + 1, close - at_ - 1);
    at_ = close + 1;
    return true;
  }
  bool number(Token& token) {
    std::size_t size = 0;
    while (digit(peek(size))) ++size;
    if (peek(size) == '.') {
      ++size;
      while (digit(peek(size))) ++size;
    }
    return take(token, Kind::number, size);
  }
  std::string_view ncname() {
    const std::size_t start = at_;
    while (name_char(peek())) ++at_;
    return text_.substr(start, at_ - start);
  }
  bool name(Token& token, const Token* last) {
    token.kind = Kind::name;
    token.text = ncname();
    if (operand_before(last)) {
      static constexpr std::array<std::string_view, 4> kNamed{"and", "or", "mod", "div"};
      if (std::find(kNamed.begin(), kNamed.end(), token.text) == kNamed.end()) {
        at_ = token.offset;
        return fail(fmt::format("an operator was expected, not '{}'", token.text));
      }
      token.kind = Kind::operator_;
      return true;
    }
    if (peek() != ':' || peek(1) == ':') return true;
    if (peek(1) == '*') {
      token.kind = Kind::any;
      token.prefix = token.text;
      token.text = "*";
      at_ += 2;
    } else if (name_start(peek(1))) {
      ++at_;
      token.prefix = token.text;
      token.text = ncname();
    } else {
      return fail("a name was expected behind ':'");
    }
    return true;
  }

  std::string_view text_;
  SyntaxError& error_;
  std::size_t at_ = 0;
};

struct Binary {
  std::string_view symbol;
  Op op;
  int precedence;
  Type type;
};
constexpr std::array<Binary, 13> kBinary{{{"or", Op::or_, 1, Type::boolean},
                                          {"and", Op::and_, 2, Type::boolean},
                                          {"=", Op::equal, 3, Type::boolean},
                                          {"!=", Op::not_equal, 3, Type::boolean},
                                          {"<", Op::less, 4, Type::boolean},
                                          {"<=", Op::less_equal, 4, Type::boolean},
                                          {">", Op::greater, 4, Type::boolean},
                                          {">=", Op::greater_equal, 4, Type::boolean},
                                          {"+", Op::add, 5, Type::number},
                                          {"-", Op::subtract, 5, Type::number},
                                          {"*", Op::multiply, 6, Type::number},
                                          {"div", Op::divide, 6, Type::number},
                                          {"mod", Op::modulo, 6, Type::number}}};

constexpr std::array<std::pair<std::string_view, Axis>, 13> kAxes{{{"ancestor", Axis::ancestor},
                                                                   {"ancestor-or-self", Axis::ancestor_or_self},
                                                                   {"attribute", Axis::attribute},
                                                                   {"child", Axis::child},
                                                                   {"descendant", Axis::descendant},
                                                                   {"descendant-or-self", Axis::descendant_or_self},
                                                                   {"following", Axis::following},
                                                                   {"following-sibling", Axis::following_sibling},
                                                                   {"namespace", Axis::name_space},
                                                                   {"parent", Axis::parent},
                                                                   {"preceding", Axis::preceding},
                                                                   {"preceding-sibling", Axis::preceding_sibling},
                                                                   {"self", Axis::self}}};

constexpr std::array<std::pair<std::string_view, NodeTest::Kind>, 4> kNodeTypes{
    {{"node", NodeTest::Kind::node},
     {"text", NodeTest::Kind::text},
     {"comment", NodeTest::Kind::comment},
     {"processing-instruction", NodeTest::Kind::instruction}}};

template <std::size_t N, class T>
const T* find(const std::array<std::pair<std::string_view, T>, N>& table, std::string_view name) noexcept {
  for (const auto& [key, value] : table)
    if (key == name) return &value;
  return nullptr;
}

class Parser {
 public:
  Parser(std::vector<Token> tokens, const Namespaces& namespaces, SyntaxError& error)
      : tokens_(std::move(tokens)), namespaces_(namespaces), error_(error) {}

  ExprPtr run() {
    ExprPtr expr = binary(1);
    if (expr && token().kind != Kind::end) return fail(fmt::format("unexpected '{}'", shown(token())));
    return expr;
  }

 private:
  /// Counts nested calls for the limit.
  class Level {
   public:
    explicit Level(int& depth) : depth_(depth) { ++depth_; }
    ~Level() { --depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    int& depth_;
  };

  const Token& token(std::size_t ahead = 0) const noexcept { return tokens_[std::min(at_ + ahead, tokens_.size() - 1)]; }
  bool is(std::string_view symbol, std::size_t ahead = 0) const noexcept {
    const Token& t = token(ahead);
    return (t.kind == Kind::symbol || t.kind == Kind::operator_) && t.text == symbol;
  }
  bool skip(std::string_view symbol) noexcept {
    if (!is(symbol)) return false;
    ++at_;
    return true;
  }
  static std::string shown(const Token& t) {
    if (t.kind == Kind::end) return "the end of the expression";
    return t.prefix.empty() ? std::string(t.text) : fmt::format("{}:{}", t.prefix, t.text);
  }
  std::nullptr_t fail(std::string message) { return fail_at(token().offset, std::move(message)); }
  std::nullptr_t fail_at(std::size_t offset, std::string message) {
    error_ = SyntaxError{std::move(message), offset};
    return nullptr;
  }
  bool refuse(std::size_t offset, std::string message) {
    fail_at(offset, std::move(message));
    return false;
  }
  bool expect(std::string_view symbol) {
    if (skip(symbol)) return true;
    return refuse(
        token().offset,
        token().kind == Kind::end ? fmt::format("'{}' was expected at the end", symbol)
                                   : fmt::format("'{}' was expected, not '{}'", symbol, shown(token())));
  }
  bool resolve(const Token& name, std::string& ns) {
    if (name.prefix.empty()) return true;
    const std::string* uri = declared(name.prefix);
    if (!uri) return refuse(name.offset, fmt::format("the prefix '{}' is not declared", name.prefix));
    ns = *uri;
    return true;
  }
  const std::string* declared(std::string_view prefix) const noexcept {
    static const std::string xml = "http://www.w3.org/XML/1998/namespace";
    for (const auto& [known, uri] : namespaces_)
      if (known == prefix) return &uri;
    return prefix == "xml" ? &xml : nullptr;
  }

  static void adopt(Expr& parent, ExprPtr child) {
    parent.height = std::max<std::uint16_t>(parent.height, static_cast<std::uint16_t>(child->height + 1));
    parent.uses_position |= child->uses_position;
    parent.operands.push_back(std::move(child));
  }
  ExprPtr checked(ExprPtr expr) {
    if (expr->height > kDepth) return fail("the expression is nested too deeply");
    return expr;
  }

  ExprPtr binary(int least) {
    const Level level(depth_);
    if (depth_ > kDepth) return fail("the expression is nested too deeply");
    ExprPtr left = unary();
    while (left) {
      const Binary* found = token().kind == Kind::operator_ ? operation(token().text) : nullptr;
      if (!found || found->precedence < least) return left;
      ++at_;
      ExprPtr right = binary(found->precedence + 1);
      if (!right) return nullptr;
      auto expr = std::make_unique<Expr>(found->op);
      expr->type = found->type;
      adopt(*expr, std::move(left));
      adopt(*expr, std::move(right));
      left = checked(std::move(expr));
    }
    return nullptr;
  }
  static const Binary* operation(std::string_view symbol) noexcept {
    for (const Binary& known : kBinary)
      if (known.symbol == symbol) return &known;
    return nullptr;
  }

  ExprPtr unary() {
    std::size_t minus = 0;
    while (skip("-")) ++minus;
    ExprPtr expr = union_expr();
    if (!expr || minus == 0) return expr;
    // -- is number(): two negations stand for any even number of them.
    for (std::size_t i = 0; i < 2 - minus % 2; ++i) {
      auto negated = std::make_unique<Expr>(Op::negate);
      negated->type = Type::number;
      adopt(*negated, std::move(expr));
      expr = checked(std::move(negated));
      if (!expr) return nullptr;
    }
    return expr;
  }
  ExprPtr union_expr() {
    ExprPtr first = path();
    if (!first || !is("|")) return first;
    auto all = std::make_unique<Expr>(Op::union_);
    all->type = Type::nodes;
    adopt(*all, std::move(first));
    while (skip("|")) {
      ExprPtr next = path();
      if (!next) return nullptr;
      adopt(*all, std::move(next));
    }
    for (const ExprPtr& part : all->operands)
      if (part->type != Type::nodes && part->type != Type::unknown) return fail("'|' joins node sets only");
    return checked(std::move(all));
  }

  // --- paths --------------------------------------------------------------------------------------
  bool starts_filter() const noexcept {
    const Token& t = token();
    if (t.kind == Kind::literal || t.kind == Kind::number || is("$") || is("(")) return true;
    return t.kind == Kind::name && is("(", 1) && !(t.prefix.empty() && find(kNodeTypes, t.text));
  }
  ExprPtr path() {
    if (!starts_filter()) return location_path();
    ExprPtr start = primary();
    if (!start) return nullptr;
    const bool more = is("/") || is("//");
    if (!more && !is("[")) return start;
    if (start->type != Type::nodes && start->type != Type::unknown) return fail("a predicate or path needs a node set before it");
    auto expr = std::make_unique<Expr>(Op::path);
    expr->type = Type::nodes;
    adopt(*expr, std::move(start));
    if (!predicates(*expr, expr->filters)) return nullptr;
    if ((is("/") || is("//")) && !relative(*expr)) return nullptr;
    return finished(std::move(expr));
  }
  ExprPtr location_path() {
    auto expr = std::make_unique<Expr>(Op::path);
    expr->type = Type::nodes;
    if (is("/")) {
      expr->absolute = true;
      if (!starts_step(token(1))) {
        ++at_;
        return expr;
      }
    } else if (is("//")) {
      expr->absolute = true;
    } else if (!starts_step(token())) {
      return fail(token().kind == Kind::end ? "the expression ends too early" : fmt::format("unexpected '{}'", shown(token())));
    } else if (!step(*expr)) {
      return nullptr;
    }
    if (!relative(*expr)) return nullptr;
    return finished(std::move(expr));
  }
  static bool starts_step(const Token& t) noexcept {
    return t.kind == Kind::name || t.kind == Kind::any ||
           (t.kind == Kind::symbol && (t.text == "." || t.text == ".." || t.text == "@"));
  }
  bool relative(Expr& expr) {
    while (is("/") || is("//")) {
      if (is("//")) expr.steps.push_back(Step{Axis::descendant_or_self, {}, {}});
      ++at_;
      if (!step(expr)) return false;
    }
    return true;
  }
  bool step(Expr& expr) {
    Step made;
    if (skip(".")) {
      made.axis = Axis::self;
    } else if (skip("..")) {
      made.axis = Axis::parent;
    } else {
      if (skip("@")) {
        made.axis = Axis::attribute;
      } else if (token().kind == Kind::name && is("::", 1)) {
        const Axis* axis = token().prefix.empty() ? find(kAxes, token().text) : nullptr;
        if (!axis) return refuse(token().offset, fmt::format("there is no axis '{}'", shown(token())));
        made.axis = *axis;
        at_ += 2;
      }
      if (!node_test(made.test) || !predicates(expr, made.predicates)) return false;
    }
    expr.steps.push_back(std::move(made));
    return true;
  }
  bool node_test(NodeTest& test) {
    const Token name = token();
    if (name.kind == Kind::any) {
      ++at_;
      test.kind = name.prefix.empty() ? NodeTest::Kind::any_name : NodeTest::Kind::any_of_namespace;
      return resolve(name, test.ns);
    }
    if (name.kind != Kind::name) return refuse(name.offset, fmt::format("a name was expected, not '{}'", shown(name)));
    ++at_;
    const NodeTest::Kind* type = name.prefix.empty() && is("(") ? find(kNodeTypes, name.text) : nullptr;
    if (is("(") && !type)
      return refuse(name.offset, fmt::format("the function '{}' cannot be a step of a path", shown(name)));
    if (!type) {
      test.kind = NodeTest::Kind::name;
      test.local = name.text;
      return resolve(name, test.ns);
    }
    ++at_;
    test.kind = *type;
    if (*type == NodeTest::Kind::instruction && token().kind == Kind::literal) {
      test.local = token().text;
      ++at_;
    }
    return expect(")");
  }
  bool predicates(Expr& owner, std::vector<Predicate>& all) {
    while (skip("[")) {
      Predicate predicate;
      predicate.expr = binary(1);
      if (!predicate.expr || !expect("]")) return false;
      const Expr& expr = *predicate.expr;
      predicate.positional = expr.type == Type::number || expr.type == Type::unknown || expr.uses_position;
      if (expr.op == Op::number && expr.number >= 1 && expr.number < 1e9 && expr.number == std::floor(expr.number))
        predicate.index = static_cast<std::uint32_t>(expr.number);
      owner.height = std::max<std::uint16_t>(owner.height, static_cast<std::uint16_t>(expr.height + 1));
      all.push_back(std::move(predicate));
    }
    return true;
  }
  /// `//x` is one walk over the descendants when no predicate asks for positions among siblings.
  ExprPtr finished(ExprPtr expr) {
    std::vector<Step>& steps = expr->steps;
    for (std::size_t i = 0; i + 1 < steps.size(); ++i) {
      Step& next = steps[i + 1];
      const bool any = steps[i].axis == Axis::descendant_or_self && steps[i].test.kind == NodeTest::Kind::node &&
                       steps[i].predicates.empty();
      const bool positional = std::any_of(next.predicates.begin(), next.predicates.end(),
                                          [](const Predicate& predicate) { return predicate.positional; });
      if (!any || next.axis != Axis::child || positional) continue;
      next.axis = Axis::descendant;
      steps.erase(steps.begin() + static_cast<std::ptrdiff_t>(i));
    }
    return checked(std::move(expr));
  }

  // --- primaries ------------------------------------------------------------------------------------
  ExprPtr primary() {
    const Token first = token();
    if (skip("(")) {
      ExprPtr inner = binary(1);
      return inner && expect(")") ? std::move(inner) : nullptr;
    }
    if (skip("$")) return variable();
    ++at_;
    if (first.kind == Kind::literal) {
      auto expr = std::make_unique<Expr>(Op::string);
      expr->type = Type::string;
      expr->text = first.text;
      return expr;
    }
    if (first.kind == Kind::number) {
      auto expr = std::make_unique<Expr>(Op::number);
      expr->type = Type::number;
      std::from_chars(first.text.data(), first.text.data() + first.text.size(), expr->number);
      return expr;
    }
    return function(first);
  }
  ExprPtr variable() {
    if (token().kind != Kind::name) return fail("a name was expected behind '$'");
    auto expr = std::make_unique<Expr>(Op::variable);
    expr->prefix = token().prefix;
    expr->text = token().text;
    ++at_;
    return expr;
  }
  ExprPtr function(const Token& name) {
    auto expr = std::make_unique<Expr>(Op::extension);
    expr->text = name.text;
    // An undeclared prefix, as in fn:concat(), does not count, nor does one of W3C's functions.
    const std::string* uri = name.prefix.empty() ? nullptr : declared(name.prefix);
    if (uri && !(uri->starts_with("http://www.w3.org/2005/") && uri->ends_with("xpath-functions"))) expr->ns = *uri;
    expr->prefix = name.prefix;
    if (!arguments(*expr)) return nullptr;
    const CoreFunction* known = expr->ns.empty() ? core_function(name.text) : nullptr;
    if (!known) return checked(std::move(expr));
    expr->op = Op::core;
    expr->core = known->core;
    expr->type = known->type;
    expr->uses_position |= known->core == Core::position || known->core == Core::last;
    const std::size_t count = expr->operands.size();
    if (count < known->least || count > known->most)
      return fail_at(name.offset, fmt::format("{}() does not take {} argument{}", name.text, count, count == 1 ? "" : "s"));
    return checked(std::move(expr));
  }
  bool arguments(Expr& expr) {
    if (!expect("(")) return false;
    if (skip(")")) return true;
    do {
      ExprPtr argument = binary(1);
      if (!argument) return false;
      adopt(expr, std::move(argument));
    } while (skip(","));
    return expect(")");
  }

  std::vector<Token> tokens_;
  const Namespaces& namespaces_;
  SyntaxError& error_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

constexpr std::uint8_t kMany = 255;
constexpr std::array<CoreFunction, 30> kCore{{
    {"boolean", Core::boolean, Type::boolean, 1, 1},
    {"ceiling", Core::ceiling, Type::number, 1, 1},
    {"concat", Core::concat, Type::string, 2, kMany},
    {"contains", Core::contains, Type::boolean, 2, 2},
    {"count", Core::count, Type::number, 1, 1},
    {"ends-with", Core::ends_with, Type::boolean, 2, 2},
    {"false", Core::false_, Type::boolean, 0, 0},
    {"floor", Core::floor, Type::number, 1, 1},
    {"id", Core::id, Type::nodes, 1, 1},
    {"lang", Core::lang, Type::boolean, 1, 1},
    {"last", Core::last, Type::number, 0, 0},
    {"local-name", Core::local_name, Type::string, 0, 1},
    {"lower-case", Core::lower_case, Type::string, 1, 2},
    {"name", Core::name, Type::string, 0, 1},
    {"namespace-uri", Core::namespace_uri, Type::string, 0, 1},
    {"normalize-space", Core::normalize_space, Type::string, 0, 1},
    {"not", Core::not_, Type::boolean, 1, 1},
    {"number", Core::number, Type::number, 0, 1},
    {"position", Core::position, Type::number, 0, 0},
    {"round", Core::round, Type::number, 1, 1},
    {"starts-with", Core::starts_with, Type::boolean, 2, 2},
    {"string", Core::string, Type::string, 0, 1},
    {"string-length", Core::string_length, Type::number, 0, 1},
    {"substring", Core::substring, Type::string, 2, 3},
    {"substring-after", Core::substring_after, Type::string, 2, 2},
    {"substring-before", Core::substring_before, Type::string, 2, 2},
    {"sum", Core::sum, Type::number, 1, 1},
    {"translate", Core::translate, Type::string, 3, 3},
    {"true", Core::true_, Type::boolean, 0, 0},
    {"upper-case", Core::upper_case, Type::string, 1, 2},
}};

}  // namespace

const CoreFunction* core_function(std::string_view name) noexcept {
  for (const CoreFunction& known : kCore)
    if (known.name == name) return &known;
  return nullptr;
}

ExprPtr parse(std::string_view text, const Namespaces& namespaces, SyntaxError& error) {
  std::vector<Token> tokens;
  if (!Lexer(text, error).run(tokens)) return nullptr;
  return Parser(std::move(tokens), namespaces, error).run();
}

}  // namespace myelin::expr::xpath
