// What a person sees while a run goes on: on a terminal one line a server and the present gate,
// redrawn in place; off a terminal one plain line an event. Text of agents never reaches a terminal
// unclean.
#pragma once

#include "controller/run/engine.h"
#include "sys/clock.h"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace zoowarden::controller {

struct ProgressOptions {
  bool live = false;  // a terminal that understands cursor movement
  bool color = false;
  std::size_t width = 80;  // columns; longer lines are wrapped at words in the live view
  std::function<void(std::string_view)> write;  // to stderr, as it is
  sys::Clock& clock;
};

[[nodiscard]] std::unique_ptr<Progress> MakeProgress(const ProgressOptions& options);

// "server 2  follower   3.9.4  zxid +0        verifying", for the live view and its test.
[[nodiscard]] std::string ServerLine(const controller::RunFile& run,
                                     const model::Round& round,
                                     model::ServerId id);

}  // namespace zoowarden::controller
