#include "core/tree_comparison.h"

#include <gtest/gtest.h>

namespace zoowarden::core {
namespace {

// The znodes of one transaction are changed one after the other.
TEST(ZnodeCaseTest, WhatOneRoundShowsHalfwayThroughATransactionIsNoDifference) {
  const auto views = [](std::uint64_t zxid, std::int32_t first, std::int32_t second) {
    const auto one = [&](std::int32_t version) {
      return model::Znode{.path = "/a",
                          .sight = model::Sight::kPresent,
                          .facts = {.created = {1}, .modified = {zxid}, .version = version}};
    };
    return ZnodeViews{{{1}, one(first)}, {{2}, one(second)}};
  };
  ZnodeCase halfway("/a");
  halfway.AddRound(views(7, 1, 2));
  halfway.AddRound(views(8, 3, 3));
  EXPECT_TRUE(halfway.settled());
  EXPECT_TRUE(halfway.differences().empty());
  ZnodeCase different("/a");
  different.AddRound(views(7, 1, 2));
  EXPECT_FALSE(different.settled());
  different.AddRound(views(8, 2, 3));
  ASSERT_EQ(different.differences().size(), 1U);
  EXPECT_EQ(different.differences().front().aspect, Aspect::kData);
}

model::Znode Shown(model::Sight sight, std::uint32_t data = 0) {
  return {.path = "/a",
          .sight = sight,
          .facts = {.created = {1}, .modified = {data}, .version = static_cast<int>(data)}};
}

// That those who show it are equal says nothing of the one that does not.
TEST(ZnodeCaseTest, NothingIsEqualBecauseOneMemberDoesNotShowIt) {
  using model::Sight;
  ZnodeCase hidden("/a");
  hidden.AddRound(
      {{{1}, Shown(Sight::kAbsent)}, {{2}, Shown(Sight::kPresent)}, {{3}, Shown(Sight::kPresent)}});
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(hidden.settled());
    hidden.AddRound({{{1}, Shown(Sight::kForbidden)},
                     {{2}, Shown(Sight::kPresent)},
                     {{3}, Shown(Sight::kPresent)}});
  }
  ASSERT_EQ(hidden.differences().size(), 1U);
  EXPECT_EQ(hidden.differences().front().aspect, Aspect::kAccess);
  EXPECT_TRUE(hidden.settled());

  ZnodeCase behind("/a");
  behind.AddRound({{{1}, Shown(Sight::kForbidden)},
                   {{2}, Shown(Sight::kPresent, 5)},
                   {{3}, Shown(Sight::kPresent, 5)}});
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(behind.settled());
    behind.AddRound({{{1}, Shown(Sight::kPresent, 4)},
                     {{2}, Shown(Sight::kPresent, 5)},
                     {{3}, Shown(Sight::kPresent, 5)}});
  }
  ASSERT_EQ(behind.differences().size(), 1U);
  EXPECT_EQ(behind.differences().front().aspect, Aspect::kData);
}

}  // namespace
}  // namespace zoowarden::core
