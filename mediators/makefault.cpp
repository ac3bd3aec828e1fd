// <makefault version="soap11|soap12|pox" response="true|false">
//   <code value="prefix:local" | expression="e"/> <reason value="text" | expression="e"/>
//   <node>uri</node>? <role>uri</role>? <detail expression="e"?>text or elements</detail>?
// </makefault>
// Without version: the SOAP version that the code's prefix stands for.
// Replaces the body by a SOAP fault (or by <Exception> for pox) and turns the message into a response.

#include "engine/base/text.hpp"
#include "engine/flow/build.hpp"
#include "engine/flow/mediator.hpp"
#include "mediators/common/content.hpp"

namespace myelin::mediators {
namespace {

enum class Version { soap11, soap12, pox };
constexpr std::pair<std::string_view, Version> kVersions[] = {
    {"soap11", Version::soap11}, {"soap12", Version::soap12}, {"pox", Version::pox}};

constexpr std::string_view kCodes11[] = {"VersionMismatch", "MustUnderstand", "Client", "Server"};
constexpr std::string_view kCodes12[] = {"VersionMismatch", "MustUnderstand", "DataEncodingUnknown", "Sender",
                                         "Receiver"};

std::span<const std::string_view> codes(Version version) {
  return version == Version::soap12 ? std::span<const std::string_view>(kCodes12)
                                    : std::span<const std::string_view>(kCodes11);
}

std::string_view namespace_of(Version version) {
  return version == Version::soap12 ? soap::kEnvelope12 : soap::kEnvelope11;
}

bool is_code(Version version, std::string_view local) {
  const auto known = codes(version);
  return std::find(known.begin(), known.end(), local) != known.end();
}

std::string_view local_name(std::string_view qname) {
  const auto colon = qname.find(':');
  return colon == std::string_view::npos ? qname : qname.substr(colon + 1);
}

struct MakeFault final : Mediator {
  Version version = Version::soap11;
  bool response = true;
  std::string code;                              ///< local part of a literal code
  std::unique_ptr<expr::Expression> code_expression, reason, detail;
  std::string node, role, detail_text;
  std::vector<std::shared_ptr<const tree::Document>> detail_elements;

  Flow run(Message& message) const override {
    Addressing& addressing = message.addressing();  // read from the body that is replaced
    Result<void> done = version == Version::pox ? make_exception(message) : make_fault(message);
    if (!done) return fail(message, std::move(done).fault());
    address(message, addressing);
    return Flow::next;
  }
  Need need() const noexcept override { return Need::body; }

 private:
  /// To is where faults were asked to go; a response relates to the request (MED-155).
  void address(Message& message, Addressing& addressing) const {
    addressing.to = !addressing.fault_to.empty() ? addressing.fault_to : addressing.reply_to;
    addressing.relates_to = addressing.message_id;
    if (response) message.response = true;
  }

  Result<std::string> text_of(const expr::Expression* expression, Message& message) const {
    if (!expression) return std::string();
    Result<std::optional<std::string>> text = expression->text(message);
    if (!text) return std::move(text).fault();
    return std::move(*text).value_or(std::string());
  }

  Result<std::string> code_of(Message& message) const {
    if (!code_expression) return code;
    Result<std::string> found = text_of(code_expression.get(), message);
    if (!found) return found;
    const std::string local(local_name(*found));
    if (!is_code(version, local)) return Fault("'" + *found + "' is no fault code of this SOAP version");
    return local;
  }

  Result<void> make_fault(Message& message) const {
    const Result<std::string> local = code_of(message);
    if (!local) return local.fault();
    const Result<std::string> why = text_of(reason.get(), message);
    if (!why) return why.fault();
    std::shared_ptr<tree::Document> envelope = Payload::empty_envelope(version == Version::soap12);
    const tree::NodeId fault = envelope->create_element(namespace_of(version), "soapenv", "Fault");
    envelope->append(Payload::body(*envelope), fault);
    tree::NodeId details = version == Version::soap12 ? fill12(*envelope, fault, *local, *why)
                                                      : fill11(*envelope, fault, *local, *why);
    Result<void> done = fill_detail(message, *envelope, details);
    if (!done) return done;
    if (envelope->first_child(details) == tree::kNone) envelope->detach(details);
    done = keep_headers(message, *envelope);
    if (!done) return done;
    replace_envelope(message, std::move(envelope));
    return {};
  }

