// A rollout of a fleet and the real records of its ensembles: which run counts, and how commands
// are begun.
#include "controller/fleet/fleet_store.h"
#include "controller/run/prepare.h"
#include "tests/unit/controller/cli/run_fixture.h"

#include <gmock/gmock.h>

#include <algorithm>

namespace zoowarden::controller {
namespace {

using core::EnsembleState;
using core::RunOutcome;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsSupersetOf;

class FleetChildrenTest : public RunsTest {
 protected:
  void SetUp() override {
    RunsTest::SetUp();
    environment_.erase("ZOOWARDEN_ENSEMBLE");
    environment_["ZOOWARDEN_FLEET"] = Path("fleet.yaml");
    Write("fleet.yaml", "fleet: all\nensembles: [{files: ensemble.yaml}]\n");
    detach_ = [this](const DetachRequest& request) {
      begun_.push_back({request.words.begin(), request.words.begin() + 4});
      return Detached{.ended = [] { return true; }, .exit_code = [this] { return code_; }};
    };
  }

  void Recorded(EnsembleState state) {
    FleetRecord record{.fleet = "all", .rollout = "f-1", .verb = "apply"};
    record.ensembles = {{.ensemble = "lab", .state = state, .run_id = "r-1", .began_ms = 1}};
    const auto store = FleetStore::Own(Path("state/_fleets/all"));
    ASSERT_TRUE(store) << store.error().message();
    ASSERT_TRUE(store->Save(record));
  }
  static std::string Edited(const std::string& tick) {
    std::string text = kEnsembleText;
    return text.replace(text.find("2000"), 4, tick);
  }
  std::string Digest() {
    const auto plan =
        Document::FromJson(Run({"plan", "--ensemble", Path("ensemble.yaml"), "-o", "json"}).out);
    return std::get<std::string>(plan->Find("desired_digest")->value());
  }
  // Of what ensemble.yaml says.
  [[nodiscard]] RunFile Own(const std::string& id, std::int64_t created_ms) const {
    auto file = File(id, created_ms);
    file.spec = config::LoadEnsembleFile(Path("ensemble.yaml"))->spec;
    file.state.servers.push_back({.id = {3},
                                  .origin = Generation("old3", {3, 8, 4}),
                                  .target = Generation("new3", {3, 9, 4})});
    file.state.done = {{1}};
    return file;
  }
  FleetEntry Entry() {
    return (*FleetStore::Beside(Path("state/_fleets/all")).Load())->ensembles.front();
  }
  static RunRecord WithEvent(RunRecord record, const std::string& kind) {
    record.events = {{.epoch = record.epoch, .sequence = 1, .kind = "run_started"},
                     {.epoch = record.epoch, .sequence = 2, .kind = kind}};
    return record;
  }

