#pragma once
// From the message's current form to bytes on a wire: what Synapse calls formatters, and the
// `format=` conversions of endpoints (endpoints reference 2.2; expressions reference 6).
// An unedited body whose type fits goes out as it came, streamed if it is still a stream.

#include <optional>
#include <string>
#include <string_view>

#include "engine/base/result.hpp"
#include "engine/message/message.hpp"
#include "engine/message/need.hpp"

namespace myelin {

enum class EndpointFormat : std::uint8_t { as_is, soap11, soap12, pox, get, rest };

/// `<enableAddressing version= separateListener=>`
enum class AddressingVersion : std::uint8_t { off, final, submission };

/// What becomes of the attachments of a multipart/related body that has to be written anew.
enum class Attachments : std::uint8_t { dropped, mtom, swa };

struct FormatOptions {
  EndpointFormat format = EndpointFormat::as_is;
  AddressingVersion addressing = AddressingVersion::off;
  Attachments attachments = Attachments::dropped;  ///< enableMTOM and enableSwA of the message may ask for more
  std::string_view encoding;      ///< charset to announce, empty: the message's
  std::string_view destination;   ///< the address, for the WS-A To header
};

/// A body ready for the wire. Views live in the message (payload bytes or arena).
struct OutgoingBody {
  bool has_body = false;
  std::string_view bytes;
  BodySource* stream = nullptr;      ///< still to be read; bytes is empty then
  std::string_view content_type;     ///< empty and !drop: as the message's headers have it
  bool drop_content_type = false;
  bool has_soap_action = false;      ///< write SOAPAction: "..."
  std::string_view soap_action;
  bool drop_soap_action = false;     ///< remove a received SOAPAction header
  std::string_view query;            ///< format="get": parameters to append to the URL
  bool rest = false;                 ///< REST on the wire: the URL postfix rule applies
};

/// What a leaf with these options needs loaded before format_request().
Need format_need(const FormatOptions& options) noexcept;

/// The request body for an endpoint. Converts between SOAP versions, unwraps for pox, turns the body
/// children into a query for get, adds or removes WS-Addressing headers when the envelope is built.
Result<OutgoingBody> format_request(Message& message, const FormatOptions& options);

/// The answer for the client: SOAP version of the client restored (MED-043), a SOAP fault for a
/// REST client becomes <Exception> (MED-045), JSON stays JSON; axis2 messageType/ContentType decide
/// the formatter when the body was edited (expressions reference 6.1).
Result<OutgoingBody> format_reply(Message& message);

/// True when format_reply() will have to look at the body (client and body differ in SOAP version,
/// or it was edited), so that it must be loaded first.
bool reply_needs_body(const Message& message) noexcept;
/// True when reply_needs_body() can judge only once some of the body has come: the answer of a backend
/// may turn out to be a SOAP fault for a REST client.
bool reply_needs_beginning(const Message& message) noexcept;

}  // namespace myelin
