// Fuzz target: heads of backends' answers (REL-005, REL-071, REL-172). The first byte says where the
// input is cut and whether the request was HEAD.

#include <string>
#include <vector>

#include "tests/fuzz/target.hpp"
#include "transports/http/codec.hpp"

using namespace myelin::http;
using namespace myelin::fuzz;

namespace {

std::string write(const ResponseHead& head) {
  std::string out = head.http10 ? "HTTP/1.0 " : "HTTP/1.1 ";
  out.append(std::to_string(head.status)).append(" ").append(head.reason).append("\r\n");
  for (const myelin::Header& field : head.fields)
    out.append(field.name).append(": ").append(field.value).append("\r\n");
  return out + "\r\n";
}

void check_accepted(const ResponseHead& head, std::string_view method) {
  const bool bodiless = method == "HEAD" || head.status < 200 || head.status == 204 || head.status == 304;
  require(!bodiless || head.framing == Framing::none);
  require(bodiless || head.framing != Framing::none);
  const std::string written = write(head);
  HeadParser parser{Limits{}};
  ResponseHead again;
  std::size_t consumed = 0;
  const Parse state = parser.response(written, method, again, consumed);
  const std::string_view reason = parser.refusal().reason;
  if (state == Parse::bad && reason.find("too_l") != std::string_view::npos) return;
  require(state == Parse::done && consumed == written.size());
  require(again.framing == head.framing && again.length == head.length && again.keep_alive == head.keep_alive);
}

void run(std::string_view input) {
  if (input.empty()) return;
  const auto first = static_cast<unsigned char>(input[0]);
  const std::string_view bytes = input.substr(1);
  const std::string_view method = first % 2 != 0 ? "HEAD" : "GET";
  const std::size_t cut = bytes.size() * first / 255;

  const std::vector<char> whole = exact(bytes);
  HeadParser parser{Limits{}};
  ResponseHead head;
  std::size_t consumed = 0;
  const Parse state = parser.response({whole.data(), whole.size()}, method, head, consumed);

  HeadParser resumed{Limits{}};
  ResponseHead other;
  std::size_t also_consumed = 0;
  const std::vector<char> part = exact(bytes.substr(0, cut));
  Parse second = resumed.response({part.data(), part.size()}, method, other, also_consumed);
  if (second == Parse::more) second = resumed.response({whole.data(), whole.size()}, method, other, also_consumed);
  require(second == state && also_consumed == consumed);
  require(state != Parse::bad || (parser.refusal().status == 502 && resumed.refusal().status == 502));
  if (state == Parse::done) {
    require(write(head) == write(other));
    check_accepted(head, method);
  }
}

}  // namespace

MYELIN_FUZZ_TARGET(http_response, run);
