#pragma once
// What a configuration gives a native class: the `<parameter>`s of `<class>` endpoints, the `<property>`s of
// `<class>` mediators. A class asks for what it knows; finish() reports the rest. Lives while the
// configuration is built.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/registry.hpp"
#include "engine/expr/expression.hpp"
#include "engine/xml/problem.hpp"

namespace myelin {

class Build;
class Mediator;

class ClassParameters {
 public:
  ClassParameters(std::string class_name, xml::Location where, xml::Problems& problems)
      : class_name_(std::move(class_name)), where_(std::move(where)), problems_(problems) {}

  /// `expression` null: a constant. The last of one name wins.
  void add(std::string name, std::string text, std::unique_ptr<expr::Expression> expression, xml::Location where);

  // Absent: nullopt or `otherwise`. A value that does not fit is an error at the parameter.
  std::optional<std::string> text(std::string_view name);
  std::string required(std::string_view name);
  std::optional<std::int64_t> integer(std::string_view name);
  std::optional<double> number(std::string_view name);
  /// true/yes/1, false/no/0.
  bool flag(std::string_view name, bool otherwise);
  /// To be evaluated for each message; constants too. Null when absent.
  std::unique_ptr<expr::Expression> value(std::string_view name);

  /// At the parameter, or at the class when it is not there.
  void error(std::string_view name, std::string found, std::string allowed = {});
  /// Warns of parameters that nobody asked for.
  void finish();

 private:
  struct Parameter {
    std::string name, text;
    std::unique_ptr<expr::Expression> expression;
    xml::Location where;
    bool asked = false;
  };
  Parameter* find(std::string_view name);
  Parameter* constant(std::string_view name);

  std::string class_name_;
  xml::Location where_;
  xml::Problems& problems_;
  std::vector<Parameter> parameters_;
  std::vector<std::string> asked_;
};

/// Builds the mediator of `<class name=>`. Null after an error.
using ClassMediatorFactory = std::unique_ptr<Mediator> (*)(ClassParameters&, Build&);
using ClassMediators = Registry<ClassMediatorFactory>;

/// Last line of a native class mediator: the name `<class name=>` gives.
#define MYELIN_CLASS_MEDIATOR(class_name, factory) \
  [[maybe_unused]] static const bool myelin_class_##factory = ::myelin::ClassMediators::instance().add(class_name, factory)

}  // namespace myelin
