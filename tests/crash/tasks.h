// Runs many cases at once, each in a directory of its own.
#pragma once

#include "tests/crash/box.h"

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace zoowarden::crash {

// Once, first of all: this process is a controller.
void PrepareProcess();

// Memory where there is some: what is lost with the power is no matter of these cases.
[[nodiscard]] std::filesystem::path ScratchParent();

struct Task {
  std::string name;
  // Empty, or what was wrong. The directory is made and removed; the number picks the addresses.
  std::function<std::string(const Stage&, const std::filesystem::path& directory, int number)> run;
};

// How many failed; what was wrong is printed. Numbers begin with `first_number`: suites that run
// beside each other have other ones.
[[nodiscard]] int RunTasks(const std::vector<Task>& tasks, int first_number);

}  // namespace zoowarden::crash