  std::vector<std::vector<std::string>> begun_;
  int code_ = 5;
};

TEST_F(FleetChildrenTest, AnotherRunOfTheEnsembleIsNotTheRollouts) {
  Recorded(EnsembleState::kRunning);
  Store(Record(Ended(File("r-2", 5'000), RunOutcome::kSucceeded), 1, 1));
  const auto resumed = Run({"fleet", "resume", "--yes"});
  EXPECT_EQ(resumed.code, 10) << resumed.err;
  // Begun again, under the id that it was to have.
  EXPECT_THAT(begun_, ElementsAre(ElementsAre("apply", "--yes", "--run-id", "r-1")));
  EXPECT_EQ(Entry().state, EnsembleState::kRefused);
  EXPECT_EQ(Entry().run_id, "");
}

TEST_F(FleetChildrenTest, WhatWasShownIsWhatItsCommandMayDo) {
  Write("ensemble.yaml", Edited("2500"));
  std::vector<std::string> words;
  detach_ = [&](const DetachRequest& request) {
    words = request.words;
    return Detached{.ended = [] { return true; }, .exit_code = [] { return 5; }};
  };
  const auto begun = Run({"fleet", "apply", "--yes"});
  EXPECT_EQ(begun.code, 10) << begun.err;
  const auto first = Digest();
  EXPECT_THAT(words, IsSupersetOf({std::string("--approved"), first}));
  EXPECT_EQ(Entry().approved, first);
  // Going on does not take over what somebody wrote meanwhile: it is shown again first.
  Recorded(EnsembleState::kWaiting);
  Write("ensemble.yaml", Edited("2600"));
  const auto resumed = Run({"fleet", "resume", "--yes"});
  EXPECT_THAT(resumed.out, HasSubstr("3 of 3 servers to restart"));
  EXPECT_NE(Digest(), first);
  EXPECT_THAT(words, IsSupersetOf({std::string("--approved"), Digest()}));
}

TEST_F(FleetChildrenTest, WhatItsCommandWouldRefuseIsRefusedBeforeAnythingBegins) {
  const auto refused = [this](const std::string& reason) {
    const auto plan = Run({"fleet", "plan", "-o", "json"});
    EXPECT_EQ(plan.code, 5) << plan.err;
    EXPECT_THAT(plan.out, HasSubstr("\"reason\": \"" + reason + "\""));
    EXPECT_EQ(Run({"fleet", "apply", "--yes"}).code, 5);
    EXPECT_TRUE(begun_.empty());
  };
  Store(Record(File("r-9", 1'000), 1, 1));
  refused("run.open");
  Store(Record(Ended(File("r-9", 1'000), RunOutcome::kRolledBack), 1, 2));
  EXPECT_EQ(Run({"fleet", "plan"}).code, 0);
  const auto loaded = config::LoadEnsembleFile(Path("ensemble.yaml"));
  auto same = MakeRun(MakePlanInput(loaded->spec, words_.seen, false),
                      {.run_id = "r-10", .kind = "apply", .created_ms = 2'000});
  Store(Record(Ended(same, RunOutcome::kRolledBack), 2, 1));
  refused("plan.failed_before");
  EXPECT_EQ(Run({"fleet", "plan", "--to", "3.9.4"}).code, 0);  // `upgrade` tries it again
  Store(Record(Ended(same, RunOutcome::kSucceeded), 2, 2));
  Write("ensemble.yaml", std::string(kEnsembleText) + "policy: {approval: required}\n");
  refused("plan.needs_approval");
}

TEST_F(FleetChildrenTest, WhatWasNeverShownIsNotBegun) {
  Recorded(EnsembleState::kRunning);  // by a program that stored no digest
  std::vector<std::string> words;
  detach_ = [&](const DetachRequest& request) {
    words = request.words;
    return Detached{.ended = [] { return true; }, .exit_code = [] { return 5; }};
  };
  EXPECT_EQ(Run({"fleet", "resume", "--yes"}).code, 10);
  EXPECT_THAT(words, IsSupersetOf({std::string("--approved"), std::string("none")}));
}

TEST_F(FleetChildrenTest, AHaltedRunThatALaterOneHasClosedIsNotGoneOnWith) {
  Recorded(EnsembleState::kHalted);
  Store(Record(Ended(File("r-1", 1'000), RunOutcome::kHalted), 1, 1));
  Store(Record(Ended(File("r-2", 5'000), RunOutcome::kSucceeded), 2, 1));
  EXPECT_EQ(Run({"fleet", "resume", "--yes"}).code, 10);
  EXPECT_TRUE(begun_.empty());
  EXPECT_EQ(Run({"fleet", "resume", "--retry", "--yes"}).code, 10);
  EXPECT_THAT(begun_,
              ElementsAre(ElementsAre("apply", "--yes", "--run-id", "20231114-221320-3f9a")));
}

TEST_F(FleetChildrenTest, AHaltedRunIsGoneOnWithWhenItIsRetried) {
  Recorded(EnsembleState::kHalted);
  Store(Record(Ended(Own("r-1", 1'000), RunOutcome::kHalted), 1, 1));
  const auto retried = Run({"fleet", "resume", "--retry", "--yes"});
  EXPECT_EQ(retried.code, 10);
  EXPECT_THAT(retried.out, HasSubstr("run r-1 goes on, 1 of 3 servers done"));
  EXPECT_THAT(begun_, Contains(ElementsAre("resume", "r-1", "--yes", "--rollout")));
  EXPECT_EQ(Entry().state, EnsembleState::kHalted);
}

// Looked at and checked before anything begins, as what would be begun anew is.
TEST_F(FleetChildrenTest, ARunThatCannotBeGoneOnWithIsSaidBeforeItIsRetried) {
  Recorded(EnsembleState::kHalted);
  Store(Record(Ended(Own("r-1", 1'000), RunOutcome::kHalted), 1, 1));
  Write("ensemble.yaml",
        std::string(kEnsembleText) + "checks: [{name: mine, command: [/bin/true]}]\n");
  terminal_ = true;
  typed_ = "n\n";
  const auto asked = Run({"fleet", "resume", "--retry"});
  EXPECT_THAT(asked.out, HasSubstr("REFUSED"));
  EXPECT_THAT(asked.out, HasSubstr("problem: lab: "));
  EXPECT_THAT(asked.out, HasSubstr("check"));
  EXPECT_TRUE(begun_.empty());
}

TEST_F(FleetChildrenTest, WhatSomebodyBroughtToAGoodEndIsNotPlannedAnew) {
  Recorded(EnsembleState::kHalted);
  Store(Record(Ended(File("r-1", 1'000), RunOutcome::kSucceeded), 1, 1));
  const auto retried = Run({"fleet", "resume", "--retry", "--yes"});
  EXPECT_EQ(retried.code, 0) << retried.err;
  EXPECT_THAT(retried.out, testing::Not(HasSubstr("TO DO")));
  EXPECT_TRUE(begun_.empty());
}

TEST_F(FleetChildrenTest, ARunThatBrokeOffIsGoneOnWithAndOneThatWasPausedIsNot) {
  Recorded(EnsembleState::kRunning);
  Store(WithEvent(Record(File("r-1", 1'000), 1, 2), "left_open"));
  EXPECT_EQ(Run({"fleet", "resume", "--yes"}).code, 10);
  EXPECT_TRUE(begun_.empty());
  EXPECT_THAT(Entry().message, HasSubstr("paused by somebody else, run r-1 is open"));
  Recorded(EnsembleState::kRunning);
  Store(WithEvent(Record(File("r-1", 1'000), 2, 2), "permitted"));
  code_ = 8;
  EXPECT_EQ(Run({"fleet", "resume", "--yes"}).code, 10);
  EXPECT_THAT(begun_, Contains(ElementsAre("resume", "r-1", "--yes", "--rollout")));
}

// Killed with the fleet, taken over by a person, whose own command was killed too.
TEST_F(FleetChildrenTest, ARunThatAPersonTookOverLastIsNotGoneOnWith) {
  const auto carried = [this](std::uint64_t epoch, const std::string& by) {
    auto record = Record(File("r-1", 1'000), epoch, 1);
    const std::vector<std::string> all{"zoowarden://lab/operator r-1 0badcafe of rollout f-1", by};
    for (std::uint64_t i = 0; i < all.size(); ++i) {
      record.events.push_back({.epoch = i + 1,
                               .sequence = i + 1,
                               .kind = "run_started",
                               .text = "upgrade of ensemble lab by " + all[i] + ", epoch 7"});
    }
    Store(record);
    Recorded(EnsembleState::kRunning);
    begun_.clear();
    EXPECT_EQ(Run({"fleet", "resume", "--yes"}).code, 10);
  };
  carried(1, "zoowarden://lab/operator r-1 00c0ffee");
  EXPECT_TRUE(begun_.empty());
  EXPECT_EQ(Entry().state, EnsembleState::kFailed);
  EXPECT_EQ(Entry().message, "taken over by zoowarden://lab/operator, run r-1 is open");
  carried(2, "zoowarden://lab/operator r-1 00c0ffee of rollout f-0");
  EXPECT_TRUE(begun_.empty());
}

TEST_F(FleetChildrenTest, ARunThatTheRolloutItselfWentOnWithIsGoneOnWith) {
  auto record = Record(File("r-1", 1'000), 1, 1);
  for (std::uint64_t i = 1; i < 3; ++i) {
    record.events.push_back({.epoch = i,
                             .sequence = i,
                             .kind = "run_started",
                             .text = "upgrade of ensemble lab by zoowarden://lab/operator r-1 "
                                     "0badcafe of rollout f-1, epoch 7"});
  }
  Store(record);
  Recorded(EnsembleState::kRunning);
  code_ = 8;
  EXPECT_EQ(Run({"fleet", "resume", "--yes"}).code, 10);
  EXPECT_THAT(begun_, Contains(ElementsAre("resume", "r-1", "--yes", "--rollout")));
}

}  // namespace
}  // namespace zoowarden::controller
