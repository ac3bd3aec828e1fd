#pragma once
// Memory that only the start needed.

namespace myelin::server {

/// Gives back heap that is free and unmaps pages of program and libraries that were touched only
/// while starting (relocation, symbol look-up, parsing). They stay in the page cache and come back
/// by themselves when they are used. Call when serving begins.
void release_start_up_memory();

}  // namespace myelin::server
