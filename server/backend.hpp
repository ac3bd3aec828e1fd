#pragma once
// `myelin backend`: embedded echo backends for the quick start, the samples and first experiments.

namespace myelin {

/// Serves until SIGTERM or SIGINT; the arguments are those after `backend`. Returns the exit code:
/// 0 when ended by a signal, 2 when an argument or a port cannot be used.
int backend_command(int argc, char** argv);

}  // namespace myelin
