// The small texts that heads are made of: chunk sizes, dates, reason phrases, and which names pass.

#include <array>
#include <cstring>
#include <ctime>

#include "transports/http/codec.hpp"
#include "transports/http/syntax.hpp"

namespace myelin::http {

std::size_t chunk_header(std::size_t size, char* to) noexcept {
  static constexpr char kHex[] = "0123456789abcdef";
  std::size_t digits = 1;
  while (digits < 2 * sizeof size && size >> (4 * digits) != 0) ++digits;
  for (std::size_t i = 0; i < digits; ++i) to[i] = kHex[size >> (4 * (digits - 1 - i)) & 15];
  to[digits] = '\r';
  to[digits + 1] = '\n';
  return digits + 2;
}

bool is_hop_by_hop(std::string_view name) noexcept {
  switch (name.size()) {
    case 2: return text::iequals(name, "te");
    case 7: return text::iequals(name, "trailer") || text::iequals(name, "upgrade");
    case 10: return text::iequals(name, "connection") || text::iequals(name, "keep-alive");
    case 14: return text::iequals(name, "content-length");
    case 16: return text::iequals(name, "proxy-connection");
    case 17: return text::iequals(name, "transfer-encoding");
    default: return false;
  }
}

bool list_names(std::string_view list, std::string_view name) noexcept {
  const auto differs = [name](std::string_view element) { return !text::iequals(element, name); };
  return !name.empty() && !syntax::each_element(list, differs);
}

std::string_view reason_phrase(int status) noexcept {
  switch (status) {
    case 100: return "Continue";
    case 101: return "Switching Protocols";
    case 102: return "Processing";
    case 103: return "Early Hints";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 203: return "Non-Authoritative Information";
    case 204: return "No Content";
    case 205: return "Reset Content";
    case 206: return "Partial Content";
    case 207: return "Multi-Status";
    case 208: return "Already Reported";
    case 226: return "IM Used";
    case 300: return "Multiple Choices";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 305: return "Use Proxy";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 402: return "Payment Required";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 407: return "Proxy Authentication Required";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 411: return "Length Required";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 416: return "Range Not Satisfiable";
    case 417: return "Expectation Failed";
    case 421: return "Misdirected Request";
    case 422: return "Unprocessable Content";
    case 423: return "Locked";
    case 424: return "Failed Dependency";
    case 425: return "Too Early";
    case 426: return "Upgrade Required";
    case 428: return "Precondition Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 451: return "Unavailable For Legal Reasons";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    case 506: return "Variant Also Negotiates";
    case 507: return "Insufficient Storage";
    case 508: return "Loop Detected";
    case 510: return "Not Extended";
    case 511: return "Network Authentication Required";
    default: return "Unknown";
  }
}

namespace {

constexpr std::size_t kDateSize = sizeof "Sun, 06 Nov 1994 08:49:37 GMT" - 1;

struct CachedDate {
  std::time_t second = -1;
  std::array<char, kDateSize> text{};
};

void put_two(char* to, int number) noexcept {
  to[0] = static_cast<char>('0' + number / 10 % 10);
  to[1] = static_cast<char>('0' + number % 10);
}

void format_date(std::time_t second, char* to) noexcept {
  static constexpr char kDays[] = "SunMonTueWedThuFriSat";
  static constexpr char kMonths[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
  std::tm utc{};
  gmtime_r(&second, &utc);
  std::memcpy(to, "Sun, 06 Nov 1994 08:49:37 GMT", kDateSize);
  std::memcpy(to, kDays + 3 * utc.tm_wday, 3);
  put_two(to + 5, utc.tm_mday);
  std::memcpy(to + 8, kMonths + 3 * utc.tm_mon, 3);
  put_two(to + 12, utc.tm_year / 100 + 19);
  put_two(to + 14, utc.tm_year % 100);
  put_two(to + 17, utc.tm_hour);
  put_two(to + 20, utc.tm_min);
  put_two(to + 23, utc.tm_sec);
}

}  // namespace

std::string_view http_date() noexcept {
  thread_local CachedDate cached;
  const std::time_t now = std::time(nullptr);
  if (now != cached.second) {
    format_date(now, cached.text.data());
    cached.second = now;
  }
  return {cached.text.data(), cached.text.size()};
}

bool valid_name(std::string_view name) noexcept { return syntax::is_token(name); }
bool valid_value(std::string_view value) noexcept { return syntax::is_value(value); }

}  // namespace myelin::http
