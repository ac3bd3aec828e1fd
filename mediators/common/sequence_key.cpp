#include "mediators/common/sequence_key.hpp"

#include "engine/base/text.hpp"
#include "engine/flow/artifacts.hpp"
#include "engine/flow/list.hpp"

namespace myelin::mediators {

bool SequenceKey::read(const xml::Attribute* attribute, const xml::Element& at, Build& build) {
  if (!attribute) return false;
  where_ = attribute->where;
  if (text::trim(attribute->value).empty()) {
    build.problems.error(where_, "attribute '" + attribute->name + "' of <" + at.name + "> names no sequence");
    return false;
  }
  key_ = build.value(attribute, at);
  if (key_ && key_->is_constant() && !attribute->value.starts_with('{')) name_ = attribute->value;
  return key_ != nullptr;
}

void SequenceKey::link(Linker& linker) {
  if (!name_.empty()) linked_ = linker.sequence(name_, where_);
}

Result<std::string> SequenceKey::key(Message& message) const {
  if (!name_.empty()) return name_;
  Result<std::optional<std::string>> text = key_->text(message);
  if (!text) return std::move(text).fault();
  return std::move(*text).value_or(std::string());
}

Flow SequenceKey::run(Message& message) const {
  if (linked_) return linked_->run(message);
  const Result<std::string> name = key(message);
  if (!name) return fail(message, name.fault());
  const Mediator* sequence = message.artifacts ? message.artifacts->sequence(*name) : nullptr;
  if (!sequence) return fail(message, Fault("Sequence named " + *name + " cannot be found"));
  return sequence->run(message);
}

std::unique_ptr<Branch> Branch::read(const xml::Element& element, Build& build) {
  auto branch = std::make_unique<Branch>();
  xml::Bind bind(element, build.problems);
  bind.all_children_known();
  if (const xml::Attribute* key = bind.attribute("sequence")) {
    if (!branch->key_.read(key, element, build)) return nullptr;
  } else {
    branch->list_ = build.list(element);
  }
  bind.finish();
  return branch;
}

void Branch::link(Linker& linker) {
  key_.link(linker);
  if (list_) list_->link(linker);
}

Flow Branch::run(Message& message) const { return list_ ? list_->run(message) : key_.run(message); }

}  // namespace myelin::mediators
