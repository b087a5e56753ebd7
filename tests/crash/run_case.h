// Runs one case on a real agent and judges it: the states it passed, its end, and the invariants of
// ARCHITECTURE's safety contract that one server alone can break.
#pragma once

#include "tests/crash/box.h"
#include "tests/crash/cases.h"

#include <filesystem>
#include <string>

namespace zoowarden::crash {

// Empty, or what was wrong. The directory is made, and left to the caller.
[[nodiscard]] std::string RunCase(const Case& which,
                                  const Stage& stage,
                                  const std::filesystem::path& directory,
                                  int number);

}  // namespace zoowarden::crash
