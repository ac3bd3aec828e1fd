#pragma once
// One run of a style sheet. It reads what is configured with the sheet and nothing else, writes nothing, and has
// no extension functions (REL-096).

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/message/tree.hpp"
#include "mediators/common/stylesheet.hpp"

namespace myelin::mediators {

/// Parameters of a style sheet: names and string values.
using StyleParameters = std::vector<std::pair<std::string, std::string>>;

class Transformation {
 public:
  /// What came out: a document, or with `<xsl:output method="text"/>` a text.
  struct Output {
    std::shared_ptr<tree::Document> xml;
    std::string text;
  };
  /// `source`: one element as XML.
  Transformation(std::shared_ptr<const Stylesheet> sheet, std::string source, StyleParameters parameters)
      : sheet_(std::move(sheet)), source_(std::move(source)), parameters_(std::move(parameters)) {}

  /// Gives up after some milliseconds' worth of steps: nullopt. May then be run again.
  std::optional<Result<Output>> run_briefly() { return run(kBriefSteps, kBriefPathSteps); }
  /// Until it ends or is stopped.
  Result<Output> run_to_its_end();
  /// Ends a run under way, soon, and keeps later ones from beginning. From any thread.
  void stop();

  std::size_t source_bytes() const noexcept { return source_.size(); }
  const std::string& key() const noexcept { return sheet_->key(); }

 private:
  // Measured: up to 0.4 us for an instruction and 0.08 us for a step of XPath, so no more than 10 ms (REL-136).
  static constexpr unsigned long kBriefSteps = 10'000, kBriefPathSteps = 50'000;
  struct Context;

  std::optional<Result<Output>> run(unsigned long steps, unsigned long path_steps);
  Result<Output> take(xmlDoc* result, const libxml::Session& session) const;
  Fault failed(const libxml::Session& session) const;

  const std::shared_ptr<const Stylesheet> sheet_;
  const std::string source_;
  const StyleParameters parameters_;
  std::mutex mutex_;
  xsltTransformContext* running_ = nullptr;
  bool stopped_ = false;
};

}  // namespace myelin::mediators
