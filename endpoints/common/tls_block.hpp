#pragma once
// `<tls>` of a leaf (gateways reference, 4.3).

#include <memory>

#include "engine/flow/build.hpp"

namespace myelin::endpoints {

/// What OutgoingRequest::tls is to point to; kept over redeploys as long as neither the block nor its files
/// change. Null after an error, or where no transport is linked.
std::shared_ptr<const void> read_tls(const xml::Element& element, Build& build);

}  // namespace myelin::endpoints
