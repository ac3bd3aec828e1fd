// <header name="To|From|Action|FaultTo|ReplyTo|RelatesTo|prefix:local|transport header"
//         value="v" | expression="e" action="set|remove" scope="default|transport" type="OM"?/>
// <header action="set|remove"?>SOAP header blocks</header>
// Sets an addressing value or a transport header, or appends SOAP header blocks.

#include "engine/base/text.hpp"
#include "engine/flow/artifacts.hpp"
#include "engine/flow/build.hpp"
#include "engine/flow/mediator.hpp"
#include "mediators/common/header_fields.hpp"
#include "mediators/common/content.hpp"

namespace myelin::mediators {
namespace {

using AddressingField = void (*)(Addressing&, std::string);

/// Axis2 keeps one action for WS-Addressing and for SOAP.
constexpr std::pair<std::string_view, AddressingField> kAddressing[] = {
    {"To", [](Addressing& addressing, std::string text) { addressing.to = std::move(text); }},
    {"From", [](Addressing& addressing, std::string text) { addressing.from = std::move(text); }},
    {"Action",
     [](Addressing& addressing, std::string text) {
       addressing.soap_action = text;
       addressing.action = std::move(text);
     }},
    {"FaultTo", [](Addressing& addressing, std::string text) { addressing.fault_to = std::move(text); }},
    {"ReplyTo", [](Addressing& addressing, std::string text) { addressing.reply_to = std::move(text); }},
    {"RelatesTo", [](Addressing& addressing, std::string text) { addressing.relates_to = std::move(text); }}};

struct QName {
  std::string ns, prefix, local;
};

/// Detaches all header blocks of that name.
void remove_blocks(tree::Document& envelope, std::string_view ns, std::string_view local) {
  const tree::NodeId header = Payload::header(envelope);
  if (header == tree::kNone) return;
  for (tree::NodeId block = envelope.first_element(header); block != tree::kNone;) {
    const tree::NodeId next = envelope.next_element(block);
    if (envelope.ns(block) == ns && envelope.local(block) == local) envelope.detach(block);
    block = next;
  }
}

/// Appends, also beside a block of the same name, or removes one SOAP header block by its name.
struct BlockHeader final : Mediator {
  QName name;
  bool remove = false;
  bool as_xml = false;                       ///< type="OM": the value is the block's content
  std::unique_ptr<expr::Expression> value;

  Flow run(Message& message) const override {
    Result<void> done = remove ? remove_from(message) : append_to(message);
    return done ? Flow::next : fail(message, std::move(done).fault());
  }
  Need need() const noexcept override { return Need::body; }

 private:
  Result<void> remove_from(Message& message) const {
    const Result<tree::Document*> envelope = message.payload.edit();
    if (!envelope) return envelope.fault();
    remove_blocks(**envelope, name.ns, name.local);
    return {};
  }

  Result<void> append_to(Message& message) const {
    const Result<std::optional<std::string>> text = value->text(message);
    if (!text) return text.fault();
    const Result<tree::Document*> edited = message.payload.edit();
    if (!edited) return edited.fault();
    tree::Document& envelope = **edited;
    const tree::NodeId block = envelope.create_element(name.ns, name.prefix, name.local);
    envelope.declare(block, name.prefix, name.ns);
    if (as_xml && *text) {
      const Result<tree::NodeId> content = envelope.import_xml(**text);
      if (!content) return content.fault();
      envelope.append(block, *content);
    } else if (*text) {
      envelope.set_text(block, **text);
    }
    envelope.append(Payload::ensure_header(envelope), block);
    return {};
  }
};

/// The elements inside <header> are header blocks.
struct BlockList final : Mediator {
  std::vector<std::shared_ptr<const tree::Document>> blocks;
  bool remove = false;

  Flow run(Message& message) const override {
    const Result<tree::Document*> edited = message.payload.edit();
    if (!edited) return fail(message, edited.fault());
    tree::Document& envelope = **edited;
    for (const auto& block : blocks) {
      if (remove) {
        remove_blocks(envelope, block->ns(block->root()), block->local(block->root()));
      } else {
        const tree::NodeId copy = envelope.import(*block, block->root());
        envelope.append(Payload::ensure_header(envelope), copy);
      }
    }
    return Flow::next;
  }
  Need need() const noexcept override { return Need::body; }
};

struct AddressingHeader final : Mediator {
  std::string_view name;
  AddressingField assign = nullptr;
  std::unique_ptr<expr::Expression> value;  ///< null: remove

  Flow run(Message& message) const override {
    std::string text;
    if (value) {
      Result<std::optional<std::string>> found = value->text(message);
      if (!found) return fail(message, std::move(found).fault());
      text = std::move(*found).value_or(std::string());
    }
    // To becomes a URL and Action a SOAPAction header.
    Result<void> checked = check_wire_value(name, text);
    if (!checked) return fail(message, std::move(checked).fault());
    assign(message.addressing(), std::move(text));
    return Flow::next;
  }
  /// The values that a SOAP message brings stand beside the one that is set.
  Need need() const noexcept override { return value ? Need::header | value->need() : Need::header; }
};

struct TransportHeader final : Mediator {
  std::string name;
  std::unique_ptr<expr::Expression> value;  ///< null: remove

