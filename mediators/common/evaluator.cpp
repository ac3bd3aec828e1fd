#include "mediators/common/evaluator.hpp"

#include <vector>

#include "engine/base/text.hpp"
#include "engine/expr/pattern.hpp"

namespace myelin::mediators {

namespace {

using expr::Pattern;

using Found = Result<std::optional<std::string>>;

/// One part of a URL: `scheme://user@host:port/path?query#ref`.
struct UrlParts {
  std::string_view protocol, user, host, port, path, query, ref;
};

std::string_view cut(std::string_view& text, std::string_view at) {
  const auto end = text.find_first_of(at);
  const std::string_view head = text.substr(0, end);
  text.remove_prefix(head.size());
  return head;
}

UrlParts split_url(std::string_view url) {
  UrlParts parts;
  if (const auto end = url.find("://"); end != std::string_view::npos) {
    parts.protocol = url.substr(0, end);
    url.remove_prefix(end + 3);
    std::string_view authority = cut(url, "/?#");
    if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
      parts.user = authority.substr(0, at);
      authority.remove_prefix(at + 1);
    }
    const auto colon = authority.rfind(':');
    const bool has_port = colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos;
    parts.host = authority.substr(0, has_port ? colon : std::string_view::npos);
    if (has_port) parts.port = authority.substr(colon + 1);
  }
  parts.path = cut(url, "?#");
  if (url.starts_with('?')) {
    url.remove_prefix(1);
    parts.query = cut(url, "#");
  }
  if (url.starts_with('#')) parts.ref = url.substr(1);
  return parts;
}

/// What an evaluator compares: nullopt when the message has none.
class Source {
 public:
  virtual ~Source() = default;
  virtual Found text(Message& message) const = 0;
  virtual Need need() const noexcept { return Need::nothing; }
};

struct HeaderSource final : Source {
  std::string name;
  Found text(Message& message) const override {
    const auto value = message.headers.get(name);
    return value ? std::optional(std::string(*value)) : std::nullopt;
  }
};

/// A query parameter of To; the last of a name wins, those without a value do not count.
struct ParameterSource final : Source {
  std::string name;
  Found text(Message& message) const override {
    std::optional<std::string> found;
    for (const std::string_view pair : text::split(split_url(message.addressing().to).query, "&")) {
      const auto equals = pair.find('=');
      if (equals == std::string_view::npos || equals + 1 == pair.size()) continue;
      if (text::percent_decode(pair.substr(0, equals), true) == name)
        found = text::percent_decode(pair.substr(equals + 1), true);
    }
    return found;
  }
};

struct UrlSource final : Source {
  enum class Part { all, protocol, user, host, port, path, query, ref };
  Part part = Part::all;

  Found text(Message& message) const override {
    const std::string& to = message.addressing().to;
    return std::optional(std::string(pick(to)));
  }

