#include "controller/run/verification.h"

#include "controller/run/prepare.h"
#include "tests/unit/controller/cli/fake_world.h"
#include "tests/unit/core/ensemble_values.h"

#include <gmock/gmock.h>

namespace zoowarden::controller {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::uint64_t kInterval = 128;

model::EnsembleSpec Spec() {
  model::EnsembleSpec spec{.name = "lab", .release = {.version = {3, 9, 4}}};
  for (std::uint32_t id = 1; id <= 3; ++id) {
    spec.servers.push_back(core::testing::Server(id));
  }
  return spec;
}

// Members that serve, are in step and log a digest at each multiple of 128; a canary takes three
// transactions. `change` may spoil what they say in one observation.
class ScriptedEnsemble final : public SpokenAgents {
 public:
  explicit ScriptedEnsemble(const model::EnsembleSpec& spec) : SpokenAgents(words_) {
    const auto members = core::DeclaredMembers(spec);
    auto round = core::testing::HealthyRound(members, 1);
    for (auto& seen : round.members) {
      const auto wanted = WantedGenerations(spec).at(seen.id);
      seen.process->generation = wanted.digest;
      seen.current = wanted;
      seen.version = wanted.version;
    }
    healthy_ = std::move(round.members);
  }

  base::Result<controller::Canary> CommitCanary(model::ServerId,
                                                const RunIdentity&,
                                                std::chrono::milliseconds,
                                                const std::string&) override {
    if (canaries == fails_from) {
      return base::Fail(base::ErrorCode::kUnavailable, "the leader is frozen");
    }
    if (failing_canaries > 0) {
      --failing_canaries;
      return base::Fail(base::ErrorCode::kUnavailable, "the leader is frozen");
    }
    ++canaries;
    zxid_ += 3;
    return controller::Canary{.zxid = {zxid_}, .method = "failed_write"};
  }

  std::vector<model::MemberObservation> Observe(const ObserveOptions& options) override {
    auto members = healthy_;
    for (auto& seen : members) {
      seen.own_zxid = options.canary.value_or(model::Zxid{zxid_});
      seen.durable_zxid = seen.own_zxid;
      seen.tree_digests_read = options.tree_digests;
      if (const auto mark = zxid_ / kInterval * kInterval; mark > kFirst) {
        seen.tree_digests = {{.zxid = {mark}, .version = 2, .value = 7}};
      }
    }
    const bool logged = !members.front().tree_digests.empty();
    change(members, logged);
    return members;
  }

  // What they say, and whether there is a digest in it.
  std::function<void(std::vector<model::MemberObservation>&, bool)> change = [](auto&, bool) {};
  int failing_canaries = 0;
  int fails_from = -1;  // for good, after so many
  int canaries = 0;

 private:
  static constexpr std::uint64_t kFirst = 0x100000000;
  AgentWords words_;
  std::uint64_t zxid_ = kFirst;
  std::vector<model::MemberObservation> healthy_;
};

class VerifyEnsembleTest : public testing::Test {
 protected:
  void Look() { verdict_ = VerifyEnsemble(agents_, clock_, checks_, {.run_id = "verify"}, spec_); }
  [[nodiscard]] std::vector<std::string> Reasons() const {
    std::vector<std::string> reasons;
    for (const auto& problem : verdict_.problems) {
      reasons.push_back(problem.reason);
    }
    return reasons;
  }
  // The first observation that has digests shows another one of server 3; `after` is what the
  // members say from then on.
  void DifferOnce(std::function<void(std::vector<model::MemberObservation>&)> after) {
    agents_.change = [this, after = std::move(after), differed = false](auto& members,
                                                                        bool logged) mutable {
      if (differed) {
        after(members);
      } else if (logged) {
        differed = true;
        members.back().tree_digests.front().value = 9;
      }
    };
  }

