#pragma once
// Transformations that take long: done by the process's workers, few at a time for each shard, so that those who
// wait hold their messages as bytes and nothing else.

#include <memory>

#include "engine/base/task.hpp"
#include "engine/ports/sender.hpp"
#include "mediators/common/transformation.hpp"

namespace myelin::mediators {

/// The right to have a transformation under way; one of a few that a shard has. Used on one shard.
class Turn {
 public:
  Turn() = default;
  ~Turn();
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  /// Waits until it is this one's turn, that of an answer before that of a request. False: it took too long.
  Task<bool> await(Sender& shard, bool answer);

 private:
  struct Place;
  struct Queue;

  std::shared_ptr<Place> place_;
};

/// Runs it on a worker, at most for 5 s (REL-096), then it is a fault. It is stopped when this task is destroyed.
Task<Result<Transformation::Output>> run_on_worker(std::shared_ptr<Transformation> transformation, Sender& shard);

/// 503: too much is waiting.
Fault transformations_wait();

}  // namespace myelin::mediators
