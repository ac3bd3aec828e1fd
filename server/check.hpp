#pragma once
// `myelin check [--strict] [--json] PATH...`: loads and links each path as one deployment, connects to
// nothing, reports every problem. Exit code 0: fine; 1: warnings, under --strict; 2: errors.

namespace myelin {

/// Arguments behind the word `check`.
int check_command(int argc, char** argv);

}  // namespace myelin
