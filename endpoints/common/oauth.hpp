#pragma once
// `<oauth>` of `<authentication>`: a bearer token by one of three grants (endpoints reference, 1.3).

#include "endpoints/common/credentials.hpp"

namespace myelin::endpoints {

/// Null after an error.
std::shared_ptr<const Credentials> read_oauth(const xml::Element& element, Build& build);

}  // namespace myelin::endpoints
