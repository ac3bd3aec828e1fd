#include "mediators/common/stylesheet.hpp"

#include <libxslt/imports.h>

namespace myelin::mediators {

std::shared_ptr<const Stylesheet> Stylesheet::compile(const LocalEntry& entry, std::vector<libxml::Resource> resources,
                                                      xml::Problems& problems) {
  resources.insert(resources.begin(), {entry.key, entry});
  std::shared_ptr<Stylesheet> sheet(new Stylesheet(std::move(resources)));
  const libxml::Session session(sheet->resources_);
  libxml::Document document = libxml::parse_stylesheet(entry.value, entry.key);
  if (document) sheet->compiled_.reset(xsltParseStylesheetDoc(document.get()));
  if (sheet->compiled_) static_cast<void>(document.release());  // belongs to the sheet now
  const auto reports = session.reports();
  for (const libxml::Report& report : reports) {
    xml::Problem problem{sheet->compiled_ ? xml::Level::warning : xml::Level::error, sheet->place(report),
                         "in the style sheet '" + entry.key + "': " + report.text, {}};
    problems.add(std::move(problem));
  }
  if (sheet->compiled_) {
    sheet->check_method();
    return sheet;
  }
  if (reports.empty()) problems.error(entry.where, "'" + entry.key + "' is no style sheet");
  return nullptr;
}

void Stylesheet::check_method() {
  const xmlChar* method = nullptr;
  xsltStylesheet* sheet = compiled_.get();
  XSLT_GET_IMPORT_PTR(method, sheet, method)
  text_ = method && xmlStrEqual(method, BAD_CAST "text");
}

xml::Location Stylesheet::place(const libxml::Report& report) const {
  const libxml::Resource* of = &resources_.front();
  for (const libxml::Resource& resource : resources_)
    if (!report.document.empty() && report.document.ends_with(resource.location)) of = &resource;
  const LocalEntry& entry = of->entry;
  const auto number = static_cast<std::size_t>(report.element);
  if (number > 0 && number <= entry.places.size())
    return {entry.where.file, entry.places[number - 1].line, entry.places[number - 1].column};
  // A text that is a whole file: the parser's position is that in the file.
  return entry.where.line == 0 ? xml::Location{entry.where.file, report.line, report.column} : entry.where;
}

}  // namespace myelin::mediators
