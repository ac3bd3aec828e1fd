#pragma once
// From the bytes of a body to its SOAP envelope: what Synapse calls builders (expressions
// reference, 6.1 to 6.3). JSON has its own (json.hpp).

#include <memory>
#include <string>
#include <string_view>

#include "engine/base/result.hpp"
#include "engine/message/payload.hpp"

namespace myelin {

/// `kind` is what the Content-Type says; text/xml without an envelope becomes `xml`. Faults:
/// code::kParse with status 400, 413 or 415.
Result<std::shared_ptr<tree::Document>> build_envelope(std::string_view bytes, std::string_view content_type,
                                                       MediaKind& kind);
/// A SOAP 1.1 envelope around a detached element of the same document.
void wrap(tree::Document& document, tree::NodeId content);

/// The namespace of the `text` and `binary` wrapper elements.
inline constexpr std::string_view kPayloadNamespace = "http://ws.apache.org/commons/ns/payload";

}  // namespace myelin
