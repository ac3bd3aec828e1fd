#pragma once
// libxml2 and libxslt as the XSLT mediator needs them: what they have to say is collected instead of
// printed, and every document comes from a given set of texts, never from a file or the network (REL-096).

#include <libxml/tree.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/flow/artifacts.hpp"

namespace myelin::mediators::libxml {

struct FreeDocument {
  void operator()(xmlDoc* document) const noexcept { xmlFreeDoc(document); }
};
using Document = std::unique_ptr<xmlDoc, FreeDocument>;

/// A text under the name that style sheets know it by.
struct Resource {
  std::string location;
  LocalEntry entry;
};

/// Something that was said about a document.
struct Report {
  std::string document;  ///< its URL; empty: none in particular
  int element = 0;       ///< number of the element in document order, from 1; 0: line and column tell
  int line = 0, column = 0;
  std::string text;
};

/// While it lives, libxml2 and libxslt of this thread speak and load through it. One at a time.
class Session {
 public:
  explicit Session(const std::vector<Resource>& resources);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// What went wrong, in the order it was said.
  std::vector<Report> reports() const;
  /// Something was asked for that is not there to be read.
  bool refused() const noexcept { return refused_; }
  void refuse() noexcept { refused_ = true; }
  /// What was said by nobody in particular: `<xsl:message>`.
  std::string messages() const;

  /// The resource that a relative reference means, however many folders its base has put in front.
  const Resource* find(std::string_view location) const noexcept;
  void say(std::string_view text);
  void report(Report report) { reports_.push_back(std::move(report)); }

 private:
  const std::vector<Resource>& resources_;
  std::vector<Report> reports_;  ///< by the parser
  std::string said_;             ///< by everything else, in lines
  bool refused_ = false;
};

/// Parses a style sheet; its elements carry their numbers as lines. Null when it is not well-formed or has
/// a document type.
Document parse_stylesheet(std::string_view text, const std::string& url);
/// Parses the text of a message that our own parser has accepted.
Document parse_message(std::string_view text);

}  // namespace myelin::mediators::libxml
