#include "engine/message/soap.hpp"

#include <array>
#include <vector>

#include "engine/base/text.hpp"
#include "engine/message/message.hpp"

namespace myelin::soap {

namespace {

using tree::Document;
using tree::kNone;
using tree::NodeId;

constexpr std::string_view kActorNext = "http://schemas.xmlsoap.org/soap/actor/next";
constexpr std::string_view kRoleNext = "http://www.w3.org/2003/05/soap-envelope/role/next";
constexpr std::string_view kXml = "http://www.w3.org/XML/1998/namespace";

std::string_view version_ns(bool soap12) noexcept { return soap12 ? kEnvelope12 : kEnvelope11; }

bool is_addressing_ns(std::string_view ns) noexcept { return ns == kAddressing || ns == kAddressing2004; }

// --- faults ----------------------------------------------------------------------------------------

struct CodePair {
  std::string_view soap11, soap12;
};
constexpr CodePair kCodes[] = {{"Client", "Sender"},
                               {"Server", "Receiver"},
                               {"MustUnderstand", "MustUnderstand"},
                               {"VersionMismatch", "VersionMismatch"}};

/// A fault, whatever its version.
struct FaultParts {
  std::string code_ns, code;        // of the version's own codes: local name
  std::string subcode_ns, subcode;  // 1.1: a code that is not the version's own; 1.2: the first Subcode
  std::string reason, language;
  std::string role, node;
  NodeId detail = kNone;
};

/// The namespace and local name that a QName text means at an element.
std::pair<std::string, std::string> qname(const Document& document, NodeId element) {
  const std::string whole = document.string_value(element);
  const std::string_view text = text::trim(whole);
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return {std::string(document.resolve(element, {})), std::string(text)};
  return {std::string(document.resolve(element, text.substr(0, colon))), std::string(text.substr(colon + 1))};
}

std::string child_text(const Document& document, NodeId parent, std::string_view ns, std::string_view local) {
  const NodeId child = document.child(parent, ns, local);
  return child == kNone ? std::string() : document.string_value(child);
}

FaultParts read_fault11(const Document& document, NodeId fault) {
  FaultParts parts;
  const NodeId code = document.child(fault, {}, "faultcode");
  if (code != kNone) {
    auto [ns, local] = qname(document, code);
    const std::string general = local.substr(0, local.find('.'));
    if (ns == kEnvelope11 || ns.empty()) parts.code = general;
    if (parts.code != local) {
      parts.subcode_ns = ns;
      parts.subcode = local;
    }
  }
  parts.reason = child_text(document, fault, {}, "faultstring");
  parts.role = child_text(document, fault, {}, "faultactor");
  parts.detail = document.child(fault, {}, "detail");
  return parts;
}

FaultParts read_fault12(const Document& document, NodeId fault) {
  FaultParts parts;
  const NodeId code = document.child(fault, kEnvelope12, "Code");
  if (code != kNone) {
    const NodeId value = document.child(code, kEnvelope12, "Value");
    if (value != kNone) parts.code = qname(document, value).second;
  }
  const NodeId reason = document.child(fault, kEnvelope12, "Reason");
  const NodeId text = reason == kNone ? kNone : document.child(reason, kEnvelope12, "Text");
  if (text != kNone) {
    parts.reason = document.string_value(text);
    const NodeId language = document.attribute(text, kXml, "lang");
    if (language != kNone) parts.language = document.value(language);
  }
  parts.role = child_text(document, fault, kEnvelope12, "Role");
  parts.node = child_text(document, fault, kEnvelope12, "Node");
  parts.detail = document.child(fault, kEnvelope12, "Detail");
  return parts;
}

class Converter {
 public:
  Converter(const Document& from, bool to_soap12)
      : from_(from),
        to_(std::make_shared<Document>()),
        old_ns_(from.ns(from.root())),
        soap12_(to_soap12),
        ns_(version_ns(to_soap12)),
        prefix_(from.prefix(from.root())) {
    if (prefix_.empty()) prefix_ = "soapenv";
  }

  std::shared_ptr<Document> run() {
    const NodeId envelope = make("Envelope");
    to_->declare(envelope, prefix_, ns_);
    to_->append(to_->document(), envelope);
    copy_declarations(from_.root(), envelope);
    if (const NodeId old_header = Payload::header(from_); old_header != kNone)
      copy_header(old_header, envelope);
    const NodeId body = make("Body");
    to_->append(envelope, body);
    if (const NodeId old_body = Payload::body(from_); old_body != kNone) copy_body(old_body, body);
    return to_;
  }

