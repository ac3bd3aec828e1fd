// Fuzz target: bodies of any media type as messages see them (REL-005, REL-018). The first line is the
// Content-Type, the second the Content-Encoding. The XML and JSON views are made or refused for a reason,
// and the envelope reads back.

#include "engine/base/fault.hpp"
#include "engine/message/coding.hpp"
#include "engine/message/formats.hpp"
#include "engine/message/json.hpp"
#include "tests/fuzz/target.hpp"

using namespace myelin;
using namespace myelin::fuzz;

namespace {

void refused(const Fault& fault) { require(fault.status == 0 || (fault.status >= 400 && fault.status < 600)); }

/// A request goes out in that format.
void format(std::string_view type, std::string_view bytes, EndpointFormat format) {
  Message message;
  message.incoming.method = "POST";
  message.payload.assign(std::string(bytes), std::string(type));
  message.client_kind = message.payload.kind();
  FormatOptions options;
  options.format = format;
  const auto out = format_request(message, options);
  if (!out.ok()) return refused(out.fault());
  require(out->query.find_first_of(" \r\n") == std::string_view::npos, out->query);
}

void views(std::string_view type, std::string_view bytes) {
  Payload payload;
  payload.assign(std::string(bytes), std::string(type));
  const auto json = payload.json_text();
  if (json.ok()) require(!payload.is_json() || *json == payload.bytes() || payload.bytes().empty());
  else refused(json.fault());
  const auto envelope = payload.envelope();
  if (!envelope.ok()) return refused(envelope.fault());
  const auto after = payload.json_text();
  require(after.ok() == json.ok() && (!json.ok() || *after == *json));
  const std::string xml = (*envelope)->xml((*envelope)->root());
  require(tree::Document::parse(xml).ok(), xml);
}

void coding(std::string_view name, std::string_view bytes) {
  const ContentCoding coding = content_coding(name);
  if (coding != ContentCoding::gzip && coding != ContentCoding::deflate) return;
  constexpr std::size_t kLimit = std::size_t{4} << 20;
  const auto plain = decompress(bytes, coding, kLimit);
  if (!plain.ok()) return refused(plain.fault());
  require(plain->size() <= kLimit);
  const auto again = decompress(compress(*plain, coding), coding, std::size_t{1} << 30);
  require(!again.ok() ? again.fault().status == 413 : *again == *plain);
}

void run(std::string_view input) {
  const std::string_view type = take_line(input);
  const std::string_view encoding = take_line(input);
  views(type, input);
  coding(encoding, input);
  for (const auto each : {EndpointFormat::soap11, EndpointFormat::soap12, EndpointFormat::pox, EndpointFormat::get, EndpointFormat::rest})
    format(type, input, each);
}

}  // namespace

MYELIN_FUZZ_TARGET(body, run);
