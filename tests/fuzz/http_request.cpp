// Fuzz target: request heads (REL-004, REL-005, REL-172). The first byte says where the input is cut;
// a head must be judged alike whole and cut, and what is accepted must be accepted again as written.

#include <string>
#include <vector>

#include "tests/fuzz/target.hpp"
#include "transports/http/codec.hpp"

using namespace myelin::http;
using namespace myelin::fuzz;

namespace {

std::string write(const RequestHead& head) {
  std::string out(head.method);
  out.append(" ").append(head.target).append(head.http10 ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n");
  for (const myelin::Header& field : head.fields)
    out.append(field.name).append(": ").append(field.value).append("\r\n");
  return out + "\r\n";
}

void check_accepted(const RequestHead& head) {
  const std::string written = write(head);
  HeadParser parser{Limits{}};
  RequestHead again;
  std::size_t consumed = 0;
  const Parse state = parser.request(written, again, consumed);
  // A blank added behind a colon may pass a limit; nothing else may change the verdict.
  if (state == Parse::bad && (parser.refusal().status == 431 || parser.refusal().status == 414)) return;
  require(state == Parse::done && consumed == written.size());
  require(again.framing == head.framing && again.length == head.length && again.keep_alive == head.keep_alive);
  require(again.origin == head.origin && again.host == head.host);
  require(write(again) == written);
}

void run(std::string_view input) {
  if (input.empty()) return;
  const auto first = static_cast<unsigned char>(input[0]);
  const std::string_view bytes = input.substr(1);
  const std::size_t cut = bytes.size() * first / 255;

  const std::vector<char> whole = exact(bytes);
  HeadParser parser{Limits{}};
  RequestHead head;
  std::size_t consumed = 0;
  const Parse state = parser.request({whole.data(), whole.size()}, head, consumed);

  HeadParser resumed{Limits{}};
  RequestHead other;
  std::size_t also_consumed = 0;
  const std::vector<char> part = exact(bytes.substr(0, cut));
  Parse second = resumed.request({part.data(), part.size()}, other, also_consumed);
  if (second == Parse::more) second = resumed.request({whole.data(), whole.size()}, other, also_consumed);
  require(second == state && also_consumed == consumed);
  require(resumed.refusal().status == parser.refusal().status);
  if (state == Parse::done) {
    require(consumed <= bytes.size() && write(head) == write(other));
    check_accepted(head);
    const std::string moved(bytes);
    rebase(other, {whole.data(), whole.size()}, moved.data());
    require(write(head) == write(other));
  }
}

}  // namespace

MYELIN_FUZZ_TARGET(http_request, run);