 private:
  NodeId make(std::string_view local) { return to_->create_element(ns_, prefix_, local); }
  NodeId add(NodeId parent, std::string_view local) {
    const NodeId made = make(local);
    to_->append(parent, made);
    return made;
  }
  NodeId add_plain(NodeId parent, std::string_view local, std::string_view text) {
    const NodeId made = to_->create_element({}, {}, local);
    to_->set_text(made, text);
    to_->append(parent, made);
    return made;
  }
  std::string own_code(std::string_view local) const { return prefix_ + ":" + std::string(local); }

  /// Texts such as xsi:type="xsd:string" rely on declarations at the envelope.
  void copy_declarations(NodeId from, NodeId to) {
    for (const auto& [prefix, uri] : from_.declarations(from))
      if (prefix != prefix_ && uri != old_ns_) to_->declare(to, prefix, uri);
  }

  void copy_header(NodeId old_header, NodeId envelope) {
    const NodeId header = add(envelope, "Header");
    copy_declarations(old_header, header);
    for (NodeId block = from_.first_element(old_header); block != kNone; block = from_.next_element(block)) {
      const NodeId copy = to_->import(from_, block);
      convert_attributes(copy);
      to_->append(header, copy);
    }
  }

  /// mustUnderstand, actor and role of a header block.
  void convert_attributes(NodeId block) {
    if (old_ns_ == ns_) return;
    const std::string_view old_role = soap12_ ? "actor" : "role";
    if (const NodeId attribute = to_->attribute(block, old_ns_, "mustUnderstand"); attribute != kNone) {
      const bool must = text::is_true(to_->value(attribute));
      to_->detach(attribute);
      to_->set_attribute(block, ns_, prefix_, "mustUnderstand", must ? "1" : "0");
    }
    if (const NodeId attribute = to_->attribute(block, old_ns_, old_role); attribute != kNone) {
      std::string value(to_->value(attribute));
      if (value == kActorNext)
        value = kRoleNext;
      else if (value == kRoleNext)
        value = kActorNext;
      to_->detach(attribute);
      to_->set_attribute(block, ns_, prefix_, soap12_ ? "role" : "actor", value);
    }
  }

  void copy_body(NodeId old_body, NodeId body) {
    copy_declarations(old_body, body);
    if (Payload::has_fault(from_) && old_ns_ != ns_) {
      const NodeId fault = Payload::body_child(from_);
      if (soap12_)
        write_fault12(read_fault11(from_, fault), body);
      else
        write_fault11(read_fault12(from_, fault), body);
      return;
    }
    for (NodeId child = from_.first_child(old_body); child != kNone; child = from_.next(child))
      to_->append(body, to_->import(from_, child));
  }

  void copy_detail(NodeId old_detail, NodeId detail) {
    copy_declarations(old_detail, detail);
    for (NodeId child = from_.first_child(old_detail); child != kNone; child = from_.next(child))
      to_->append(detail, to_->import(from_, child));
  }

  void write_fault12(const FaultParts& parts, NodeId body) {
    const NodeId fault = add(body, "Fault");
    const NodeId code = add(fault, "Code");
    std::string_view mapped = "Receiver";
    bool known = false;
    for (const CodePair& pair : kCodes)
      if (pair.soap11 == parts.code) {
        mapped = pair.soap12;
        known = true;
      }
    to_->set_text(add(code, "Value"), own_code(mapped));
    if (!parts.subcode.empty() || (!known && !parts.code.empty())) write_subcode(parts, code);
    const NodeId text = add(add(fault, "Reason"), "Text");
    to_->set_attribute(text, kXml, "xml", "lang", "en");
    to_->set_text(text, parts.reason);
    if (!parts.role.empty()) to_->set_text(add(fault, "Role"), parts.role);
    if (parts.detail != kNone) copy_detail(parts.detail, add(fault, "Detail"));
  }

  void write_subcode(const FaultParts& parts, NodeId code) {
    const NodeId value = add(add(code, "Subcode"), "Value");
    const std::string& local = parts.subcode.empty() ? parts.code : parts.subcode;
    if (parts.subcode_ns.empty() || parts.subcode_ns == old_ns_) {
      to_->set_text(value, local);
      return;
    }
    const std::string prefix = prefix_ == "sub" ? "code" : "sub";
    to_->declare(value, prefix, parts.subcode_ns);
    to_->set_text(value, prefix + ":" + local);
  }

