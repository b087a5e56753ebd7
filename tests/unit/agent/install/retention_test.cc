#include "agent/install/retention.h"

#include <gmock/gmock.h>

namespace zoowarden::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Four releases with one generation each, the newest ran last; "c3" never ran.
RetentionInput FourReleases() {
  return {.generations = {{.digest = "a1", .release = "3.8.1-a", .last_ran = 100, .made = 90},
                          {.digest = "b2", .release = "3.8.2-b", .last_ran = 200, .made = 190},
                          {.digest = "c3", .release = "3.8.3-c", .made = 300},
                          {.digest = "d4", .release = "3.8.4-d", .last_ran = 400, .made = 390}},
          .releases = {"3.8.1-a", "3.8.2-b", "3.8.3-c", "3.8.4-d"}};
}

TEST(RetentionTest, KeepsTheNewestReleases) {
  RetentionInput input = FourReleases();
  input.keep = 3;
  EXPECT_THAT(ChooseRemovals(input).generations, ElementsAre("a1"));
  EXPECT_THAT(ChooseRemovals(input).releases, ElementsAre("3.8.1-a"));
  input.keep = 4;
  EXPECT_THAT(ChooseRemovals(input).generations, IsEmpty());
  EXPECT_THAT(ChooseRemovals(input).releases, IsEmpty());
}

TEST(RetentionTest, NeverTheCurrentOneHoweverOld) {
  RetentionInput input = FourReleases();
  input.generations[0].current = true;
  input.keep = 1;
  EXPECT_THAT(ChooseRemovals(input).generations, ElementsAre("d4", "c3", "b2"));
  EXPECT_THAT(ChooseRemovals(input).releases, ElementsAre("3.8.2-b", "3.8.3-c", "3.8.4-d"));
}

TEST(RetentionTest, NeverWhatAnOperationMayGoBackTo) {
  RetentionInput input = FourReleases();
  input.generations[3].current = true;
  input.needed = {"a1"};
  input.keep = 1;
  EXPECT_THAT(ChooseRemovals(input).generations, ElementsAre("c3", "b2"));
  EXPECT_THAT(ChooseRemovals(input).releases, ElementsAre("3.8.2-b", "3.8.3-c"));
}

TEST(RetentionTest, WhatWentBackToAnOldReleaseUsedItLast) {
  RetentionInput input = FourReleases();
  input.generations[0].last_ran = 500;
  input.keep = 2;
  EXPECT_THAT(ChooseRemovals(input).releases, ElementsAre("3.8.2-b", "3.8.3-c"));
}

TEST(RetentionTest, OldConfigurationsOfAKeptReleaseGoToo) {
  RetentionInput input{.releases = {"3.8.4-d"}, .keep = 2};
  for (int i = 1; i <= 4; ++i) {
    input.generations.push_back(
        {.digest = "d" + std::to_string(i), .release = "3.8.4-d", .last_ran = i, .made = i});
  }
  EXPECT_THAT(ChooseRemovals(input).generations, ElementsAre("d2", "d1"));
  EXPECT_THAT(ChooseRemovals(input).releases, IsEmpty());
}

TEST(RetentionTest, AReleaseThatNoGenerationNamesGoes) {
  const RetentionInput input{.releases = {"3.8.4-d"}, .keep = 5};
  EXPECT_THAT(ChooseRemovals(input).releases, ElementsAre("3.8.4-d"));
}

}  // namespace
}  // namespace zoowarden::agent
