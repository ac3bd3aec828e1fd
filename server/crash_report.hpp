#pragma once
// What is left of a process that crashed (REL-162): on standard error the signal, the version, the build id of the
// program and the stacks' return addresses, for addr2line. Nothing of a message is in it: no memory is written out.

namespace myelin::server {

/// From now on; before other threads start. The process then ends by the signal, as it would have.
void report_crashes();

}  // namespace myelin::server
