#pragma once
// HTTP/1.1 as a test sees it: what was on the wire, and a client that sends exactly the bytes it is
// told. Deliberately lenient and independent of the server's own parser.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/socket.hpp"

namespace myelin::test {

struct HttpMessage {
  std::string start;  ///< request or status line
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;   ///< decoded
  std::string raw;    ///< head as it came
  bool complete = false;  ///< head and body arrived whole
  bool chunked = false;
  std::string trouble;    ///< why it is not complete

  int status() const;                      ///< of a response; 0 when there is none
  std::string reason() const;
  std::string method() const;              ///< of a request
  std::string target() const;
  bool has(std::string_view name) const;
  std::string header(std::string_view name) const;  ///< all fields of that name, joined with ", "
  bool keeps_alive() const;
};

/// Reads messages one after another from a stream; keeps what follows.
class HttpReader {
 public:
  explicit HttpReader(Stream& stream) : stream_(stream) {}

  bool read_head(HttpMessage& message);
  void read_request_body(HttpMessage& message);
  void read_response_body(HttpMessage& message, std::string_view method);
  /// A final response, interim ones skipped unless `interim`.
  HttpMessage read_response(std::string_view method, bool interim = false);
  /// How the connection ended; `data` when something arrived instead.
  Stream::End read_end(Millis patience = kPatience);
  const std::string& unread() const noexcept { return buffer_; }

 private:
  bool more(HttpMessage& message);
  void read_chunks(HttpMessage& message);
  void read_length(HttpMessage& message, std::size_t length);

  Stream& stream_;
  std::string buffer_;
};

using HeaderList = std::vector<std::pair<std::string, std::string>>;

/// One client connection. With cookies() on it behaves like a browser.
class HttpClient {
 public:
  explicit HttpClient(std::uint16_t port, bool tls = false);

  bool connected() const noexcept { return stream_ != nullptr; }
  bool send(std::string_view bytes) { return stream_ && stream_->write(bytes); }
  HttpMessage receive(std::string_view method, bool interim = false);
  /// Host, Content-Length and cookies are added unless given.
  void send_request(std::string_view method, std::string_view target, const HeaderList& headers,
                    std::string_view body);
  HttpMessage request(std::string_view method, std::string_view target, const HeaderList& headers = {},
                      std::string_view body = {});
  HttpMessage get(std::string_view target) { return request("GET", target); }
  HttpMessage post(std::string_view target, std::string_view type, std::string_view body) {
    return request("POST", target, {{"Content-Type", std::string(type)}}, body);
  }

  void remember_cookies() { browser_ = true; }
  void take_cookies_of(const HttpClient& other) { cookies_ = other.cookies_; }
  Stream& stream() { return *stream_; }
  HttpReader& reader() { return *reader_; }

 private:
  void learn(const HttpMessage& response);

  std::uint16_t port_;
  std::unique_ptr<Stream> stream_;
  std::unique_ptr<HttpReader> reader_;
  bool browser_ = false;
  std::vector<std::pair<std::string, std::string>> cookies_;
};

}  // namespace myelin::test
