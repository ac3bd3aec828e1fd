// <comment>text</comment>
// Says something to the reader of the configuration and does nothing.

#include "engine/flow/build.hpp"
#include "engine/flow/mediator.hpp"

namespace myelin::mediators {
namespace {

struct Comment final : Mediator {
  Flow run(Message&) const override { return Flow::next; }
};

std::unique_ptr<Mediator> build_comment(const xml::Element&, Build&) { return std::make_unique<Comment>(); }

}  // namespace

MYELIN_MEDIATOR("comment", build_comment);
}  // namespace myelin::mediators
