// The bytes that a server runs: those of a generation and of its release.
#pragma once

#include "tests/crash/box.h"
#include "tests/crash/tree.h"

#include <string>

namespace zoowarden::crash {

// "generation" and "release", whole, with the box's directory and address and the generation's
// digests under common names, so that boxes can be compared. Without the mark that it ran.
[[nodiscard]] Tree WhatRuns(const Box& box, const std::string& digest);

// Empty, or what this generation has otherwise than one of this version has to which nothing
// happened.
[[nodiscard]] std::string DifferenceFromWhole(const Box& box,
                                              const std::string& digest,
                                              const model::Version& version);

}  // namespace zoowarden::crash
