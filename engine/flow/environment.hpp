#pragma once
// Configuration values from outside (server reference, 1.10). Used while a configuration is bound.

#include <string>
#include <string_view>

#include "engine/flow/build.hpp"

namespace myelin {

/// `$SYSTEM:VARIABLE` of the environment, `$FILE:KEY` and `${configs.KEY}` of the settings at the start
/// of a text stand for all of it; other texts come back trimmed. An unresolved one is an error at `where`
/// that calls the text `what`.
std::string resolve_environment(std::string_view text, const xml::Location& where, const std::string& what, Build& build);
std::string resolve_environment(const xml::Attribute& attribute, Build& build);

}  // namespace myelin