  static tree::NodeId add(tree::Document& tree, tree::NodeId parent, std::string_view ns, std::string_view local,
                          std::string_view text) {
    const tree::NodeId child = tree.create_element(ns, ns.empty() ? "" : "soapenv", local);
    if (!text.empty()) tree.set_text(child, text);
    tree.append(parent, child);
    return child;
  }

  /// The `soapenv` prefix of the code is bound here, whatever prefix the envelope uses.
  tree::NodeId fill11(tree::Document& tree, tree::NodeId fault, const std::string& local,
                      const std::string& why) const {
    tree.declare(fault, "soapenv", soap::kEnvelope11);
    add(tree, fault, {}, "faultcode", "soapenv:" + local);
    add(tree, fault, {}, "faultstring", why);
    if (!role.empty()) add(tree, fault, {}, "faultactor", role);
    return add(tree, fault, {}, "detail", {});
  }

  tree::NodeId fill12(tree::Document& tree, tree::NodeId fault, const std::string& local,
                      const std::string& why) const {
    constexpr std::string_view kNs = soap::kEnvelope12;
    tree.declare(fault, "soapenv", kNs);
    add(tree, add(tree, fault, kNs, "Code", {}), kNs, "Value", "soapenv:" + local);
    const tree::NodeId text = add(tree, add(tree, fault, kNs, "Reason", {}), kNs, "Text", why);
    tree.set_attribute(text, "http://www.w3.org/XML/1998/namespace", "xml", "lang", "en");
    if (!node.empty()) add(tree, fault, kNs, "Node", node);
    if (!role.empty()) add(tree, fault, kNs, "Role", role);
    return add(tree, fault, kNs, "Detail", {});
  }

  Result<void> fill_detail(Message& message, tree::Document& tree, tree::NodeId details) const {
    if (detail) {
      const Result<Value> value = detail->evaluate(message);
      if (!value) return value.fault();
      append_value(tree, details, *value);
      return {};
    }
    if (!detail_text.empty()) tree.append(details, tree.create_text(detail_text));
    for (const auto& element : detail_elements) {
      const tree::NodeId copy = tree.import(*element, element->root());
      tree.append(details, copy);
    }
    return {};
  }

  static void append_value(tree::Document& tree, tree::NodeId details, const Value& value) {
    const Nodes* nodes = value.as<Nodes>();
    if (!nodes) {
      const std::string text = value.text();
      if (!text.empty()) tree.append(details, tree.create_text(text));
      return;
    }
    for (const tree::NodeRef& node : nodes->items) {
      const bool element = node.document->kind(node.id) == tree::Kind::element;
      const tree::NodeId copy = element ? tree.import(*node.document, node.id)
                                        : tree.create_text(node.document->string_value(node.id));
      tree.append(details, copy);
    }
  }

  /// SOAP header blocks that are there stay (MED 2.3).
  static Result<void> keep_headers(Message& message, tree::Document& to) {
    const MediaKind kind = message.payload.kind();
    if (kind != MediaKind::soap11 && kind != MediaKind::soap12) return {};
    const Result<const tree::Document*> old = message.payload.envelope();
    if (!old) return old.fault();
    const tree::NodeId header = Payload::header(**old);
    if (header == tree::kNone) return {};
    for (tree::NodeId block = (*old)->first_element(header); block != tree::kNone; block = (*old)->next_element(block)) {
      const tree::NodeId copy = to.import(**old, block);
      to.append(Payload::ensure_header(to), copy);
    }
    return {};
  }

