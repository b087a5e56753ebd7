// Runs one scene on a real agent whose files are below the interposer, with or without a fault.
#pragma once

#include "tests/crash/box.h"
#include "tests/crash/io_calls.h"
#include "tests/crash/io_cases.h"

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace zoowarden::crash {

// How a case came to its end, for the summary.
enum class Ending {
  kNotReached,    // there were fewer calls this time: no case
  kAbsorbed,      // nothing of it was to be seen
  kAnswered,      // a call was refused and said again
  kBegunAgain,    // the agent went back by itself; the operation was begun once more
  kNeededPerson,  // it said `needs_operator`; a person's verb ended that
  kEnded,         // the agent ended, said why, and was started again
};
inline constexpr int kEndings = 6;
[[nodiscard]] std::string NameOf(Ending ending);

struct IoRun {
  std::string wrong;  // empty, or what was
  Ending ending = Ending::kAbsorbed;
  std::optional<IoCall> hit;
  std::map<std::string, Range> calls;  // of a run without a fault: those of the scene
};

// Without a case: counts.
[[nodiscard]] IoRun RunScene(Scene scene,
                             const IoCase* fault,
                             const Stage& stage,
                             const std::filesystem::path& directory,
                             int number);

}  // namespace zoowarden::crash
