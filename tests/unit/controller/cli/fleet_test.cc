#include "controller/fleet/fleet_store.h"
#include "controller/run/prepare.h"
#include "tests/unit/controller/cli/fake_world.h"

#include <gmock/gmock.h>

#include <algorithm>

namespace zoowarden::controller {
namespace {

using testing::HasSubstr;
using testing::Not;

class FleetCommandTest : public CommandLineTest {
 protected:
  void SetUp() override {
    CommandLineTest::SetUp();
    environment_.erase("ZOOWARDEN_ENSEMBLE");
    environment_["ZOOWARDEN_FLEET"] = Path("fleet.yaml");
    Write("fleet.yaml", "fleet: all\nensembles: [{files: ensemble.yaml}]\n");
  }

  void Recorded(core::EnsembleState state, bool closed, const std::string& process = "") {
    FleetRecord record{.fleet = "all", .rollout = "f-1", .verb = "upgrade", .to = "3.9.4"};
    record.closed = closed;
    record.ensembles = {
        {.ensemble = "lab", .state = state, .run_id = "r-1", .process = process, .message = "why"}};
    const auto store = FleetStore::Own(Path("state/_fleets/all"));
    ASSERT_TRUE(store) << store.error().message();
    ASSERT_TRUE(store->Save(record));
  }
};

TEST_F(FleetCommandTest, StatusSaysHowEachEnsembleIs) {
  const auto table = Run({"fleet", "status"});
  EXPECT_EQ(table.code, 0) << table.err;
  EXPECT_THAT(table.out, HasSubstr("fleet all: 1 of 1 ensemble healthy, 3 of 3 agents answered"));
  EXPECT_THAT(table.out, HasSubstr("lab       all   healthy  3/3      2       3.9.4"));
  words_.seen[0].process.reset();
  const auto bad = Run({"fleet", "status", "-o", "json"});
  EXPECT_EQ(bad.code, 1);
  EXPECT_THAT(bad.out, HasSubstr("\"serving\": 2"));
  EXPECT_THAT(bad.out, HasSubstr("\"leader\": 2,"));
  EXPECT_THAT(bad.out, HasSubstr("zoowarden status --ensemble"));
}

TEST_F(FleetCommandTest, StatusIsAskedAgainUntilCtrlC) {
  int rounds = 0;
  interrupted_ = [&rounds] { return ++rounds > 3; };
  const auto lines = Run({"fleet", "status", "--every", "5s", "-o", "json"});
  EXPECT_EQ(lines.code, 0) << lines.err;
  EXPECT_EQ(std::count(lines.out.begin(), lines.out.end(), '\n'), 3);
  EXPECT_TRUE(Document::FromJson(lines.out.substr(0, lines.out.find('\n'))));
}

TEST_F(FleetCommandTest, StatusOfAnOpenRolloutSaysWhatToDoNext) {
  Recorded(core::EnsembleState::kRolledBack, false);
  const auto failed = Run({"fleet", "status"});
  EXPECT_EQ(failed.code, 1);
  EXPECT_THAT(failed.out,
              HasSubstr("rollout f-1 (upgrade to 3.9.4) is halted; `zoowarden fleet resume "
                        "--retry` tries what failed again, 1 failed of a budget of 0"));
  EXPECT_THAT(failed.out, HasSubstr("next: lab: `zoowarden runs show r-1 --ensemble"));
  Recorded(core::EnsembleState::kRunning, false);
  const auto running = Run({"fleet", "status"});
  EXPECT_THAT(running.out, HasSubstr("next: lab: `zoowarden fleet resume`"));
  EXPECT_THAT(running.out, HasSubstr("is open; `zoowarden fleet resume` goes on, 0 failed"));
  Recorded(core::EnsembleState::kSucceeded, true);
  const auto over = Run({"fleet", "status"});
  EXPECT_EQ(over.code, 0);
  EXPECT_THAT(over.out, HasSubstr("rollout f-1 (upgrade to 3.9.4) has ended"));
}

TEST_F(FleetCommandTest, OneServerThatTheRolloutRestartsIsNoTrouble) {
  Recorded(core::EnsembleState::kRunning, false);
  const auto owner = FleetStore::Own(Path("state/_fleets/all"));
  auto& restarted = words_.seen[1];  // the leader
  restarted.process.reset();
  restarted.mode = model::Mode::kUnknown;
  restarted.operation = {.operation_id = "r-1-2", .run_id = "r-1"};
  restarted.operation.state = model::OperationState::kStarting;
  const auto rolling = Run({"fleet", "status"});
  EXPECT_EQ(rolling.code, 0) << rolling.out;
  EXPECT_THAT(rolling.out, HasSubstr("0 of 1 ensemble healthy, 1 rolling, 3 of 3 agents"));
  EXPECT_THAT(rolling.out,
              HasSubstr("lab       all   rolling  2/3      -       3.9.4    server 2: "));
  EXPECT_THAT(rolling.out, Not(HasSubstr("problem:")));
  EXPECT_THAT(Run({"fleet", "status", "-o", "json"}).out, HasSubstr("\"leader\": null"));
  const auto troubled = [this] {
    const auto status = Run({"fleet", "status"});
    EXPECT_EQ(status.code, 1);
    EXPECT_THAT(status.out, HasSubstr("ATTENTION"));
    EXPECT_THAT(status.out, HasSubstr("problem: lab: server 2 is down"));
  };
  restarted.operation.state = model::OperationState::kRestartingOld;  // it has failed
  troubled();
  restarted.operation.state = model::OperationState::kStarting;
  restarted.operation.run_id = "of a person";
  troubled();
  restarted.operation.run_id = "r-1";
  words_.seen[0].process.reset();  // a second one
  words_.seen[0].mode = model::Mode::kUnknown;
  troubled();
}

TEST_F(FleetCommandTest, WhatElseIsTheMatterWhileAServerIsRestartedIsTrouble) {
  Recorded(core::EnsembleState::kRunning, false);
  const auto owner = FleetStore::Own(Path("state/_fleets/all"));
  const auto serving = words_.seen;
  const auto restart = [&](std::size_t index) {
    words_.seen = serving;
    auto& restarted = words_.seen[index];
    restarted.process.reset();
    restarted.mode = model::Mode::kUnknown;
    restarted.operation = {.operation_id = "r-1-x", .run_id = "r-1"};
    restarted.operation.state = model::OperationState::kStarting;
    EXPECT_EQ(Run({"fleet", "status"}).code, 0);
  };
  const auto trouble = [this](const std::string& problem) {
    const auto status = Run({"fleet", "status"});
    EXPECT_EQ(status.code, 1);
    EXPECT_THAT(status.out, HasSubstr("ATTENTION"));
    EXPECT_THAT(status.out, HasSubstr("problem: lab: " + problem));
  };
  restart(1);  // the leader
  words_.seen[2] = {.id = {3}, .problem = "no answer"};
  trouble("server 3: its agent does not answer");
  restart(0);  // a follower
  words_.seen[2].mode = model::Mode::kLeader;
  trouble("more than one server says that it leads: 2, 3");
}

// After Ctrl-C its command is asked to stop, and may have a server to bring up first.
TEST_F(FleetCommandTest, WhatIsOnItsWayToASafePointIsStopping) {
  Recorded(core::EnsembleState::kOpen, false, "boot 4711 1");
  alive_ = {"boot 4711 1"};
  auto owner = std::optional(FleetStore::Own(Path("state/_fleets/all")));
  EXPECT_THAT(Run({"fleet", "status"}).out, HasSubstr("3.9.4    stopping  r-1"));
  auto& restarted = words_.seen[0];
  restarted.process.reset();
  restarted.mode = model::Mode::kUnknown;
  restarted.operation = {.operation_id = "r-1-1", .run_id = "r-1"};
  restarted.operation.state = model::OperationState::kStarting;
  const auto stopping = Run({"fleet", "status"});
  EXPECT_EQ(stopping.code, 0) << stopping.out;
  EXPECT_THAT(stopping.out, HasSubstr("rolling  2/3"));
  EXPECT_THAT(stopping.out, HasSubstr("stopping: server 1: starting"));
  EXPECT_THAT(stopping.out, HasSubstr("is being stopped, 0 failed"));
  EXPECT_THAT(stopping.out, HasSubstr("next: lab: `zoowarden attach r-1"));
  EXPECT_THAT(Run({"fleet", "status", "-o", "json"}).out, HasSubstr("\"state\": \"stopping\""));
  owner.reset();  // killed, and its command still runs
  const auto left = Run({"fleet", "status"});
  EXPECT_EQ(left.code, 1);
  EXPECT_THAT(left.out, HasSubstr("open: server 1: starting"));
  EXPECT_THAT(left.out, Not(HasSubstr("nobody carries it out")));
  EXPECT_THAT(left.out, HasSubstr("next: lab: `zoowarden fleet resume`"));
}

// `fleet resume` holds the rollout while it asks, and a server was left in the middle of its step.
TEST_F(FleetCommandTest, NobodyCarriesOutWhatAProcessThatHasGoneWasToCarryOut) {
  auto& restarted = words_.seen[0];
  restarted.process.reset();
  restarted.mode = model::Mode::kUnknown;
  restarted.operation = {.operation_id = "r-1-1", .run_id = "r-1"};
  restarted.operation.state = model::OperationState::kStarting;
  for (const auto state : {core::EnsembleState::kOpen, core::EnsembleState::kRunning}) {
    Recorded(state, false, "boot 4711 1");
    const auto owner = FleetStore::Own(Path("state/_fleets/all"));
    ASSERT_TRUE(owner);
    const auto gone = Run({"fleet", "status"});
    EXPECT_EQ(gone.code, 1) << gone.out;
    EXPECT_THAT(gone.out, HasSubstr("ATTENTION"));
    EXPECT_THAT(gone.out, HasSubstr("problem: lab: server 1 is down"));
    EXPECT_THAT(gone.out, Not(HasSubstr("stop")));
  }
  Recorded(core::EnsembleState::kOpen, false, "boot 4711 1");
  const auto left = Run({"fleet", "status"});
  EXPECT_THAT(left.out, HasSubstr("open: nobody carries it out"));
  EXPECT_THAT(left.out, HasSubstr("next: lab: `zoowarden fleet resume`"));
}

TEST_F(FleetCommandTest, StatusSaysWhyNobodyCarriesAnEnsembleOut) {
  Recorded(core::EnsembleState::kFailed, false);
  words_.seen[0].operation = {.operation_id = "r-1-1", .run_id = "r-1"};
  words_.seen[0].operation.state = model::OperationState::kStaged;
  const auto failed = Run({"fleet", "status"});
  EXPECT_THAT(failed.out, HasSubstr("failed: why  r-1"));
  EXPECT_THAT(failed.out, HasSubstr("\nfailed: lab: why\n"));
  EXPECT_THAT(failed.out, Not(HasSubstr("staged")));
  EXPECT_THAT(Run({"fleet", "status", "-o", "json"}).out, HasSubstr("\"message\": \"why\""));
  Recorded(core::EnsembleState::kOpen, false);
  EXPECT_THAT(Run({"fleet", "status"}).out, HasSubstr("open: nobody carries it out  r-1"));
  Recorded(core::EnsembleState::kRunning, false);
  EXPECT_THAT(Run({"fleet", "status"}).out, HasSubstr("server 1: staged"));
}

TEST_F(FleetCommandTest, ACommandThatIsNamedMayBeTypedAnywhere) {
  Recorded(core::EnsembleState::kRolledBack, false);
  const auto status = Run({"fleet", "status", "--pki", "keys"});
  const auto keys = (std::filesystem::current_path() / "keys/lab").native();
  EXPECT_THAT(status.out, HasSubstr(" --pki '" + keys + "'"));
}

TEST_F(FleetCommandTest, OneHasNoPlural) {
  Write("ensemble.yaml", std::string(kEnsembleText) + "policy: {soak: 3s}\n");
  EXPECT_THAT(Run({"fleet", "plan"}).out,
              HasSubstr("1 of 1 ensemble to change, 3 servers to restart, in 1 wave\nat most 1 "
                        "ensemble at a time, 0.0s of soak between waves, more than 0 failures "));
}

TEST_F(FleetCommandTest, StatusOfADamagedRecordIsNotThatNothingWasBegun) {
  Recorded(core::EnsembleState::kSucceeded, true);
  Write("state/_fleets/all/rollout.json", "{");
  const auto damaged = Run({"fleet", "status"});
  EXPECT_EQ(damaged.code, 1);
  EXPECT_THAT(damaged.out, HasSubstr("problem: what was rolled is not known: "));
  EXPECT_THAT(damaged.out, Not(HasSubstr("no rollout is recorded")));
  const auto json = Run({"fleet", "status", "-o", "json"});
  EXPECT_THAT(json.out, HasSubstr("\"rollout_problem\": \""));
  EXPECT_THAT(json.out, HasSubstr("\"healthy\": false"));
}

TEST_F(FleetCommandTest, ASecondRolloutIsRefusedWhileOneIsOpenOrAnotherProcessRolls) {
  Recorded(core::EnsembleState::kHalted, false);
  const auto open = Run({"fleet", "apply", "--yes", "-o", "json"});
  EXPECT_EQ(open.code, 5);
  EXPECT_THAT(open.out, HasSubstr("\"reason\": \"fleet.rollout_open\""));
  const auto other = FleetStore::Own(Path("state/_fleets/all"));
  ASSERT_TRUE(other);
  EXPECT_EQ(Run({"fleet", "apply", "--yes"}).code, 8);
  EXPECT_EQ(Run({"fleet", "resume", "--yes"}).code, 8);
  EXPECT_EQ(Run({"fleet", "status"}).code, 1);  // looking is always possible
}

TEST_F(FleetCommandTest, WhereNoPlanCanBeCarriedOutNothingBegins) {
  words_.seen.front().answered = false;
  const auto plan = Run({"fleet", "plan", "-o", "json"});
  EXPECT_EQ(plan.code, 5) << plan.out;
  EXPECT_THAT(plan.out, HasSubstr("\"reason\": \"fleet.bad_plans\""));
  detach_ = [](const DetachRequest&) -> base::Result<Detached> {
    ADD_FAILURE() << "a command was begun";
    return Detached{};
  };
  const auto refused = Run({"fleet", "apply", "--yes", "-o", "json"});
  EXPECT_EQ(refused.code, 5);
  EXPECT_THAT(refused.out, HasSubstr("\"reason\": \"fleet.beyond_budget\""));
  EXPECT_EQ(Run({"fleet", "resume", "--yes"}).code, 1);  // none was begun
}

TEST_F(FleetCommandTest, WhereNothingIsToBeDoneNobodyIsAskedAndNothingBegins) {
  const auto wanted = WantedGenerations(config::LoadEnsembleFile(Path("ensemble.yaml"))->spec);
  for (auto& seen : words_.seen) {
    seen.current = wanted.at(seen.id);
    seen.process->generation = seen.current->digest;
  }
  const auto nothing = Run({"fleet", "apply"});
  EXPECT_EQ(nothing.code, 0) << nothing.err;
  EXPECT_THAT(nothing.out, HasSubstr("nothing to do"));
  EXPECT_THAT(Run({"fleet", "apply", "-o", "json"}).out, HasSubstr("\"nothing_to_do\": true"));
  EXPECT_THAT(Run({"fleet", "status"}).out, HasSubstr("no rollout is recorded"));
}

TEST_F(FleetCommandTest, ARolloutThatIsLeftIsForgottenWhereNothingIsToBeDone) {
  Recorded(core::EnsembleState::kHalted, false);
  const auto wanted = WantedGenerations(config::LoadEnsembleFile(Path("ensemble.yaml"))->spec);
  for (auto& seen : words_.seen) {
    seen.current = wanted.at(seen.id);
    seen.process->generation = seen.current->digest;
  }
  const auto left = Run({"fleet", "apply", "--leave-open", "--yes"});
  EXPECT_EQ(left.code, 0) << left.err;
  EXPECT_THAT(left.out, HasSubstr("nothing to do"));
  EXPECT_THAT(left.err, HasSubstr("rollout f-1 is forgotten"));
  const auto status = Run({"fleet", "status"});
  EXPECT_EQ(status.code, 0) << status.out;
  EXPECT_THAT(status.out, HasSubstr("no rollout is recorded on this machine"));
  EXPECT_THAT(status.out, Not(HasSubstr("why")));
  EXPECT_EQ(Run({"fleet", "resume", "--yes"}).code, 1);
  // One that has ended is not forgotten.
  Recorded(core::EnsembleState::kHalted, true);
  EXPECT_THAT(Run({"fleet", "apply", "--leave-open", "--yes"}).err, Not(HasSubstr("forgotten")));
  EXPECT_THAT(Run({"fleet", "status"}).out, HasSubstr("rollout f-1 (upgrade to 3.9.4) has ended"));
}

TEST_F(FleetCommandTest, WhatIsForgottenIsNotBegunByARetry) {
  Recorded(core::EnsembleState::kWaiting, false);
  const auto wanted = WantedGenerations(config::LoadEnsembleFile(Path("ensemble.yaml"))->spec);
  for (auto& seen : words_.seen) {
    seen.current = wanted.at(seen.id);
    seen.process->generation = seen.current->digest;
  }
  ASSERT_EQ(Run({"fleet", "apply", "--leave-open", "--yes"}).code, 0);
  detach_ = [](const DetachRequest&) -> base::Result<Detached> {
    ADD_FAILURE() << "a command was begun";
    return base::Fail(base::ErrorCode::kInternal, "test", "not here");
  };
  const auto again = Run({"fleet", "resume", "--retry", "--yes"});
  EXPECT_EQ(again.code, 1);
  EXPECT_THAT(again.err, HasSubstr("no rollout of fleet all is open"));
}

TEST_F(FleetCommandTest, APlanThatGoesBackSaysSo) {
  std::string text = kEnsembleText;
  text.replace(text.find("3.9.4"), 5, "3.9.2");
  Write("ensemble.yaml", text);
  const auto plan = Run({"fleet", "plan"});
  EXPECT_EQ(plan.code, 0) << plan.err;
  EXPECT_THAT(plan.out, HasSubstr("warning: lab: "));
  EXPECT_THAT(plan.out, HasSubstr("version 3.9.2 is older than the running 3.9.4"));
}

TEST_F(FleetCommandTest, WhatFailedWithinTheBudgetIsTriedAgainByResume) {
  Write("fleet.yaml",
        "fleet: all\nensembles: [{files: ensemble.yaml}]\npolicy: {error_budget: 1}\n");
  Recorded(core::EnsembleState::kRefused, false);
  const auto ended = Run({"fleet", "resume", "--yes"});
  EXPECT_EQ(ended.code, 1);
  EXPECT_THAT(ended.err, HasSubstr("`zoowarden fleet resume --retry` tries it again"));
  EXPECT_EQ(Run({"fleet", "resume", "--yes"}).code, 1);  // it is closed
  int begun = 0;
  detach_ = [&begun](const DetachRequest&) {
    ++begun;
    return Detached{.ended = [] { return true; }, .exit_code = [] { return 0; }};
  };
  EXPECT_EQ(Run({"fleet", "resume", "--retry", "--yes"}).code, 0);
  EXPECT_EQ(begun, 1);
}

TEST_F(FleetCommandTest, MistakesAreUsageErrors) {
  EXPECT_EQ(Run({"fleet", "status", "--ensemble", "x.yaml"}).code, 2);
  EXPECT_EQ(Run({"fleet", "status", "--every", "5"}).code, 2);
  EXPECT_EQ(Run({"fleet", "upgrade"}).code, 2);
  Write("fleet.yaml", "fleet: all\nensembles: [{files: nowhere.yaml}]\n");
  EXPECT_EQ(Run({"fleet", "plan"}).code, 2);
  environment_.erase("ZOOWARDEN_FLEET");
  const auto none = Run({"fleet", "plan"});
  EXPECT_EQ(none.code, 2);
  EXPECT_THAT(none.err, HasSubstr("name the file with --fleet FILE or ZOOWARDEN_FLEET"));
}

}  // namespace
}  // namespace zoowarden::controller
