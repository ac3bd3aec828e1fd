#pragma once
// The two passes that turn configuration elements into running objects. Build: bind one element,
// collecting every problem. Linker: resolve keys once everything is bound; a key that no loaded
// file defines is a warning (keys resolve late, as in Synapse). Both are used by one thread.

#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/expr/expression.hpp"
#include "engine/flow/artifacts.hpp"
#include "engine/xml/bind.hpp"

namespace myelin {

class Discoverer;  // engine/ports/discovery.hpp
class Endpoint;
class List;
class Mediator;
class StateStore;  // engine/ports/state.hpp

class Build {
 public:
  Build(xml::Problems& all_problems, StateStore& state_store, const Artifacts& server_settings,
        std::filesystem::path folder, std::string state_scope)
      : problems(all_problems),
        states(state_store),
        settings(server_settings),
        base(std::move(folder)),
        scope(std::move(state_scope)) {}

  xml::Problems& problems;
  StateStore& states;
  /// Only setting() and apache_dialect() may be called while binding.
  const Artifacts& settings;
  /// Relative file: URIs resolve against this folder (the configuration folder).
  std::filesystem::path base;
  /// Names what is being built: "sequence:main", "proxy:P", "endpoint:E". Mutable state (suspension,
  /// cursors, sessions) is keyed by it, so it outlives a redeploy.
  std::string scope;
  /// `check` connects to nothing.
  bool offline = false;
  /// `<shared>` of the groups around what is being built, outermost first.
  std::vector<const xml::Element*> shared;
  /// Takes the registry resources that messages may ask for, so that they are there then; an empty key
  /// stands for keys that only a message tells. May be null.
  std::set<std::string, std::less<>>* registry_keys = nullptr;

  /// Every child element of `parent` as a mediator, except those named in `skip`. An unknown mediator
  /// is an error that names it and the nearest known one.
  std::unique_ptr<List> list(const xml::Element& parent, std::initializer_list<std::string_view> skip = {});
  std::unique_ptr<Mediator> mediator(const xml::Element& element);
  /// An `<endpoint>` element of any kind; null after an error.
  std::unique_ptr<Endpoint> endpoint(const xml::Element& element);

  /// Expression attribute of any kind; null when absent or after an error (reported).
  std::unique_ptr<expr::Expression> expression(const xml::Attribute* attribute, const xml::Element& at);
  std::unique_ptr<expr::Expression> xpath(const xml::Attribute* attribute, const xml::Element& at);
  /// `{expr}` or literal.
  std::unique_ptr<expr::Expression> value(const xml::Attribute* attribute, const xml::Element& at);
  /// What is being built uses a key that only a message tells.
  void note_computed_key() {
    if (registry_keys) registry_keys->emplace();
  }

  /// The block of that name in the nearest `<shared>`; null when none has it.
  const xml::Element* inherited(std::string_view block) const noexcept;

  /// A state key that is stable over redeploys: scope plus a running number.
  std::string next_key() { return scope + "#" + std::to_string(counter_++); }

 private:
  std::unique_ptr<expr::Expression> noted(std::unique_ptr<expr::Expression> expression);
  std::string endpoint_key(const xml::Element& element, const std::string& name);

  int counter_ = 0;
  std::set<std::string, std::less<>> endpoint_keys_;
};

/// Attribute `weight` of an endpoint or member; 0: there is none. 0 or less counts as 1, with a warning (GW-100).
std::int64_t read_weight(xml::Bind& bind);

class Linker {
 public:
  Linker(const Artifacts& all_artifacts, xml::Problems& all_problems)
      : artifacts(all_artifacts), problems(all_problems) {}

  const Artifacts& artifacts;
  xml::Problems& problems;
  /// Unresolved keys are errors.
  bool strict = false;
  /// Where endpoints find the state kept for them; null: each gets its own.
  StateStore* states = nullptr;
  /// Endpoints linked so far that stand in no group.
  std::vector<const Endpoint*> roots;
  /// Groups linked so far whose members are found at run time.
  std::vector<Discoverer*> discoverers;
  /// What there is, for suggestions; set by the loader.
  std::vector<std::string_view> sequence_names, endpoint_names, template_names, entry_names;
  /// Templates whose endpoint is being made, outermost first.
  std::vector<const EndpointTemplate*> instantiating;

  /// Resolves a static key now if it can be; warns at `where` with the nearest name otherwise.
  const Mediator* sequence(std::string_view key, const xml::Location& where);
  const Endpoint* endpoint(std::string_view key, const xml::Location& where);
  const EndpointTemplate* endpoint_template(std::string_view key, const xml::Location& where);
  const LocalEntry* entry(std::string_view key, const xml::Location& where);

 private:
  void unresolved(std::string_view kind, std::string_view key, const xml::Location& where,
                  const std::vector<std::string_view>& names);
};

}  // namespace myelin
