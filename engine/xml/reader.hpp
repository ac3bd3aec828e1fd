#pragma once
// Reads configuration files with Xerces-C++ (SAX2, namespaces on, DOCTYPE refused, no external
// entities, nothing fetched). Thread safe; each thread keeps one parser.

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "engine/xml/element.hpp"

namespace myelin::xml {

/// Parses `text`. On a well-formedness error or a DOCTYPE the error is added to `problems` with its
/// place and null is returned. `file` is what positions are reported under.
std::unique_ptr<Document> read(std::string_view text, std::string file, Problems& problems);

/// The same for a file; a file that cannot be read is a problem too.
std::unique_ptr<Document> read_file(const std::filesystem::path& path, Problems& problems);

}  // namespace myelin::xml
