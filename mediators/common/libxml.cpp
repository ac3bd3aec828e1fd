#include "mediators/common/libxml.hpp"

#include <libxml/parser.h>
#include <libxslt/documents.h>
#include <libxslt/xsltutils.h>

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>
#include <mutex>
#include <utility>

#include "engine/base/text.hpp"

namespace myelin::mediators::libxml {

namespace {

constexpr std::size_t kMostSaid = 8192;

thread_local Session* current = nullptr;

std::string_view view(const char* text) noexcept { return text ? std::string_view(text) : std::string_view(); }
std::string_view view(const xmlChar* text) noexcept { return view(reinterpret_cast<const char*>(text)); }

__attribute__((format(printf, 2, 3))) void on_text(void*, const char* format, ...) {
  if (!current) return;
  std::array<char, 1024> line{};
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(line.data(), line.size(), format, arguments);
  va_end(arguments);
  current->say(line.data());
}

void on_error(void*, xmlErrorPtr error) {
  if (!current || !error || error->level == XML_ERR_WARNING) return;
  std::string text(text::trim(view(error->message)));
  if (error->domain == XML_FROM_PARSER || error->domain == XML_FROM_NAMESPACE) {
    current->report({std::string(view(error->file)), 0, error->line, error->int2, std::move(text)});
    return;
  }
  if (error->domain == XML_FROM_XPATH && error->str1)
    text += " at character " + std::to_string(error->int1 + 1) + " of '" + error->str1 + "'";
  current->say(text + '\n');
}

/// Documents of import, include and document(): a resource or nothing.
xmlDocPtr load(const xmlChar* uri, xmlDictPtr, int, void*, xsltLoadType) {
  if (!current) return nullptr;
  const std::string url(view(uri));
  const Resource* found = current->find(url);
  Document document = found ? parse_stylesheet(found->entry.value, url) : nullptr;
  if (!found) current->report({{}, 0, 0, 0, "'" + url + "' is none of its resources"});
  if (!document) current->refuse();
  return document.release();
}

void start_once() {
  static std::once_flag started;
  std::call_once(started, [] {
    xmlInitParser();
    xsltSetGenericErrorFunc(nullptr, &on_text);
    xsltSetLoaderFunc(&load);
  });
}

Document parse(std::string_view text, const char* url, int options) {
  return Document(xmlReadMemory(text.data(), static_cast<int>(text.size()), url, nullptr, options));
}

/// XPath and libxslt's messages know an element by its line only; numbers tell elements apart.
void number_elements(xmlDoc* document) {
  constexpr unsigned kMost = 65534;  // a line is an unsigned short
  unsigned number = 0;
  xmlNode* node = xmlDocGetRootElement(document);
  while (node) {
    if (node->type == XML_ELEMENT_NODE) node->line = static_cast<unsigned short>(std::min(++number, kMost));
    xmlNode* next = node->type == XML_ELEMENT_NODE ? node->children : nullptr;
    for (; !next && node->parent && node->parent->type == XML_ELEMENT_NODE; node = node->parent) {
      next = node->next;
      if (next) break;
    }
    node = next;
  }
}

/// `compilation error: file URL line N element NAME`
bool read_head(std::string_view line, Report& report) {
  if (!line.starts_with("compilation error: ") && !line.starts_with("runtime error: ")) return false;
  line.remove_prefix(line.find(": ") + 2);
  if (const auto at = line.rfind(" element "); at != std::string_view::npos) line = line.substr(0, at);
  if (const auto at = line.rfind(" line "); at != std::string_view::npos) {
    report.element = text::parse_int(line.substr(at + 6)).value_or(0);
    line = line.substr(0, at);
  }
  if (line.starts_with("file ")) report.document = line.substr(5);
  return true;
}

void join(std::string& to, std::string_view text) {
  if (!to.empty()) to += "; ";
  to += text;
}

/// Calls `line` for each line; the lists of variables and templates behind "infinite recursion" are left out.
template <class Visit>
void each_line(std::string_view all, Visit line) {
  bool list = false;
  while (!all.empty()) {
    const auto end = all.find('\n');
    const std::string_view one = text::trim(all.substr(0, end));
    all = end == std::string_view::npos ? std::string_view() : all.substr(end + 1);
    if (one == "Templates:" || one == "Variables:" || one.starts_with("You can adjust xsltMaxDepth")) list = true;
    if (one.starts_with("compilation error: ") || one.starts_with("runtime error: ")) list = false;
    if (!list && !one.empty() && one != "error") line(one);
  }
}

}  // namespace

Session::Session(const std::vector<Resource>& resources) : resources_(resources) {
  start_once();
  current = this;
  xmlSetGenericErrorFunc(nullptr, &on_text);
  xmlSetStructuredErrorFunc(nullptr, &on_error);
}

Session::~Session() {
  xmlSetStructuredErrorFunc(nullptr, nullptr);
  xmlSetGenericErrorFunc(nullptr, nullptr);
  current = nullptr;
}

void Session::say(std::string_view text) { said_ += text.substr(0, kMostSaid - std::min(kMostSaid, said_.size())); }

/// What XPath says comes before the line that tells where.
std::vector<Report> Session::reports() const {
  std::vector<Report> all = reports_;
  const std::size_t first = all.size();
  std::string before;
  each_line(said_, [&](std::string_view line) {
    Report next;
    if (read_head(line, next)) {
      all.push_back(std::move(next));
    } else if (all.size() == first || line.find(" at character ") != std::string_view::npos) {
      join(before, line);
    } else {
      join(all.back().text, line);
      if (!before.empty()) all.back().text += " (" + std::exchange(before, {}) + ')';
    }
  });
  return all;
}

std::string Session::messages() const {
  std::string all;
  each_line(said_, [&](std::string_view line) { join(all, line); });
  return all;
}

const Resource* Session::find(std::string_view location) const noexcept {
  for (;;) {
    for (const Resource& resource : resources_)
      if (resource.location == location) return &resource;
    const auto slash = location.find('/');
    if (slash == std::string_view::npos) return nullptr;
    location.remove_prefix(slash + 1);
  }
}

Document parse_stylesheet(std::string_view text, const std::string& url) {
  Document document = parse(text, url.c_str(), XML_PARSE_NONET | XML_PARSE_NOCDATA);
  if (document && document->intSubset) {
    if (current) current->report({url, 0, 1, 1, "a document type declaration (DOCTYPE) is not allowed in a style sheet"});
    return nullptr;
  }
  if (document) number_elements(document.get());
  return document;
}

Document parse_message(std::string_view text) {
  // What libxml2 thinks of namespaces that are no URIs is nobody's business.
  Session* const session = std::exchange(current, nullptr);
  Document document = parse(text, nullptr, XML_PARSE_NONET | XML_PARSE_COMPACT | XML_PARSE_HUGE);
  current = session;
  return document;
}

}  // namespace myelin::mediators::libxml
