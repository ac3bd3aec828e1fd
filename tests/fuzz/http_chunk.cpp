// Fuzz target: chunked framing (REL-005, REL-065, REL-172). The first byte is the size of the pieces;
// the body, the verdict and the bytes eaten must not depend on it.

#include <algorithm>
#include <string>
#include <vector>

#include "tests/fuzz/target.hpp"
#include "transports/http/codec.hpp"

using namespace myelin::http;
using namespace myelin::fuzz;

namespace {

struct Decoded {
  Parse state = Parse::more;
  std::string body;
  std::size_t consumed = 0;
  bool operator==(const Decoded&) const = default;
};

Decoded decode(std::string_view bytes, std::size_t piece) {
  ChunkDecoder decoder{Limits{}};
  Decoded decoded;
  std::size_t end = 0;
  while (decoded.state == Parse::more) {
    const std::vector<char> here(bytes.begin() + static_cast<std::ptrdiff_t>(decoded.consumed),
                                 bytes.begin() + static_cast<std::ptrdiff_t>(end));
    const ChunkDecoder::Step step = decoder.next({here.data(), here.size()});
    require(step.consumed + step.body <= here.size());
    decoded.state = step.state;
    decoded.body.append(here.data() + step.consumed, step.body);
    decoded.consumed += step.consumed + step.body;
    decoder.body_consumed(step.body);
    if (step.body > 0) continue;
    if (end == bytes.size()) break;
    end = std::min(end + piece, bytes.size());
  }
  require((decoded.state == Parse::bad) == (decoder.refusal().status == 400));
  return decoded;
}

void run(std::string_view input) {
  if (input.empty()) return;
  const auto first = static_cast<unsigned char>(input[0]);
  const std::string_view bytes = input.substr(1);
  require(decode(bytes, bytes.size() + 1) == decode(bytes, std::size_t{1} + first));
}

}  // namespace

MYELIN_FUZZ_TARGET(http_chunk, run);
