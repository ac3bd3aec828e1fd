// Xerces yields events; their places come from a second, much simpler walk over the same text, one
// start tag per event, because Xerces only tells where an event ended and nothing about attributes.
#include "engine/xml/reader.hpp"

#include <fstream>
#include <iterator>
#include <system_error>
#include <xercesc/framework/MemBufInputSource.hpp>
#include <xercesc/sax/SAXParseException.hpp>
#include <xercesc/sax2/Attributes.hpp>
#include <xercesc/sax2/DefaultHandler.hpp>
#include <xercesc/sax2/SAX2XMLReader.hpp>
#include <xercesc/sax2/XMLReaderFactory.hpp>
#include <xercesc/util/PlatformUtils.hpp>
#include <xercesc/util/TransService.hpp>
#include <xercesc/util/XMLUni.hpp>

#include "engine/base/text.hpp"

namespace myelin::xml {

namespace xc = xercesc;

namespace {

constexpr std::size_t kMaxDepth = 256;
constexpr std::uintmax_t kMaxBytes = 64u << 20;

std::string utf8(const XMLCh* units) {
  std::string out;
  if (!units) return out;
  for (; *units; ++units) {
    std::uint32_t point = *units;
    if (point >= 0xD800 && point < 0xDC00 && units[1] >= 0xDC00 && units[1] < 0xE000) {
      point = 0x10000 + ((point - 0xD800) << 10) + (units[1] - 0xDC00u);
      ++units;
    }
    if (point < 0x80) out += static_cast<char>(point);
    else text::append_utf8(out, point);
  }
  return out;
}

/// Walks over well-formed text from one start tag to the next and knows line and column.
class Walk {
 public:
  explicit Walk(std::string_view text) : text_(text) {}

  Location here(const std::string& file) const { return {file, line_, column_}; }

  /// Up to the '<' of the next start tag.
  void to_start_tag() {
    for (;;) {
      to(text_.find('<', at_));
      if (starts("<!--")) past("-->");
      else if (starts("<![CDATA[")) past("]]>");
      else if (starts("<?")) past("?>");
      else if (starts("</")) past(">");
      else return;
    }
  }

  /// To the next `<!DOCTYPE`, when there is one in front of the root element.
  bool to_doctype() {
    for (;;) {
      to(text_.find_first_not_of(" \t\r\n", at_));
      if (starts("<!--")) past("-->");
      else if (starts("<?")) past("?>");
      else return starts("<!DOCTYPE");
    }
  }

  void past_element_name() { to(text_.find_first_of(" \t\r\n/>", at_)); }

  /// Up to the next attribute of the start tag; its qualified name, or empty at the tag's end, which
  /// is then behind us.
  std::string_view to_attribute() {
    to(text_.find_first_not_of(" \t\r\n/", at_));
    if (at_ == text_.size()) return {};
    if (text_[at_] == '>') {
      to(at_ + 1);
      return {};
    }
    return text_.substr(at_, text_.find_first_of(" \t\r\n=", at_) - at_);
  }
  void past_attribute() {
    to(text_.find_first_of("\"'", at_));
    if (at_ == text_.size()) return;
    const char quote = text_[at_];
    to(at_ + 1);
    to(text_.find(quote, at_));
    to(at_ + 1);
  }

  /// To the first byte that is no UTF-8; false when there is none.
  bool to_invalid_utf8() {
    while (at_ < text_.size()) {
      std::size_t length = 1;
      while (length <= 4 && !text::valid_utf8(text_.substr(at_, length))) ++length;
      if (length > 4) return true;
      to(at_ + length);
    }
    return false;
  }

 private:
  bool starts(std::string_view token) const { return text_.substr(at_, token.size()) == token; }
  void past(std::string_view token) {
    const std::size_t found = text_.find(token, at_);
    to(found == std::string_view::npos ? found : found + token.size());
  }
  void to(std::size_t position) {
    position = std::min(position, text_.size());
    for (; at_ < position; ++at_) {
      const char c = text_[at_];
      if (c == '\n') {
        ++line_;
        column_ = 1;
      } else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) {
        ++column_;  // continuation bytes belong to the character before them
      }
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int line_ = 1;
  int column_ = 1;
};

struct TooDeep {};

class Builder final : public xc::DefaultHandler {
 public:
  void begin(std::string_view text, std::string file, Problems& problems) {
    walk_ = Walk(text);
    document_ = std::make_unique<Document>();
    document_->file = std::move(file);
    problems_ = &problems;
    current_ = nullptr;
    depth_ = 0;
    failed_ = cdata_ = fresh_cdata_ = false;
    declarations_.clear();
  }

