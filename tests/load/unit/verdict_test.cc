#include "tests/load/verdict.h"

#include <gtest/gtest.h>

namespace zoowarden::load {
namespace {

const std::vector<std::string> kMembers = {"a:1", "b:1", "c:1"};

class VerdictTest : public testing::Test {
 protected:
  std::string Write(Outcome outcome) {
    auto data = chain_.NextData();
    chain_.End(data, outcome);
    return data;
  }
  [[nodiscard]] Reading Truth() const { return {chain_.version(), chain_.data()}; }

  Chain chain_{"/load/1/n1", "1/n1"};
};

TEST_F(VerdictTest, WhatWasAcknowledgedAndIsThereIsFine) {
  Write(Outcome::kAcknowledged);
  Write(Outcome::kAcknowledged);
  const auto verdict = JudgeChain(chain_, kMembers, {Truth(), Truth(), Truth()});
  EXPECT_EQ(verdict.lost, 0U);
  EXPECT_EQ(verdict.phantom, 0U);
  EXPECT_TRUE(verdict.findings.empty());
}

TEST_F(VerdictTest, ALostWriteIsFoundOnOneMemberOfThree) {
  const auto older = Write(Outcome::kAcknowledged);
  const auto newer = Write(Outcome::kAcknowledged);
  const auto verdict = JudgeChain(chain_, kMembers, {Truth(), {0, older}, Truth()});
  EXPECT_EQ(verdict.lost, 1U);
  ASSERT_EQ(verdict.findings.size(), 1U);
  EXPECT_EQ(verdict.findings[0],
            "/load/1/n1 on b:1: lost, it has version 0 '" + older +
                "', acknowledged is version 1 '" + newer + "'");
}

TEST_F(VerdictTest, AVanishedZnodeLostAllItsWrites) {
  for (int i = 0; i < 5; ++i) {
    Write(Outcome::kAcknowledged);
  }
  EXPECT_EQ(JudgeChain(chain_, kMembers, {{}, {}, Truth()}).lost, 5U);
}

TEST_F(VerdictTest, OtherDataAtTheAcknowledgedVersionIsLostAndPhantom) {
  Write(Outcome::kAcknowledged);
  const auto verdict = JudgeChain(chain_, kMembers, {Truth(), Truth(), {0, "other"}});
  EXPECT_EQ(verdict.lost, 1U);
  EXPECT_EQ(verdict.phantom, 1U);
}

TEST_F(VerdictTest, AnUnknownWriteMayBeThereOrNot) {
  Write(Outcome::kAcknowledged);
  const auto unknown = Write(Outcome::kUnknown);
  const Reading applied = {1, unknown};
  for (const auto& reading : {Truth(), applied}) {
    const auto verdict = JudgeChain(chain_, kMembers, {reading, reading, reading});
    EXPECT_EQ(verdict.lost + verdict.phantom, 0U);
  }
}

TEST_F(VerdictTest, AnUnknownCreateMayBeThereOrNot) {
  const auto unknown = Write(Outcome::kUnknown);
  EXPECT_EQ(JudgeChain(chain_, kMembers, {{}, {}, {}}).findings.size(), 0U);
  const Reading applied = {0, unknown};
  EXPECT_EQ(JudgeChain(chain_, kMembers, {applied, applied, applied}).findings.size(), 0U);
}

TEST_F(VerdictTest, AFailedWriteThatAppearsIsAPhantom) {
  Write(Outcome::kAcknowledged);
  const auto failed = Write(Outcome::kFailed);
  const Reading appeared = {1, failed};
  EXPECT_EQ(JudgeChain(chain_, kMembers, {appeared, appeared, appeared}).phantom, 1U);
}

TEST_F(VerdictTest, ADeadCandidateThatAppearsIsNotExcused) {
  const auto unknown = Write(Outcome::kUnknown);
  Write(Outcome::kAcknowledged);
  EXPECT_EQ(JudgeChain(chain_, kMembers, {{0, unknown}, Truth(), Truth()}).lost, 1U);
  EXPECT_EQ(JudgeChain(chain_, kMembers, {{1, unknown}, Truth(), Truth()}).phantom, 1U);
}

TEST_F(VerdictTest, TwoCandidatesAppliedOnDifferentMembersAreADivergence) {
  const auto first = Write(Outcome::kUnknown);
  const auto second = Write(Outcome::kUnknown);
  EXPECT_EQ(JudgeChain(chain_, kMembers, {{0, first}, {0, first}, {0, second}}).phantom, 1U);
}

TEST_F(VerdictTest, AZnodeThatNobodyCreatedIsAPhantom) {
  EXPECT_EQ(JudgeChildren("/load/1", {chain_}, {"n1"}).phantom, 0U);
  EXPECT_EQ(JudgeChildren("/load/1", {chain_}, {"n1", "n2"}).phantom, 1U);
}

TEST(VerdictSumTest, SumsKeepAFewFindings) {
  Verdict sum;
  for (int i = 0; i < 100; ++i) {
    sum.Add({.lost = 1, .phantom = 2, .findings = {"x"}});
  }
  EXPECT_EQ(sum.lost, 100U);
  EXPECT_EQ(sum.phantom, 200U);
  EXPECT_EQ(sum.findings.size(), 20U);
}

}  // namespace
}  // namespace zoowarden::load