  model::EnsembleSpec spec_ = Spec();
  ScriptedEnsemble agents_{spec_};
  sys::ManualClock clock_;
  NoCheckRunner checks_;
  Verdict verdict_;
};

TEST_F(VerifyEnsembleTest, EqualDigestsAreComparedOnce) {
  Look();
  EXPECT_THAT(verdict_.problems, IsEmpty());
  EXPECT_EQ(verdict_.digests.at, model::Zxid{0x100000080});
  EXPECT_EQ(verdict_.digests.members, 3U);
  EXPECT_LE(agents_.canaries, 3 + 43 + 1);
}

TEST_F(VerifyEnsembleTest, ADifferenceThatWasSeenIsNotForgottenWhenCanariesFail) {
  DifferOnce([this](auto&) { agents_.failing_canaries = 1'000; });
  Look();
  EXPECT_THAT(Reasons(), Contains("digests_differ"));
}

TEST_F(VerifyEnsembleTest, ADifferenceThatWasSeenIsNotForgottenWhenItsMemberSaysNoMore) {
  DifferOnce([](auto& members) { members.back().tree_digests_read = false; });
  Look();
  EXPECT_THAT(Reasons(), ElementsAre("digests_differ"));
  ASSERT_TRUE(verdict_.digests.problem);
  EXPECT_THAT(verdict_.problems.back().text, HasSubstr("server 3 9"));
}

TEST_F(VerifyEnsembleTest, AMemberThatToldItsDigestsIsAskedAgainWhenItMissesOnce) {
  agents_.change = [missed = false](auto& members, bool logged) mutable {
    if (logged) {
      members.back().tree_digests.front().value = 9;
      members.back().tree_digests_read = std::exchange(missed, true);
      if (!members.back().tree_digests_read) {
        members.back().tree_digests.clear();
      }
    }
  };
  Look();
  EXPECT_THAT(Reasons(), ElementsAre("digests_differ"));
}

TEST_F(VerifyEnsembleTest, OneCanaryThatFailsDoesNotEndTheComparison) {
  agents_.change = [this, spoilt = false](auto&, bool) mutable {
    if (agents_.canaries == 3 && !std::exchange(spoilt, true)) {
      agents_.failing_canaries = 1;
    }
  };
  Look();
  EXPECT_EQ(verdict_.digests.members, 3U);
}

TEST_F(VerifyEnsembleTest, WhatElseIsWrongDoesNotKeepTheOthersDigestsFromBeingCompared) {
  agents_.change = [](auto& members, bool logged) {
    core::testing::Kill(members[1]);
    members[1].tree_digests_read = false;
    members[1].tree_digests.clear();
    if (logged) {
      members.back().tree_digests.front().value = 9;
    }
  };
  Look();
  EXPECT_THAT(Reasons(), ElementsAre("no_process", "digests_differ"));
  EXPECT_EQ(verdict_.digests.members, 2U);
}

TEST_F(VerifyEnsembleTest, WhyDigestsWereNotComparedIsSaidAsItIs) {
  agents_.failing_canaries = 1'000;
  Look();
  EXPECT_THAT(verdict_.digests.why_not, HasSubstr("no canary could be committed"));
  agents_.failing_canaries = 0;
  agents_.change = [](auto& members, bool) {
    core::testing::Kill(members[0]);
    members[1].tree_digests_read = false;
  };
  Look();
  EXPECT_THAT(verdict_.digests.why_not, HasSubstr("they can be read of 1 proved members"));
  ScriptedEnsemble frozen(spec_);
  frozen.fails_from = 20;
  const auto verdict = VerifyEnsemble(frozen, clock_, checks_, {.run_id = "verify"}, spec_);
  EXPECT_THAT(verdict.digests.why_not, HasSubstr("on the way"));
  EXPECT_THAT(verdict.digests.why_not, HasSubstr("the leader is frozen"));
  agents_.change = [](auto& members, bool) { members[1].tree_digests.clear(); };
  Look();
  EXPECT_THAT(verdict_.digests.why_not, HasSubstr("no zxid since the last canary"));
}

TEST_F(VerifyEnsembleTest, AMemberThatIsNotProvedIsNotCompared) {
  agents_.change = [](auto& members, bool logged) {
    members.back().broadcast = model::Broadcast::kNo;
    if (logged) {
      members.back().tree_digests.front().value = 9;
    }
  };
  Look();
  EXPECT_THAT(Reasons(), ElementsAre("not_synchronised"));
  EXPECT_EQ(verdict_.digests.members, 2U);
}

}  // namespace
}  // namespace zoowarden::controller
