// URI templates and URL mappings (server reference, 3.4 and 3.5). Matching is linear in the path: a
// variable ends at the first place where what follows it can begin.
#include <algorithm>

#include "engine/artifacts/service.hpp"
#include "engine/base/text.hpp"

namespace myelin {

namespace {

constexpr std::string_view kReserved = ":/?#[]@!$&'()*+,;=";
constexpr std::size_t npos = std::string_view::npos;

using Parts = std::vector<UriPattern::Part>;
using Variables = std::vector<std::pair<std::string_view, std::string_view>>;

void add_literal(Parts& parts, std::string_view literal) {
  if (literal.empty()) return;
  if (!parts.empty() && parts.back().variable.empty()) parts.back().literal += literal;
  else parts.push_back({std::string(literal), {}, false, 0});
}

/// One name of `{a,b:3}`; returns what is wrong.
std::string add_variable(Parts& parts, std::string_view name, bool reserved) {
  UriPattern::Part part;
  part.reserved = reserved;
  if (const auto colon = name.find(':'); colon != npos) {
    const auto length = text::parse_int(name.substr(colon + 1));
    if (!length || *length < 1) return "the length of '" + std::string(name) + "' is no positive number";
    part.max_length = static_cast<std::size_t>(*length);
    name = name.substr(0, colon);
  }
  part.variable = text::trim(name);
  if (part.variable.empty()) return "a variable has no name";
  parts.push_back(std::move(part));
  return {};
}

/// The inside of one pair of braces.
std::string add_expression(Parts& parts, std::string_view expression) {
  std::string_view separator = ",";
  const std::string_view op = expression.substr(0, 1);
  if (!op.empty() && std::string_view(";?&=,!@|").find(op) != npos)
    return "the operator '" + std::string(op) + "' in '{" + std::string(expression) + "}' is not supported";
  if (op == "." || op == "/") separator = op;
  if (op == "." || op == "/" || op == "#") add_literal(parts, op);
  const bool reserved = op == "+" || op == "#";
  if (reserved || op == "." || op == "/") expression.remove_prefix(1);
  for (std::size_t at = 0; at <= expression.size();) {
    const std::size_t end = std::min(expression.find(',', at), expression.size());
    if (at > 0) add_literal(parts, separator);
    if (auto wrong = add_variable(parts, expression.substr(at, end - at), reserved); !wrong.empty()) return wrong;
    at = end + 1;
  }
  return {};
}

/// Text with `{...}` in it.
std::string compile(std::string_view text, Parts& parts) {
  while (!text.empty()) {
    const std::size_t open = text.find_first_of("{}");
    add_literal(parts, text.substr(0, open));
    if (open == npos) break;
    const std::size_t close = text.find_first_of("{}", open + 1);
    if (text[open] == '}' || close == npos || text[close] == '{') return "a brace is not closed or not opened";
    if (auto wrong = add_expression(parts, text.substr(open + 1, close - open - 1)); !wrong.empty()) return wrong;
    text.remove_prefix(close + 1);
  }
  return {};
}

/// The '?' of a template; one within braces is an operator.
std::size_t find_query(std::string_view text) {
  bool inside = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '{') inside = true;
    if (text[i] == '}') inside = false;
    if (text[i] == '?' && !inside) return i;
  }
  return npos;
}

/// Where the variable `parts[i]` ends in `text`, which begins with its value; npos: it cannot.
std::size_t end_of_variable(const Parts& parts, std::size_t i, std::string_view text, bool open_end) {
  const std::size_t run = parts[i].reserved ? text.size() : std::min(text.find_first_of(kReserved), text.size());
  if (i + 1 == parts.size()) return open_end || run == text.size() ? run : npos;
  const UriPattern::Part& next = parts[i + 1];
  if (!next.variable.empty()) return run;
  const bool last = i + 2 == parts.size() && !open_end;
  if (last && !text.ends_with(next.literal)) return npos;
  const std::size_t end = last ? text.size() - next.literal.size() : text.find(next.literal);
  return end == npos || end > run ? npos : end;
}

bool match(const Parts& parts, std::string_view text, bool open_end, Variables& variables) {
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const UriPattern::Part& part = parts[i];
    if (part.variable.empty()) {
      if (!text.starts_with(part.literal)) return false;
      text.remove_prefix(part.literal.size());
      continue;
    }
    const std::size_t end = end_of_variable(parts, i, text, open_end);
    if (end == npos || (part.max_length && end > part.max_length)) return false;
    variables.emplace_back(part.variable, text.substr(0, end));
    text.remove_prefix(end);
  }
  return open_end || text.empty();
}

bool match_template(const UriPattern& pattern, std::string_view path, std::string_view query, Variables& variables) {
  const std::size_t before = variables.size();
  const auto attempt = [&](std::string_view tried) {
    variables.resize(before);
    return match(pattern.path, tried, pattern.open_end, variables) &&
           (pattern.query.empty() || match(pattern.query, query, false, variables));
  };
  // A trailing slash is optional on both sides.
  const std::string_view bare = path.ends_with('/') ? path.substr(0, path.size() - 1) : path;
  if (attempt(bare) || (pattern.open_end && bare.size() != path.size() && attempt(path))) return true;
  variables.resize(before);
  return false;
}

bool match_extension(std::string_view path, std::string_view extension) {
  const auto slash = path.rfind('/');
  const std::string_view name = slash == npos ? path : path.substr(slash + 1);
  const auto dot = name.rfind('.');
  return dot != npos && name.substr(dot) == extension;
}

}  // namespace

std::string UriPattern::compile_template(std::string_view text, UriPattern& out) {
  out = {};
  out.kind = Kind::uri_template;
  out.text = text;
  if (text.empty()) return "a uri-template is not empty";
  if (text.front() == '{') return "a uri-template begins with a literal";
  const std::size_t question = find_query(text);
  std::string_view path = text.substr(0, question);
  if (path.ends_with('*') && question == npos) {
    out.open_end = true;
    path.remove_suffix(1);
  } else if (path.ends_with('/')) {
    path.remove_suffix(1);
  }
  std::string wrong = compile(path, out.path);
  if (wrong.empty() && question != npos) wrong = compile(text.substr(question + 1), out.query);
  return wrong;
}

std::string UriPattern::compile_mapping(std::string_view text, UriPattern& out) {
  out = {};
  out.text = text;
  if (text.starts_with("*.") && text.size() > 2) {
    out.kind = Kind::extension;
  } else if (text.starts_with('/')) {
    out.kind = text.ends_with("/*") ? Kind::prefix : Kind::exact;
  } else {
    return "a url-mapping is /exact, /prefix/* or *.extension";
  }
  return {};
}

bool UriPattern::matches(std::string_view request_path, std::string_view request_query, Variables& variables) const {
  switch (kind) {
    case Kind::exact: return request_path == text;
    case Kind::prefix: {
      const std::string_view prefix = std::string_view(text).substr(0, text.size() - 2);
      return request_path.starts_with(prefix) &&
             (request_path.size() == prefix.size() || request_path[prefix.size()] == '/');
    }
    case Kind::extension: return match_extension(request_path, std::string_view(text).substr(1));
    case Kind::uri_template: return match_template(*this, request_path, request_query, variables);
    case Kind::fallback: return true;
  }
  return false;
}

}  // namespace myelin
