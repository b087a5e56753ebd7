#include "model/version.h"

#include <gtest/gtest.h>

namespace zoowarden::model {
namespace {

TEST(VersionTest, OnlyTheLeadingNumbersCount) {
  EXPECT_EQ(ParseVersion("3.8.0-${mvngit.commit.id}, built on 2024"), (Version{3, 8, 0}));
  EXPECT_EQ(ParseVersion("3.4.13-6--1, built on"), (Version{3, 4, 13}));
  EXPECT_EQ(ParseVersion("3.9.4"), (Version{3, 9, 4}));
}

TEST(VersionTest, RefusesWhatIsNotAVersion) {
  for (const auto* bad : {"", "3", "3.9", "3.9.", "3.9.4.1", "v3.9.4", "3..4", "-3.9.4"}) {
    EXPECT_EQ(ParseVersion(bad), std::nullopt) << bad;
  }
}

TEST(VersionTest, OrdersByNumber) {
  EXPECT_LT((Version{3, 4, 9}), (Version{3, 4, 14}));
  EXPECT_LT((Version{3, 9, 10}), (Version{3, 10, 0}));
}

}  // namespace
}  // namespace zoowarden::model
