#include "tests/load/chain.h"

#include <gtest/gtest.h>

namespace zoowarden::load {
namespace {

class ChainTest : public testing::Test {
 protected:
  std::string Write(Outcome outcome) {
    auto data = chain_.NextData();
    chain_.End(data, outcome);
    return data;
  }

  Chain chain_{"/load/1/n1", "1/n1"};
};

TEST_F(ChainTest, AcknowledgedWritesCountVersions) {
  EXPECT_EQ(chain_.version(), kAbsent);
  Write(Outcome::kAcknowledged);
  EXPECT_EQ(chain_.version(), 0);
  const auto data = Write(Outcome::kAcknowledged);
  EXPECT_EQ(chain_.version(), 1);
  EXPECT_EQ(chain_.data(), data);
}

TEST_F(ChainTest, DataIsNeverRepeated) { EXPECT_NE(chain_.NextData(), chain_.NextData()); }

TEST_F(ChainTest, AFailedWriteChangesNothing) {
  Write(Outcome::kAcknowledged);
  Write(Outcome::kFailed);
  EXPECT_EQ(chain_.version(), 0);
  EXPECT_TRUE(chain_.candidates().empty());
}

TEST_F(ChainTest, AnAcknowledgedWriteKillsTheCandidatesBeforeIt) {
  Write(Outcome::kAcknowledged);
  const auto lost = Write(Outcome::kUnknown);
  EXPECT_EQ(chain_.candidates(), (std::vector<std::string>{lost}));
  Write(Outcome::kAcknowledged);
  EXPECT_EQ(chain_.version(), 1);
  EXPECT_TRUE(chain_.candidates().empty());
}

TEST_F(ChainTest, ARefusedVersionAfterAnUnknownWriteIsResolvedByReading) {
  Write(Outcome::kAcknowledged);
  const auto applied = Write(Outcome::kUnknown);
  Write(Outcome::kVersionRefused);
  EXPECT_TRUE(chain_.needs_reading());
  chain_.Read({.version = 1, .data = applied});
  EXPECT_FALSE(chain_.needs_reading());
  EXPECT_FALSE(chain_.retired());
  EXPECT_EQ(chain_.version(), 1);
  EXPECT_EQ(chain_.data(), applied);
}

TEST_F(ChainTest, AReadingThatNoCandidateExplainsRetiresTheChain) {
  Write(Outcome::kAcknowledged);
  const auto unknown = Write(Outcome::kUnknown);
  const auto refused = Write(Outcome::kVersionRefused);
  chain_.Read({.version = 1, .data = refused});
  EXPECT_TRUE(chain_.retired());
  EXPECT_EQ(chain_.version(), 0);
  EXPECT_EQ(chain_.candidates(), (std::vector<std::string>{unknown}));
}

TEST_F(ChainTest, ARefusedVersionOutOfNowhereRetiresTheChain) {
  Write(Outcome::kAcknowledged);
  Write(Outcome::kVersionRefused);
  EXPECT_TRUE(chain_.retired());
}

TEST_F(ChainTest, CandidatesAreBounded) {
  for (int i = 0; i < 16; ++i) {
    EXPECT_FALSE(chain_.retired());
    Write(Outcome::kUnknown);
  }
  EXPECT_TRUE(chain_.retired());
}

}  // namespace
}  // namespace zoowarden::load
