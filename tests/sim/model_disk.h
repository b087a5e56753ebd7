// Where one modelled server has its generations: the agent's own code on a real directory, with a
// process that may die between any two of its calls.
#pragma once

#include "model/observation.h"

#include <memory>
#include <string>

namespace zoowarden::sim {

// Burns down by one with everything that a process does to the world; it dies at the last.
struct Fuse {
  int left = 0;  // 0 = it is not lit
  [[nodiscard]] bool Burn() { return left > 0 && --left == 0; }
};

class ModelDisk {
 public:
  ModelDisk();
  ~ModelDisk();
  ModelDisk(const ModelDisk&) = delete;
  ModelDisk& operator=(const ModelDisk&) = delete;

  // Points `current` to `to`, which is made when it is not there yet. False: the process died in
  // it, and what it had not done by then is not done.
  [[nodiscard]] bool SwitchTo(const model::Generation& to, Fuse& fuse);
  // What `current` names; empty when that is nothing, or nothing whole.
  [[nodiscard]] std::string Current() const;

 private:
  struct Place;
  std::unique_ptr<Place> place_;
};

}  // namespace zoowarden::sim