  /// The document, or null when something was wrong.
  std::unique_ptr<Document> take() {
    if (failed_ || !document_->root) document_.reset();
    return std::move(document_);
  }

  void startPrefixMapping(const XMLCh* prefix, const XMLCh* uri) override {
    declarations_.emplace_back(utf8(prefix), utf8(uri));
  }

  void startElement(const XMLCh* uri, const XMLCh* local, const XMLCh* qname,
                    const xc::Attributes& attributes) override {
    walk_.to_start_tag();
    auto element = std::make_unique<Element>();
    element->where = walk_.here(document_->file);
    if (++depth_ > kMaxDepth) {
      fail(element->where, "elements nest deeper than " + std::to_string(kMaxDepth) + " levels");
      throw TooDeep{};
    }
    element->name = utf8(local);
    element->prefix = prefix_of(utf8(qname));
    element->ns = utf8(uri);
    element->declarations = std::move(declarations_);
    declarations_.clear();
    element->parent = current_;
    read_attributes(*element, attributes);
    Element* const opened = element.get();
    if (current_) append(Node{Node::Kind::element, std::move(element), {}});
    else document_->root = std::move(element);
    current_ = opened;
  }

  void endElement(const XMLCh*, const XMLCh*, const XMLCh*) override {
    --depth_;
    current_ = const_cast<Element*>(current_->parent);  // all elements were made here, mutable
  }

  void characters(const XMLCh* chars, const XMLSize_t) override {
    const auto kind = cdata_ ? Node::Kind::cdata : Node::Kind::text;
    if (!current_) return;
    if (current_->nodes.empty() || current_->nodes.back().kind != kind || fresh_cdata_)
      append(Node{kind, nullptr, {}});
    fresh_cdata_ = false;
    current_->nodes.back().text += utf8(chars);
  }
  void startCDATA() override { cdata_ = fresh_cdata_ = true; }
  void endCDATA() override { cdata_ = fresh_cdata_ = false; }

  void comment(const XMLCh* chars, const XMLSize_t) override {
    append(Node{Node::Kind::comment, nullptr, utf8(chars)});
  }
  void processingInstruction(const XMLCh* target, const XMLCh* data) override {
    std::string text = utf8(target);
    if (const std::string rest = utf8(data); !rest.empty()) text += ' ' + rest;
    append(Node{Node::Kind::pi, nullptr, std::move(text)});
  }

  void error(const xc::SAXParseException& problem) override { report(problem); }
  void fatalError(const xc::SAXParseException& problem) override { report(problem); }

  void fail(const Location& where, std::string what) {
    failed_ = true;
    problems_->error(where, std::move(what));
  }

 private:
  static std::string prefix_of(const std::string& qualified) {
    const auto colon = qualified.find(':');
    return colon == std::string::npos ? std::string() : qualified.substr(0, colon);
  }

  void read_attributes(Element& element, const xc::Attributes& attributes) {
    element.attributes.reserve(attributes.getLength());
    walk_.past_element_name();
    for (;;) {
      const std::string_view name = walk_.to_attribute();
      if (name.empty()) return;
      if (name != "xmlns" && !name.starts_with("xmlns:")) read_attribute(element, attributes, std::string(name));
      walk_.past_attribute();
    }
  }

  void read_attribute(Element& element, const xc::Attributes& attributes, const std::string& name) {
    for (XMLSize_t i = 0; i < attributes.getLength(); ++i) {
      if (utf8(attributes.getQName(i)) != name) continue;
      element.attributes.push_back({utf8(attributes.getLocalName(i)), prefix_of(name), utf8(attributes.getURI(i)),
                                    utf8(attributes.getValue(i)), walk_.here(document_->file)});
      return;
    }
  }

  void append(Node node) {
    if (current_) current_->nodes.push_back(std::move(node));
    else (document_->root ? document_->epilog : document_->prolog).push_back(std::move(node));
  }

  void report(const xc::SAXParseException& problem) {
    std::string what = utf8(problem.getMessage());
    fail({document_->file, static_cast<int>(problem.getLineNumber()), static_cast<int>(problem.getColumnNumber())},
         "not well-formed XML: " + what);
  }

