#pragma once
// `myelin format [-w] FILE`: the canonical form of a configuration file on standard output, or with -w
// in place. Exit code 2 when the file is not well-formed or cannot be written.

namespace myelin {

/// Arguments behind the word `format`.
int format_command(int argc, char** argv);

}  // namespace myelin
