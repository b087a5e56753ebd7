#include "tests/crash/io_cases.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <set>

namespace zoowarden::crash {
namespace {

const std::map<std::string, Range> kCalls = {{"open", {.after = 5, .last = 17}},
                                             {"write", {.after = 0, .last = 9}},
                                             {"sync", {.after = 2, .last = 6}},
                                             {"rename", {.after = 0, .last = 1}},
                                             {"other", {.after = 0, .last = 0}}};

int Count(const std::vector<IoCase>& cases, const std::string& kind, int k) {
  return static_cast<int>(std::count_if(
      cases.begin(), cases.end(), [&](const IoCase& c) { return c.kind == kind && c.k == k; }));
}

TEST(IoCasesTest, EveryCallOfTheSceneFailsAndNoneBeforeIt) {
  const auto cases = CasesOf(Scene::kSwitch, kCalls, /*all=*/false);
  for (const auto& [kind, range] : kCalls) {
    for (int k = 1; k <= range.last + 1; ++k) {
      const bool of_scene = k > range.after && k <= range.last;
      EXPECT_EQ(Count(cases, kind, k) > 0, of_scene) << kind << " " << k;
    }
  }
}

TEST(IoCasesTest, WhatMakesThingsDurableFailsWithEachError) {
  const auto cases = CasesOf(Scene::kSwitch, kCalls, /*all=*/false);
  EXPECT_EQ(Count(cases, "sync", 3), 3);
  EXPECT_EQ(Count(cases, "rename", 1), 3);
  EXPECT_EQ(Count(cases, "write", 3), 1);
}

TEST(IoCasesTest, ErrorsOfOthersTakeTurnsAndWritesAreShortToo) {
  std::set<int> of_writes;
  for (const IoCase& c : CasesOf(Scene::kInstall, kCalls, /*all=*/false)) {
    if (c.kind == "write") {
      of_writes.insert(c.error);
    }
  }
  EXPECT_EQ(of_writes, (std::set<int>{EIO, ENOSPC, EINTR, kShortWrite}));
}

TEST(IoCasesTest, AllIsEachErrorOfEveryCallUnderNamesOfTheirOwn) {
  const auto cases = CasesOf(Scene::kFirst, kCalls, /*all=*/true);
  std::set<std::string> names;
  for (const IoCase& c : cases) {
    names.insert(c.Name());
  }
  EXPECT_EQ(cases.size(), 12U * 3 + 9 * 4 + 4 * 3 + 1 * 3);
  EXPECT_EQ(names.size(), cases.size());
}

}  // namespace
}  // namespace zoowarden::crash
