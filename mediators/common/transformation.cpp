#include "mediators/common/transformation.hpp"

#include <libxml/xmlsave.h>
#include <libxslt/security.h>
#include <libxslt/transform.h>
#include <libxslt/variables.h>
#include <libxslt/xsltutils.h>

#include "engine/base/log.hpp"

namespace myelin::mediators {

namespace {

constexpr int kDeepest = 3000;  // REL-096

const xmlChar* chars(const std::string& text) noexcept { return reinterpret_cast<const xmlChar*>(text.c_str()); }

struct FreeChars {
  void operator()(xmlChar* text) const noexcept { xmlFree(text); }
};
struct FreeBuffer {
  void operator()(xmlBuffer* buffer) const noexcept { xmlBufferFree(buffer); }
};

/// Nothing may be written; what is read goes through the session's loader.
xsltSecurityPrefs* security() {
  static xsltSecurityPrefs* const all = [] {
    xsltSecurityPrefs* made = xsltNewSecurityPrefs();
    for (const auto what : {XSLT_SECPREF_WRITE_FILE, XSLT_SECPREF_CREATE_DIRECTORY, XSLT_SECPREF_WRITE_NETWORK})
      xsltSetSecurityPrefs(made, what, &xsltSecurityForbid);
    return made;
  }();
  return all;
}

std::string text_of(xmlNode* node) {
  const std::unique_ptr<xmlChar, FreeChars> text(xmlNodeGetContent(node));
  return text ? reinterpret_cast<const char*>(text.get()) : "";
}

std::string xml_of(xmlNode* root) {
  const std::unique_ptr<xmlBuffer, FreeBuffer> buffer(xmlBufferCreate());
  xmlSaveCtxt* save = xmlSaveToBuffer(buffer.get(), "UTF-8", XML_SAVE_NO_DECL | XML_SAVE_NO_XHTML | XML_SAVE_AS_XML);
  xmlSaveTree(save, root);
  xmlSaveClose(save);
  return {reinterpret_cast<const char*>(xmlBufferContent(buffer.get())), static_cast<std::size_t>(xmlBufferLength(buffer.get()))};
}

}  // namespace

/// A context that stop() can reach as long as it exists.
struct Transformation::Context {
  Context(Transformation& run, xmlDoc* source) : owner(run), made(xsltNewTransformContext(run.sheet_->compiled(), source)) {
    const std::lock_guard lock(owner.mutex_);
    begun = made && !owner.stopped_;
    if (begun) owner.running_ = made;
  }
  ~Context() {
    {
      const std::lock_guard lock(owner.mutex_);
      owner.running_ = nullptr;
    }
    if (made) xsltFreeTransformContext(made);
  }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  Transformation& owner;
  xsltTransformContext* const made;
  bool begun = false;
};

void Transformation::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  if (!running_) return;
  // libxslt looks at its state before each instruction, XPath at its limit in each step.
  __atomic_store_n(&running_->state, XSLT_STATE_STOPPED, __ATOMIC_RELAXED);
  __atomic_store_n(&running_->xpathCtxt->opLimit, 1UL, __ATOMIC_RELAXED);
}

std::optional<Result<Transformation::Output>> Transformation::run(unsigned long steps, unsigned long path_steps) {
  const libxml::Session session(sheet_->resources());
  const libxml::Document source = libxml::parse_message(source_);
  if (!source) return Result<Output>(Fault("libxml2 cannot read the source of xslt"));
  const Context context(*this, source.get());
  if (!context.begun) return Result<Output>(Fault("the style sheet '" + key() + "' cannot be run"));
  xsltTransformContext& run = *context.made;
  xsltSetCtxtSecurityPrefs(security(), &run);
  run.maxTemplateDepth = kDeepest;
  run.opLimit = steps;
  if (path_steps) run.xpathCtxt->opLimit = path_steps;
  for (const auto& [name, value] : parameters_) xsltQuoteOneUserParam(&run, chars(name), chars(value));
  const libxml::Document result(xsltApplyStylesheetUser(sheet_->compiled(), source.get(), nullptr, nullptr, nullptr, &run));
  const bool too_long = (steps && run.opCount >= steps) || (path_steps && run.xpathCtxt->opCount >= path_steps);
  if (!result && too_long) return std::nullopt;
  if (!result || run.state != XSLT_STATE_OK || session.refused()) return Result<Output>(failed(session));
  return take(result.get(), session);
}

Result<Transformation::Output> Transformation::run_to_its_end() { return *run(0, 0); }

Result<Transformation::Output> Transformation::take(xmlDoc* result, const libxml::Session& session) const {
  if (const std::string said = session.messages(); !said.empty()) log::info("mediator", "xslt '" + key() + "': " + said);
  Output output;
  if (sheet_->writes_text()) {
    output.text = text_of(reinterpret_cast<xmlNode*>(result));
    return output;
  }
  xmlNode* root = xmlDocGetRootElement(result);
  if (!root) return Fault("the style sheet '" + key() + "' made no element");
  auto parsed = tree::Document::parse(xml_of(root), "UTF-8");
  if (!parsed) return Fault("the result of the style sheet '" + key() + "' is no message: " + parsed.fault().message);
  output.xml = *std::move(parsed);
  return output;
}

Fault Transformation::failed(const libxml::Session& session) const {
  const auto reports = session.reports();
  std::string why = reports.empty() ? session.messages() : reports.front().text;
  if (!reports.empty()) {
    const xml::Location at = sheet_->place(reports.front());
    if (at.line > 0) why += " (" + at.file + ':' + std::to_string(at.line) + ':' + std::to_string(at.column) + ')';
  }
  return Fault("the style sheet '" + key() + "' failed" + (why.empty() ? "" : ": " + why));
}

}  // namespace myelin::mediators