 private:
  std::string_view pick(std::string_view to) const {
    const UrlParts parts = split_url(to);
    switch (part) {
      case Part::all: return to;
      case Part::protocol: return parts.protocol;
      case Part::user: return parts.user;
      case Part::host: return parts.host;
      case Part::port: return parts.port.empty() ? std::string_view("-1") : parts.port;
      case Part::path: return parts.path;
      case Part::query: return parts.query;
      case Part::ref: return parts.ref;
    }
    return {};
  }
};

struct PropertySource final : Source {
  std::string name;
  Found text(Message& message) const override {
    const Value value = message.property(name);
    return value.is_null() ? std::nullopt : std::optional(value.text());
  }
};

struct SoapSource final : Source {
  std::unique_ptr<expr::Expression> path;
  Found text(Message& message) const override { return path->text(message); }
  Need need() const noexcept override { return path->need(); }
};

/// Compares in any case (MED-112); nothing equals a missing source.
struct Equal final : Evaluator {
  std::unique_ptr<Source> source;
  std::string value;
  Result<bool> test(Message& message) const override {
    const Found found = source->text(message);
    if (!found) return found.fault();
    return *found && text::iequals(**found, value);
  }
  Need need() const noexcept override { return source->need(); }
};

struct Match final : Evaluator {
  std::unique_ptr<Source> source;
  std::unique_ptr<const Pattern> regex;
  Result<bool> test(Message& message) const override {
    const Found found = source->text(message);
    if (!found) return found.fault();
    return *found ? regex->matches(**found) : Result<bool>(false);
  }
  Need need() const noexcept override { return source->need(); }
};

struct Not final : Evaluator {
  std::unique_ptr<Evaluator> inner;
  Result<bool> test(Message& message) const override {
    const Result<bool> passed = inner->test(message);
    return passed ? Result<bool>(!*passed) : passed;
  }
  Need need() const noexcept override { return inner->need(); }
};

/// <and> stops at the first false, <or> at the first true.
struct Junction final : Evaluator {
  bool stops_at = false;
  std::vector<std::unique_ptr<Evaluator>> inner;
  Result<bool> test(Message& message) const override {
    for (const auto& one : inner) {
      Result<bool> passed = one->test(message);
      if (!passed || *passed == stops_at) return passed;
    }
    return !stops_at;
  }
  Need need() const noexcept override {
    Need need = Need::nothing;
    for (const auto& one : inner) need = need | one->need();
    return need;
  }
};

using UrlPart = std::pair<std::string_view, UrlSource::Part>;
constexpr UrlPart kUrlParts[] = {{"protocol", UrlSource::Part::protocol}, {"user", UrlSource::Part::user},
                                 {"host", UrlSource::Part::host},         {"port", UrlSource::Part::port},
                                 {"path", UrlSource::Part::path},         {"query", UrlSource::Part::query},
                                 {"ref", UrlSource::Part::ref}};

enum class SourceType { header, parameter, url, property, soap };
using SourceTypeName = std::pair<std::string_view, SourceType>;
constexpr SourceTypeName kSourceTypes[] = {{"header", SourceType::header},
                                           {"param", SourceType::parameter},
                                           {"url", SourceType::url},
                                           {"property", SourceType::property},
                                           {"soap", SourceType::soap}};

template <class T>
std::unique_ptr<Source> named(xml::Bind& bind) {
  auto source = std::make_unique<T>();
  source->name = bind.required("source");
  if (source->name.empty()) return nullptr;
  return source;
}

/// An XPath without namespaces, as the incumbent evaluates it.
std::unique_ptr<Source> read_soap(xml::Bind& bind) {
  auto source = std::make_unique<SoapSource>();
  const std::string text = bind.required("source");
  if (text.empty()) return nullptr;
  expr::SyntaxError error;
  source->path = expr::compile_xpath(text, {}, error);
  if (source->path) return source;
  bind.error(bind.attribute("source")->where, "'" + text + "' is not an XPath: " + error.message);
  return nullptr;
}

std::unique_ptr<Source> read_source(xml::Bind& bind) {
  switch (bind.choice<SourceType>("type", kSourceTypes, SourceType::header)) {
    case SourceType::header: return named<HeaderSource>(bind);
    case SourceType::parameter: return named<ParameterSource>(bind);
    case SourceType::property: return named<PropertySource>(bind);
    case SourceType::soap: return read_soap(bind);
    case SourceType::url: break;
  }
  auto source = std::make_unique<UrlSource>();
  source->part = bind.choice<UrlSource::Part>("source", kUrlParts, UrlSource::Part::all);
  return source;
}

std::unique_ptr<Evaluator> read_equal(xml::Bind& bind) {
  auto equal = std::make_unique<Equal>();
  equal->source = read_source(bind);
  const xml::Attribute* value = bind.attribute("value");
  if (!value) bind.error("<equal> without 'value'");
  if (!value || !equal->source) return nullptr;
  equal->value = value->value;
  return equal;
}

std::unique_ptr<Evaluator> read_match(xml::Bind& bind) {
  auto match = std::make_unique<Match>();
  match->source = read_source(bind);
  const std::string regex = bind.required("regex");
  std::string why;
  match->regex = Pattern::compile(regex, why);
  if (!match->regex) bind.error(bind.attribute("regex")->where, "'" + regex + "' is not a regular expression: " + why);
  if (regex.empty() || !match->regex || !match->source) return nullptr;
  return match;
}

std::unique_ptr<Evaluator> read_not(xml::Bind& bind, Build& build) {
  const std::vector<const xml::Element*> children = bind.element().children();
  auto inverse = std::make_unique<Not>();
  if (children.empty()) {
    bind.error("<not> without a condition inside");
    return nullptr;
  }
  inverse->inner = Evaluator::read(*children.front(), build);
  if (!inverse->inner) return nullptr;
  return inverse;
}

std::unique_ptr<Evaluator> read_junction(xml::Bind& bind, Build& build, bool stops_at) {
  const std::vector<const xml::Element*> children = bind.element().children();
  auto junction = std::make_unique<Junction>();
  junction->stops_at = stops_at;
  if (children.size() < 2) {
    bind.error("<" + bind.element().name + "> with fewer than two conditions inside");
    return nullptr;
  }
  for (const xml::Element* child : children) {
    auto inner = Evaluator::read(*child, build);
    if (!inner) return nullptr;
    junction->inner.push_back(std::move(inner));
  }
  return junction;
}

}  // namespace

std::unique_ptr<Evaluator> Evaluator::read(const xml::Element& element, Build& build) {
  xml::Bind bind(element, build.problems);
  bind.all_children_known();
  std::unique_ptr<Evaluator> evaluator;
  if (element.name == "equal") {
    evaluator = read_equal(bind);
  } else if (element.name == "match") {
    evaluator = read_match(bind);
  } else if (element.name == "not") {
    evaluator = read_not(bind, build);
  } else if (element.name == "and" || element.name == "or") {
    evaluator = read_junction(bind, build, element.name == "or");
  } else {
    bind.error("unknown condition <" + element.name + ">", "and, or, not, equal or match");
  }
  bind.finish();
  return evaluator;
}

}  // namespace myelin::mediators