  Walk walk_{{}};
  std::unique_ptr<Document> document_;
  Problems* problems_ = nullptr;
  Element* current_ = nullptr;
  std::size_t depth_ = 0;
  bool failed_ = false;
  bool cdata_ = false;
  bool fresh_cdata_ = false;  ///< two CDATA sections side by side stay two nodes
  Namespaces declarations_;
};

/// The parser of one thread.
class Parser {
 public:
  Parser() : reader_(xc::XMLReaderFactory::createXMLReader()) {
    reader_->setProperty(xc::XMLUni::fgXercesScannerName, const_cast<XMLCh*>(xc::XMLUni::fgWFXMLScanner));
    reader_->setFeature(xc::XMLUni::fgSAX2CoreValidation, false);
    reader_->setFeature(xc::XMLUni::fgSAX2CoreNameSpaces, true);
    reader_->setFeature(xc::XMLUni::fgXercesLoadExternalDTD, false);
    reader_->setFeature(xc::XMLUni::fgXercesDisableDefaultEntityResolution, true);
    reader_->setContentHandler(&builder_);
    reader_->setLexicalHandler(&builder_);
    reader_->setErrorHandler(&builder_);
  }

  std::unique_ptr<Document> parse(std::string_view text, std::string file, Problems& problems) {
    builder_.begin(text, file, problems);
    xc::MemBufInputSource bytes(reinterpret_cast<const XMLByte*>(text.data()), text.size(), "", false);
    bytes.setEncoding(xc::XMLUni::fgUTF8EncodingString);
    try {
      reader_->parse(bytes);
    } catch (const TooDeep&) {  // already reported
    } catch (const xc::XMLException& problem) {
      builder_.fail({file, 0, 0}, "not well-formed XML: " + utf8(problem.getMessage()));
    }
    return builder_.take();
  }

 private:
  Builder builder_;
  std::unique_ptr<xc::SAX2XMLReader> reader_;
};

void start_xerces() {
  static const bool started = (xc::XMLPlatformUtils::Initialize(), true);
  (void)started;
}

/// The encoding named by the byte order mark or the XML declaration; UTF-8 otherwise.
std::string encoding_of(std::string_view bytes) {
  if (bytes.starts_with("\xFE\xFF") || bytes.starts_with("\xFF\xFE")) return "UTF-16";
  if (!bytes.starts_with("<?xml")) return "UTF-8";
  const std::string_view declaration = bytes.substr(0, bytes.find("?>"));
  const auto name = declaration.find("encoding");
  const auto open = declaration.find_first_of("\"'", name);
  if (name == std::string_view::npos || open == std::string_view::npos) return "UTF-8";
  const auto close = declaration.find(declaration[open], open + 1);
  return std::string(declaration.substr(open + 1, close - open - 1));
}

/// The text in UTF-8; nullopt when the encoding is not known or the bytes are not of it.
std::optional<std::string> transcode(std::string_view bytes, const std::string& encoding) {
  try {
    const xc::TranscodeFromStr units(reinterpret_cast<const XMLByte*>(bytes.data()), bytes.size(),
                                     encoding.c_str());
    std::string out = utf8(units.str());
    return out.starts_with("\xEF\xBB\xBF") ? out.substr(3) : out;
  } catch (const xc::XMLException&) {
    return std::nullopt;
  }
}

}  // namespace

std::unique_ptr<Document> read(std::string_view text, std::string file, Problems& problems) {
  start_xerces();
  std::string converted;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const std::string encoding = encoding_of(text);
  if (!text::iequals(encoding, "UTF-8") && !text::iequals(encoding, "US-ASCII")) {
    auto utf = transcode(text, encoding);
    if (!utf) {
      problems.error({file, 1, 1}, "the text cannot be read in encoding '" + encoding + "'");
      return nullptr;
    }
    converted = std::move(*utf);
    text = converted;
  } else if (!text::valid_utf8(text)) {
    Walk walk(text);
    walk.to_invalid_utf8();
    problems.error(walk.here(file), "the text is not valid UTF-8");
    return nullptr;
  }
  if (Walk walk(text); walk.to_doctype()) {
    problems.error(walk.here(file), "a DOCTYPE is not allowed");
    return nullptr;
  }
  thread_local Parser parser;
  return parser.parse(text, std::move(file), problems);
}

std::unique_ptr<Document> read_file(const std::filesystem::path& path, Problems& problems) {
  std::error_code failed;
  const auto size = std::filesystem::file_size(path, failed);
  std::ifstream stream(path, std::ios::binary);
  if (failed || !stream) {
    problems.error({path.string(), 0, 0}, "the file cannot be read");
    return nullptr;
  }
  if (size > kMaxBytes) {
    problems.error({path.string(), 0, 0}, "the file is larger than 64 MiB");
    return nullptr;
  }
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  return read(text, path.string(), problems);
}

}  // namespace myelin::xml
