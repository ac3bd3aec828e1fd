#pragma once
// The parser behind Document::parse; only the tree's own files include this.

#include "engine/message/tree_impl.hpp"

namespace myelin::tree {

/// Fills an empty document from `document.source`, UTF-8 without byte order mark.
Result<void> parse_into(Storage& document, const Limits& limits);

}  // namespace myelin::tree
