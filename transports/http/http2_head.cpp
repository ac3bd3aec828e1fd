// From fields to the text of a head.

#include "transports/http/http2_head.hpp"

#include <utility>

#include "transports/http/syntax.hpp"

namespace myelin::http {

void Http2Head::begin() noexcept {
  refusal_ = Refusal{};
  for (std::string* text : {&method_, &path_, &host_, &cookie_, &fields_, &text_}) text->clear();
  size_ = count_ = 0;
  has_authority_ = has_host_ = has_length_ = false;
}

void Http2Head::release() {
  for (std::string* text : {&method_, &path_, &host_, &cookie_, &fields_, &text_}) std::string().swap(*text);
}

void Http2Head::refuse(int status, const char* reason) noexcept {
  if (refusal_.status == 0) refusal_ = Refusal{status, reason};
}

void Http2Head::add(std::string_view name, std::string_view value) {
  if (refusal_.status != 0) return;
  size_ += name.size() + value.size() + 4;
  if (name == ":path" && value.size() > limits_.request_line) refuse(414, "request_line_too_long");
  else if (size_ > limits_.head) refuse(431, "head_too_large");
  else if (name.starts_with(':')) pseudo(name, value);
  else field(name, value);
}

/// The layer below has seen to it that each comes once, and before other fields.
void Http2Head::pseudo(std::string_view name, std::string_view value) {
  if (name == ":method") {
    if (!syntax::is_token(value)) refuse(400, "bad_method");
    method_ = value;
  } else if (name == ":path") {
    if (syntax::span(value, syntax::kTarget) != value.size()) refuse(400, "bad_target");
    path_ = value;
  } else if (name == ":authority") {
    if (!syntax::is_value(value)) refuse(400, "bad_host");
    has_authority_ = true;
    host_ = value;
  } else if (name != ":scheme" || (!text::iequals(value, "http") && !text::iequals(value, "https"))) {
    refuse(400, "bad_scheme");
  }
}

void Http2Head::field(std::string_view name, std::string_view value) {
  if (++count_ > limits_.fields) return refuse(431, "too_many_fields");
  if (!syntax::is_token(name)) return refuse(400, "bad_field_name");
  if (!syntax::is_value(value)) return refuse(400, "bad_field_value");
  if (text::iequals(name, "host")) {
    if (std::exchange(has_host_, true)) return refuse(400, "repeated_host");
    if (has_authority_ && !text::iequals(host_, value)) return refuse(400, "host_mismatch");
    if (!has_authority_) host_ = value;
  } else if (text::iequals(name, "cookie")) {
    if (!cookie_.empty()) cookie_ += "; ";  // RFC 9113, 8.2.3
    cookie_ += value;
  } else if (text::iequals(name, "connection") || text::iequals(name, "transfer-encoding")) {
    refuse(400, "bad_connection");
  } else {
    if (text::iequals(name, "content-length")) has_length_ = true;
    write(fields_, name, value);
  }
}

void Http2Head::write(std::string& to, std::string_view name, std::string_view value) {
  to += name;
  to += ": ";
  to += value;
  to += "\r\n";
}

std::string_view Http2Head::finish(bool body_follows) {
  if (method_ == "CONNECT") refuse(501, "method_connect");  // REL-064; it has no path
  if (refusal_.status != 0) return {};
  text_ = method_;
  text_ += ' ';
  text_ += path_;
  text_ += " HTTP/1.1\r\n";
  if (has_authority_ || has_host_) write(text_, "host", host_);
  if (body_follows && !has_length_) text_ += "transfer-encoding: chunked\r\n";
  if (!cookie_.empty()) write(text_, "cookie", cookie_);
  text_ += fields_;
  text_ += "\r\n";
  return text_;
}

}  // namespace myelin::http
