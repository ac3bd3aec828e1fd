// Which fields pass behind a body.

#include "transports/http/trailers.hpp"

#include <algorithm>
#include <iterator>

#include "transports/http/codec.hpp"
#include "transports/http/syntax.hpp"

namespace myelin::http {

namespace {

// RFC 9110, 6.5.1
constexpr std::string_view kNever[] = {
    "accept-encoding", "age", "allow", "authentication-info", "authorization", "cache-control", "cookie", "date", "etag",
    "expect", "expires", "forwarded", "host", "location", "max-forwards", "origin", "pragma", "range", "retry-after", "server",
    "set-cookie", "soapaction", "traceparent", "tracestate", "vary", "via", "warning", "www-authenticate"};
constexpr std::string_view kNeverBegins[] = {"content-", "if-", "proxy-", "x-forwarded-", "x-http-method"};

bool begins(std::string_view text, std::string_view with) noexcept {
  return text.size() >= with.size() && text::iequals(text.substr(0, with.size()), with);
}

bool is_grpc(std::string_view content_type) noexcept {
  constexpr std::string_view kGrpc = "application/grpc";
  const std::string_view behind = begins(content_type, kGrpc) ? content_type.substr(kGrpc.size()) : std::string_view("-");
  return behind.empty() || behind.front() == '+' || behind.front() == ';' || behind.front() == ' ';
}

}  // namespace

bool may_bring_trailers(std::string_view content_type, const TrailerNames& allowed) noexcept {
  return !allowed.empty() || is_grpc(content_type);
}

bool is_no_trailer(std::string_view name) noexcept {
  const auto is = [name](std::string_view other) { return text::iequals(name, other); };
  return is_hop_by_hop(name) || name.find('_') != std::string_view::npos ||  // which some read as '-' (REL-059)
         std::any_of(std::begin(kNever), std::end(kNever), is) ||
         std::any_of(std::begin(kNeverBegins), std::end(kNeverBegins), [name](std::string_view with) { return begins(name, with); });
}

void Trailers::begin(std::string_view content_type) noexcept {
  if (!text_.empty()) std::string().swap(text_);
  grpc_ = is_grpc(content_type);
}

bool Trailers::passes(std::string_view name) const noexcept {
  if (is_no_trailer(name)) return false;
  const auto is = [name](std::string_view other) { return text::iequals(name, other); };
  return grpc_ || (allowed_ && std::any_of(allowed_->begin(), allowed_->end(), is));
}

void Trailers::add(std::string_view name, std::string_view value) {
  if (!passes(name)) return;
  for (const std::string_view piece : {name, std::string_view(": "), value, std::string_view("\r\n")}) text_ += piece;
}

}  // namespace myelin::http
