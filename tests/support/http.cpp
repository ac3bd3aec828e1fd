#include "tests/support/http.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <string>

namespace myelin::test {
namespace {

bool same(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

std::string trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" \t") - first + 1));
}

std::string word(const std::string& line, int index) {
  std::size_t begin = 0;
  while (index-- > 0) {
    begin = line.find(' ', begin);
    if (begin == std::string::npos) return {};
    ++begin;
  }
  return line.substr(begin, line.find(' ', begin) - begin);
}

void parse_head(std::string_view head, HttpMessage& message) {
  message.raw = head;
  bool first = true;
  while (!head.empty()) {
    const auto end = head.find("\r\n");
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(end == std::string_view::npos ? head.size() : end + 2);
    if (std::exchange(first, false)) {
      message.start = line;
    } else if (const auto colon = line.find(':'); colon != std::string_view::npos) {
      message.headers.emplace_back(line.substr(0, colon), trimmed(line.substr(colon + 1)));
    }
  }
}

}  // namespace

int HttpMessage::status() const { return start.starts_with("HTTP/") ? std::atoi(word(start, 1).c_str()) : 0; }

std::string HttpMessage::reason() const {
  const auto first = start.find(' ');
  const auto second = first == std::string::npos ? first : start.find(' ', first + 1);
  return second == std::string::npos ? std::string() : start.substr(second + 1);
}

std::string HttpMessage::method() const { return word(start, 0); }
std::string HttpMessage::target() const { return word(start, 1); }

bool HttpMessage::has(std::string_view name) const {
  return std::any_of(headers.begin(), headers.end(), [&](const auto& field) { return same(field.first, name); });
}

std::string HttpMessage::header(std::string_view name) const {
  std::string joined;
  bool first = true;
  for (const auto& [key, value] : headers)
    if (same(key, name)) {
      if (!std::exchange(first, false)) joined += ", ";
      joined += value;
    }
  return joined;
}

bool HttpMessage::keeps_alive() const {
  const std::string connection = header("Connection");
  if (start.find("HTTP/1.0") != std::string::npos) return same(connection, "keep-alive");
  return !same(connection, "close");
}

bool HttpReader::more(HttpMessage& message) {
  switch (stream_.read(buffer_)) {
    case Stream::End::data: return true;
    case Stream::End::closed: message.trouble = "connection closed"; break;
    case Stream::End::reset: message.trouble = "connection reset"; break;
    case Stream::End::timed_out: message.trouble = "nothing came for ten seconds"; break;
  }
  return false;
}

bool HttpReader::read_head(HttpMessage& message) {
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos)
    if (!more(message)) return false;
  parse_head(std::string_view(buffer_).substr(0, end), message);
  buffer_.erase(0, end + 4);
  return true;
}

void HttpReader::read_length(HttpMessage& message, std::size_t length) {
  while (buffer_.size() < length)
    if (!more(message)) {
      message.body = std::exchange(buffer_, {});
      return;
    }
  message.body = buffer_.substr(0, length);
  buffer_.erase(0, length);
  message.complete = true;
}

void HttpReader::read_chunks(HttpMessage& message) {
  message.chunked = true;
  for (;;) {
    std::size_t line = 0;
    while ((line = buffer_.find("\r\n")) == std::string::npos)
      if (!more(message)) return;
    const std::size_t size = std::strtoull(buffer_.c_str(), nullptr, 16);
    const std::size_t whole = line + 2 + (size == 0 ? 0 : size + 2);
    while (buffer_.size() < whole)
      if (!more(message)) return;
    message.body.append(buffer_, line + 2, size);
    buffer_.erase(0, whole);
    if (size != 0) continue;
    for (;;) {  // trailers and the empty line
      while ((line = buffer_.find("\r\n")) == std::string::npos)
        if (!more(message)) return;
      buffer_.erase(0, line + 2);
      if (line == 0) break;
    }
    message.complete = true;
    return;
  }
}

void HttpReader::read_request_body(HttpMessage& message) {
  if (same(message.header("Transfer-Encoding"), "chunked")) {
    read_chunks(message);
  } else {
    read_length(message, std::strtoull(message.header("Content-Length").c_str(), nullptr, 10));
  }
}

void HttpReader::read_response_body(HttpMessage& message, std::string_view method) {
  const int status = message.status();
  if (method == "HEAD" || status < 200 || status == 204 || status == 304) {
    message.complete = true;
  } else if (same(message.header("Transfer-Encoding"), "chunked")) {
    read_chunks(message);
  } else if (message.has("Content-Length")) {
    read_length(message, std::strtoull(message.header("Content-Length").c_str(), nullptr, 10));
  } else {
    while (more(message)) {
    }
    message.complete = message.trouble == "connection closed";
    message.body = std::exchange(buffer_, {});
  }
}

HttpMessage HttpReader::read_response(std::string_view method, bool interim) {
  for (;;) {
    HttpMessage message;
    if (!read_head(message)) return message;
    read_response_body(message, method);
    if (interim || message.status() >= 200 || message.status() == 101) return message;
  }
}

Stream::End HttpReader::read_end(Millis patience) {
  if (!buffer_.empty()) return Stream::End::data;
  return stream_.read(buffer_, patience);
}

HttpClient::HttpClient(std::uint16_t port, bool tls) : port_(port), stream_(Stream::connect(port)) {
  if (stream_ && tls && !stream_->start_tls_client(tls_client_context(), "localhost")) stream_.reset();
  if (stream_) reader_ = std::make_unique<HttpReader>(*stream_);
}

HttpMessage HttpClient::receive(std::string_view method, bool interim) {
  HttpMessage response;
  if (!stream_) {
    response.trouble = "not connected";
    return response;
  }
  response = reader_->read_response(method, interim);
  if (browser_) learn(response);
  return response;
}

void HttpClient::send_request(std::string_view method, std::string_view target, const HeaderList& headers,
                              std::string_view body) {
  const auto given = [&](std::string_view name) {
    return std::any_of(headers.begin(), headers.end(), [&](const auto& field) { return same(field.first, name); });
  };
  std::string request = std::string(method) + " " + std::string(target) + " HTTP/1.1\r\n";
  if (!given("Host")) request += "Host: localhost:" + std::to_string(port_) + "\r\n";
  for (const auto& [name, value] : headers) request += name + ": " + value + "\r\n";
  if (!cookies_.empty() && !given("Cookie")) {
    request += "Cookie: ";
    for (std::size_t i = 0; i < cookies_.size(); ++i)
      request += (i ? "; " : "") + cookies_[i].first + "=" + cookies_[i].second;
    request += "\r\n";
  }
  if (!body.empty() && !given("Content-Length") && !given("Transfer-Encoding"))
    request += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  request += "\r\n";
  request += body;
  send(request);
}

HttpMessage HttpClient::request(std::string_view method, std::string_view target, const HeaderList& headers,
                                std::string_view body) {
  send_request(method, target, headers, body);
  return receive(method);
}

void HttpClient::learn(const HttpMessage& response) {
  for (const auto& [name, value] : response.headers) {
    if (!same(name, "Set-Cookie")) continue;
    const std::string pair = value.substr(0, value.find(';'));
    const auto equals = pair.find('=');
    const std::string key = pair.substr(0, equals);
    std::erase_if(cookies_, [&](const auto& cookie) { return cookie.first == key; });
    cookies_.emplace_back(key, pair.substr(equals + 1));
  }
}

}  // namespace myelin::test