  Flow run(Message& message) const override {
    if (!value) {
      message.headers.remove(name);
      return Flow::next;
    }
    const Result<std::optional<std::string>> text = value->text(message);
    if (!text) return fail(message, text.fault());
    Result<void> done = set_header_field(message, name, text->value_or(std::string()));
    return done ? Flow::next : fail(message, std::move(done).fault());
  }
  Need need() const noexcept override { return value ? value->need() : Need::nothing; }
};

std::unique_ptr<Mediator> build_blocks(xml::Bind& bind, bool remove) {
  auto list = std::make_unique<BlockList>();
  list->remove = remove;
  for (const xml::Element* child : bind.element().children()) {
    Result<std::shared_ptr<tree::Document>> block = tree::Document::parse(child->outer_xml());
    if (!block) {
      bind.error(child->where, block.fault().message);
      return nullptr;
    }
    list->blocks.push_back(*std::move(block));
  }
  if (list->blocks.empty()) {
    bind.error("<header> without a name and without header blocks inside", "name=, or the blocks as XML");
    return nullptr;
  }
  return list;
}

/// `prefix:local` with the namespaces in scope.
std::optional<QName> read_qname(xml::Bind& bind, const xml::Attribute& name) {
  const auto colon = name.value.find(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == name.value.size()) {
    bind.error(name.where, "name '" + name.value + "' of <header> has no namespace",
               "To, From, Action, FaultTo, ReplyTo, RelatesTo, prefix:local, or scope=\"transport\"");
    return std::nullopt;
  }
  QName qname;
  qname.prefix = name.value.substr(0, colon);
  qname.local = name.value.substr(colon + 1);
  const std::optional<std::string_view> ns = bind.element().resolve(qname.prefix);
  if (!ns) {
    bind.error(name.where, "prefix '" + qname.prefix + "' is not declared");
    return std::nullopt;
  }
  qname.ns = *ns;
  return qname;
}

std::unique_ptr<Mediator> build_soap(xml::Bind& bind, const xml::Attribute& name,
                                     std::unique_ptr<expr::Expression> value, bool as_xml) {
  for (const auto& [known, assign] : kAddressing) {
    if (name.value != known) continue;
    auto header = std::make_unique<AddressingHeader>();
    header->name = known;
    header->assign = assign;
    header->value = std::move(value);
    return header;
  }
  std::optional<QName> qname = read_qname(bind, name);
  if (!qname) return nullptr;
  auto header = std::make_unique<BlockHeader>();
  header->name = *std::move(qname);
  header->remove = !value;
  header->as_xml = as_xml;
  header->value = std::move(value);
  return header;
}

/// nullopt after an error; a null pointer for remove.
std::optional<std::unique_ptr<expr::Expression>> read_value(xml::Bind& bind, Build& build, bool remove) {
  const xml::Attribute* value = bind.attribute("value");
  const xml::Attribute* expression = bind.attribute("expression");
  std::unique_ptr<expr::Expression> read;
  if (remove) return read;
  if (!value && !expression) {
    bind.error("<header> without a value", "value=, expression= or action=\"remove\"");
    return std::nullopt;
  }
  read = value ? expr::literal(value->value) : build.expression(expression, bind.element());
  if (!read) return std::nullopt;
  return read;
}

bool in_transport(xml::Bind& bind, Build& build) {
  using ScopeName = std::pair<std::string_view, bool>;
  static constexpr ScopeName kScopes[] = {{"default", false}, {"transport", true}};
  static constexpr ScopeName kApacheScopes[] = {{"soap", false}, {"transport", true}};
  if (build.settings.apache_dialect())
    return bind.choice<bool>("scope", kApacheScopes, false, xml::Bind::Unknown::error, xml::Bind::Case::any);
  return bind.choice<bool>("scope", kScopes, false);
}

std::unique_ptr<Mediator> build_header(const xml::Element& element, Build& build) {
  xml::Bind bind(element, build.problems);
  bind.ignore({"statistics", "trace"});
  bind.all_children_known();
  const bool remove = bind.text("action").value_or("set") == "remove";
  const bool transport = in_transport(bind, build);
  const bool as_xml = bind.text("type").value_or("") == "OM";
  const xml::Attribute* name = bind.attribute("name");
  if (!name || name->value.empty()) {
    bind.finish();
    return build_blocks(bind, remove);
  }
  auto value = read_value(bind, build, remove);
  bind.finish();
  if (!value) return nullptr;
  if (!transport) return build_soap(bind, *name, *std::move(value), as_xml);
  auto header = std::make_unique<TransportHeader>();
  header->name = name->value;
  header->value = *std::move(value);
  return header;
}

}  // namespace

MYELIN_MEDIATOR("header", build_header);
}  // namespace myelin::mediators