  void write_fault11(const FaultParts& parts, NodeId body) {
    const NodeId fault = add(body, "Fault");
    std::string_view mapped = parts.code == "DataEncodingUnknown" ? "Client" : "Server";
    for (const CodePair& pair : kCodes)
      if (pair.soap12 == parts.code) mapped = pair.soap11;
    add_plain(fault, "faultcode", own_code(mapped));
    add_plain(fault, "faultstring", parts.reason);
    if (const std::string& actor = parts.role.empty() ? parts.node : parts.role; !actor.empty())
      add_plain(fault, "faultactor", actor);
    if (parts.detail == kNone) return;
    const NodeId detail = to_->create_element({}, {}, "detail");
    to_->append(fault, detail);
    copy_detail(parts.detail, detail);
  }

  const Document& from_;
  std::shared_ptr<Document> to_;
  std::string_view old_ns_;
  bool soap12_;
  std::string_view ns_;
  std::string prefix_;
};

}  // namespace

std::shared_ptr<Document> convert(const Document& envelope, bool to_soap12) {
  return Converter(envelope, to_soap12).run();
}

// --- WS-Addressing -----------------------------------------------------------------------------------

namespace {

struct AddressingField {
  std::string_view local;
  std::string Addressing::*value;
  bool reference;  // an endpoint reference: the value stands in its Address child
};
constexpr std::array<AddressingField, 7> kFields{{{"To", &Addressing::to, false},
                                                  {"From", &Addressing::from, true},
                                                  {"ReplyTo", &Addressing::reply_to, true},
                                                  {"FaultTo", &Addressing::fault_to, true},
                                                  {"MessageID", &Addressing::message_id, false},
                                                  {"Action", &Addressing::action, false},
                                                  {"RelatesTo", &Addressing::relates_to, false}}};

}  // namespace

bool has_addressing(const Document& envelope) noexcept {
  const NodeId header = Payload::header(envelope);
  if (header == kNone) return false;
  for (NodeId block = envelope.first_element(header); block != kNone; block = envelope.next_element(block))
    if (is_addressing_ns(envelope.ns(block))) return true;
  return false;
}

void read_addressing(const Document& envelope, Addressing& values) {
  const NodeId header = Payload::header(envelope);
  if (header == kNone) return;
  for (NodeId block = envelope.first_element(header); block != kNone; block = envelope.next_element(block)) {
    if (!is_addressing_ns(envelope.ns(block))) continue;
    for (const AddressingField& field : kFields) {
      if (envelope.local(block) != field.local) continue;
      const NodeId holder = field.reference ? envelope.child(block, envelope.ns(block), "Address") : block;
      if (holder != kNone) values.*field.value = text::trim(envelope.string_value(holder));
    }
  }
}

void remove_addressing(Document& envelope) {
  const NodeId header = Payload::header(envelope);
  if (header == kNone) return;
  for (NodeId block = envelope.first_element(header); block != kNone;) {
    const NodeId next = envelope.next_element(block);
    if (is_addressing_ns(envelope.ns(block))) envelope.detach(block);
    block = next;
  }
}

void add_addressing(Document& envelope, const Addressing& values, std::string_view ns) {
  const NodeId header = Payload::ensure_header(envelope);
  constexpr std::string_view kAnonymousSubmission = "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous";
  const std::string_view anonymous = ns == kAddressing ? kAnonymous : kAnonymousSubmission;
  for (const AddressingField& field : kFields) {
    std::string_view value = values.*field.value;
    const bool nobody = value == kAnonymous || value == kAnonymousSubmission;
    if ((field.local == "ReplyTo" && value.empty()) || (field.reference && nobody)) value = anonymous;
    if (value.empty()) continue;
    const NodeId block = envelope.create_element(ns, "wsa", field.local);
    envelope.declare(block, "wsa", ns);
    NodeId holder = block;
    if (field.reference) {
      holder = envelope.create_element(ns, "wsa", "Address");
      envelope.append(block, holder);
    }
    envelope.set_text(holder, value);
    envelope.append(header, block);
  }
}

// --- POX -------------------------------------------------------------------------------------------

std::string exception_text(const Document& envelope) {
  const NodeId fault = Payload::body_child(envelope);
  const FaultParts parts =
      Payload::is_soap12(envelope) ? read_fault12(envelope, fault) : read_fault11(envelope, fault);
  if (parts.detail != kNone) {
    const std::string detail = envelope.direct_text(parts.detail);
    if (const std::string_view text = text::trim(detail); !text.empty()) return std::string(text);
  }
  return parts.reason;
}

}  // namespace myelin::soap