  Result<void> make_exception(Message& message) const {
    tree::Document made;
    const tree::NodeId exception = made.create_element({}, {}, "Exception");
    made.append(made.document(), exception);
    Result<void> done = fill_detail(message, made, exception);
    if (!done) return done;
    if (made.first_child(exception) == tree::kNone) {
      const Result<std::string> why = text_of(reason.get(), message);
      if (!why) return why.fault();
      made.set_text(exception, *why);
    }
    return replace_body(message, made, exception);
  }
};

/// A literal or an expression; null after an error or when neither is there.
std::unique_ptr<expr::Expression> read_text(xml::Bind& bind, Build& build) {
  const xml::Attribute* value = bind.attribute("value");
  const xml::Attribute* expression = bind.attribute("expression");
  bind.finish();
  if (value) return expr::literal(value->value);
  if (expression) return build.expression(expression, bind.element());
  bind.error("<" + bind.element().name + "> in <makefault> without a value", "value= or expression=");
  return nullptr;
}

bool read_code(MakeFault& fault, const xml::Element& element, Build& build) {
  xml::Bind bind(element, build.problems);
  const xml::Attribute* value = bind.attribute("value");
  if (!value) {
    fault.code_expression = read_text(bind, build);
    return fault.code_expression != nullptr;
  }
  bind.attribute("expression");
  bind.finish();
  fault.code = local_name(value->value);
  const auto colon = value->value.find(':');
  const std::optional<std::string_view> ns =
      element.resolve(colon == std::string::npos ? std::string_view{} : std::string_view(value->value).substr(0, colon));
  if (!ns || *ns != namespace_of(fault.version)) {
    bind.error(value->where, "the prefix of code '" + value->value + "' is not bound to the SOAP namespace of the version",
               "declare it as " + std::string(namespace_of(fault.version)));
    return false;
  }
  if (is_code(fault.version, fault.code)) return true;
  bind.error(value->where, "fault code '" + fault.code + "'", text::one_of(codes(fault.version)));
  return false;
}

bool read_detail(MakeFault& fault, const xml::Element& element, Build& build) {
  xml::Bind bind(element, build.problems);
  bind.all_children_known();
  const xml::Attribute* expression = bind.attribute("expression");
  bind.finish();
  if (expression) {
    fault.detail = build.expression(expression, element);
    return fault.detail != nullptr;
  }
  for (const xml::Element* child : element.children()) {
    Result<std::shared_ptr<tree::Document>> document = tree::Document::parse(child->outer_xml());
    if (!document) {
      bind.error(child->where, document.fault().message);
      return false;
    }
    fault.detail_elements.push_back(*std::move(document));
  }
  if (fault.detail_elements.empty()) fault.detail_text = text::trim(element.text());
  return true;
}

bool read_code_and_reason(MakeFault& fault, xml::Bind& bind, Build& build) {
  const xml::Element* code = bind.child("code");
  const xml::Element* reason = bind.child("reason");
  const bool required = fault.version != Version::pox;
  if (required && !code) bind.error("<makefault> without <code>");
  if (required && !reason) bind.error("<makefault> without <reason>");
  bool usable = !required || (code && reason);
  if (code && required) usable &= read_code(fault, *code, build);
  if (reason) {
    xml::Bind of_reason(*reason, build.problems);
    fault.reason = read_text(of_reason, build);
    usable &= fault.reason != nullptr;
  }
  return usable;
}

/// Without a version the fault has that of its code's namespace; a client of the other SOAP version gets
/// it converted like any answer.
Version version_of_code(const xml::Element& element) {
  const xml::Element* code = element.child("code");
  const xml::Attribute* value = code ? code->attribute("value") : nullptr;
  if (!value) return Version::soap11;
  const auto colon = value->value.find(':');
  if (colon == std::string::npos) return Version::soap11;
  const auto ns = code->resolve(std::string_view(value->value).substr(0, colon));
  return ns && *ns == soap::kEnvelope12 ? Version::soap12 : Version::soap11;
}

std::unique_ptr<Mediator> build_makefault(const xml::Element& element, Build& build) {
  xml::Bind bind(element, build.problems);
  bind.ignore({"statistics", "trace"});
  auto fault = std::make_unique<MakeFault>();
  fault->version = bind.choice<Version>("version", kVersions, version_of_code(element));
  constexpr std::pair<std::string_view, bool> kResponse[] = {{"true", true}, {"false", false}};
  fault->response = bind.choice<bool>("response", kResponse, true);
  bool usable = read_code_and_reason(*fault, bind, build);
  fault->node = bind.child_text("node").value_or("");
  fault->role = bind.child_text("role").value_or("");
  if (const xml::Element* detail = bind.child("detail")) usable &= read_detail(*fault, *detail, build);
  bind.finish();
  if (!usable) return nullptr;
  return fault;
}

}  // namespace

MYELIN_MEDIATOR("makefault", build_makefault);
}  // namespace myelin::mediators
