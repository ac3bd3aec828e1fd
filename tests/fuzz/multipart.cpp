// Fuzz target: multipart bodies (REL-005, REL-025, REL-172). The first line is the Content-Type. What is
// taken apart and put together again has the same parts.

#include "engine/base/fault.hpp"
#include "engine/message/multipart.hpp"
#include "tests/fuzz/target.hpp"

using namespace myelin;
using namespace myelin::fuzz;

namespace {

void refused(const Fault& fault) {
  require(fault.code == code::kParse && (fault.status == 400 || fault.status == 413 || fault.status == 415));
}

bool inside(std::string_view part, std::string_view whole) {
  return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void as_form(std::string_view bytes, std::string_view type, const std::vector<multipart::Part>& parts) {
  const auto form = multipart::build_form_data(bytes, type);
  if (!form.ok()) return refused(form.fault());
  for (const bool decode : {false, true}) {
    const auto written = multipart::write_form_data(**form, Payload::body_child(**form), parts, decode);
    const auto again = multipart::parse(written.bytes, written.content_type);
    require(again.ok() && again->size() == parts.size(), written.bytes);
  }
}

void as_related(std::string_view bytes, std::string_view type, const std::vector<multipart::Part>& parts) {
  MediaKind kind = MediaKind::multipart;
  const auto envelope = multipart::build_related(bytes, type, kind);
  if (!envelope.ok()) return refused(envelope.fault());
  for (const bool mtom : {false, true}) {
    const auto written = multipart::write_related((*envelope)->xml((*envelope)->root()), "text/xml; charset=UTF-8", parts, type, mtom);
    const auto again = multipart::parse(written.bytes, written.content_type);
    require(again.ok() && again->size() >= parts.size(), written.bytes);
  }
}

void run(std::string_view input) {
  const std::string_view type = take_line(input);
  const std::vector<char> here = exact(input);
  const std::string_view bytes(here.data(), here.size());
  const auto parts = multipart::parse(bytes, type);
  if (!parts.ok()) return refused(parts.fault());
  require(parts->size() <= 1000);
  for (const multipart::Part& part : *parts) {
    require(inside(part.head, bytes) && inside(part.body, bytes) && inside(part.content_id, bytes));
    const auto content = part.content();
    if (!content.ok()) refused(content.fault());
  }
  if (parts->empty()) return;
  require(inside(multipart::root_of(*parts, type).body, bytes));
  if (multipart::is_form_data(type)) as_form(bytes, type, *parts);
  if (multipart::is_related(type)) as_related(bytes, type, *parts);
}

}  // namespace

MYELIN_FUZZ_TARGET(multipart, run);
