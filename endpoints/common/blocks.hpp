#pragma once
// The blocks of a leaf (gateways reference, 4.3): its own, else those of the groups' `<shared>`.

#include "endpoints/common/leaf.hpp"

namespace myelin::endpoints {

/// Reads the definition's attributes and every block of the leaf's element. `bind` is finished by the
/// caller.
void read_leaf(SendingLeaf& leaf, xml::Bind& bind, Build& build);

/// Only what the groups around share; for members, which have no element of their own for it.
void read_shared_blocks(SendingLeaf& leaf, xml::Bind& bind, Build& build);

}  // namespace myelin::endpoints
