#pragma once
// A compiled XSLT 1.0 style sheet with everything it may read.

#include <libxslt/xsltInternals.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/xml/problem.hpp"
#include "mediators/common/libxml.hpp"

namespace myelin::mediators {

/// Immutable, shared by all threads.
class Stylesheet {
 public:
  /// Null when it cannot be used; what is wrong is in `problems`, at the place in the text it came from.
  /// `resources` are what it may import, include, or read by document().
  static std::shared_ptr<const Stylesheet> compile(const LocalEntry& entry, std::vector<libxml::Resource> resources,
                                                   xml::Problems& problems);

  const std::string& key() const noexcept { return resources_.front().entry.key; }
  xsltStylesheet* compiled() const noexcept { return compiled_.get(); }
  const std::vector<libxml::Resource>& resources() const noexcept { return resources_; }
  bool writes_text() const noexcept { return text_; }
  /// Where in the configuration a report points to.
  xml::Location place(const libxml::Report& report) const;

 private:
  struct Free {
    void operator()(xsltStylesheet* sheet) const noexcept { xsltFreeStylesheet(sheet); }
  };
  explicit Stylesheet(std::vector<libxml::Resource> resources) : resources_(std::move(resources)) {}
  void check_method();

  std::vector<libxml::Resource> resources_;  ///< first: the sheet itself
  std::unique_ptr<xsltStylesheet, Free> compiled_;
  bool text_ = false;
};

}  // namespace myelin::mediators
