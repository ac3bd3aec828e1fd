#pragma once
// SOAP envelopes: version conversion with faults and header attributes, WS-Addressing headers, the
// POX form of a fault. Pure functions on trees.

#include <memory>
#include <string>
#include <string_view>

#include "engine/message/payload.hpp"
#include "engine/message/tree.hpp"

namespace myelin {

struct Addressing;

namespace soap {

/// A copy of an envelope in the other (or the same) SOAP version. Fault codes are mapped
/// Client/Sender, Server/Receiver; codes of the other version's own become subcodes (MED-044).
std::shared_ptr<tree::Document> convert(const tree::Document& envelope, bool to_soap12);

/// A header block in a WS-Addressing namespace exists.
bool has_addressing(const tree::Document& envelope) noexcept;
/// Overwrites the values for which the envelope has WS-Addressing headers.
void read_addressing(const tree::Document& envelope, Addressing& values);
void remove_addressing(tree::Document& envelope);
/// Adds To, From, ReplyTo (anonymous when not given), FaultTo, MessageID, Action and RelatesTo of the
/// values that are not empty.
void add_addressing(tree::Document& envelope, const Addressing& values, std::string_view ns);

/// Text of a fault for `<Exception>`: its detail's text, else the reason (MED-045).
std::string exception_text(const tree::Document& envelope);

}  // namespace soap
}  // namespace myelin
