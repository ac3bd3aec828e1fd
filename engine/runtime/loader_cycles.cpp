#include "engine/runtime/loader_cycles.hpp"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

namespace myelin {

namespace {

using Sequences = std::map<std::string, const xml::Element*, std::less<>>;

/// The keys a message of one direction runs for certain: `<in>` and `<out>` guard by direction alone.
void collect(const xml::Element& list, std::string_view direction, std::vector<const xml::Attribute*>& keys) {
  for (const xml::Element* child : list.children()) {
    if (child->is(direction)) collect(*child, direction, keys);
    if (!child->is("sequence")) continue;
    const auto* key = child->attribute("key");
    if (key && !key->value.starts_with('{')) keys.push_back(key);
  }
}

class Search {
 public:
  Search(const Sequences& sequences, std::string_view direction, std::set<const xml::Attribute*>& reported,
         xml::Problems& problems)
      : sequences_(sequences), direction_(direction), reported_(reported), problems_(problems) {}

  void run() {
    for (const auto& [name, element] : sequences_) visit(name, *element);
  }

 private:
  void visit(const std::string& name, const xml::Element& element) {
    if (!done_.insert(name).second) return;
    path_.push_back(name);
    std::vector<const xml::Attribute*> keys;
    collect(element, direction_, keys);
    for (const xml::Attribute* key : keys) {
      const auto begin = std::find(path_.begin(), path_.end(), key->value);
      const auto next = sequences_.find(key->value);
      if (begin != path_.end()) report(*key, begin);
      else if (next != sequences_.end()) visit(next->first, *next->second);
    }
    path_.pop_back();
  }

  void report(const xml::Attribute& key, std::vector<std::string>::const_iterator begin) {
    if (!reported_.insert(&key).second) return;
    std::string cycle;
    for (auto at = begin; at != path_.end(); ++at) cycle += *at + " -> ";
    problems_.error(key.where, "sequence '" + key.value + "' runs itself: " + cycle + key.value,
                    "a reference that leads back needs a condition");
  }

  const Sequences& sequences_;
  std::string_view direction_;
  std::set<const xml::Attribute*>& reported_;
  xml::Problems& problems_;
  std::set<std::string, std::less<>> done_;
  std::vector<std::string> path_;
};

}  // namespace

void check_cycles(const Sequences& sequences, xml::Problems& problems) {
  std::set<const xml::Attribute*> reported;
  for (const std::string_view direction : {"in", "out"}) Search(sequences, direction, reported, problems).run();
}

}  // namespace myelin
