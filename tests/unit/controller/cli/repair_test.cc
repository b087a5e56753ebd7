// What `zoowarden repair` plans, refuses and says before it begins.
#include "tests/unit/controller/cli/as_desired.h"

namespace zoowarden::controller {
namespace {

// Server 3 is down.
class RepairTest : public AsDesiredTest {
 protected:
  void SetUp() override {
    AsDesiredTest::SetUp();
    for (auto& seen : words_.seen) {
      seen.generations = {seen.current->digest};
    }
    Down(3);
  }

  model::MemberObservation& Seen(std::uint32_t id) { return words_.seen.at(id - 1); }
  void Down(std::uint32_t id) {
    Seen(id).process.reset();
    Seen(id).processes_visible = true;
    Seen(id).mode = model::Mode::kUnknown;
  }
};

TEST_F(RepairTest, WhoIsDownIsStartedOnWhatItHas) {
  const auto outcome = Run({"repair", "--yes"});
  EXPECT_TRUE(WouldBegin(outcome)) << outcome.err;
  EXPECT_NE(outcome.out.find("repair of ensemble lab: 1 of 3 members to start"), std::string::npos)
      << outcome.out;
  EXPECT_NE(outcome.out.find("  1. start server 3: 3.9.4\n"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("2 of 3 voters serve"), std::string::npos) << outcome.out;
  EXPECT_EQ(outcome.out.find("NO QUORUM"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("  - after each start: the process we started, of the generation we "
                             "meant, with the version we meant, proved in a quorum within"),
            std::string::npos)
      << outcome.out;
}

TEST_F(RepairTest, NobodyDownIsNothingToDo) {
  Seen(3) = Seen(1);
  Seen(3).id = {3};
  const auto outcome = Run({"repair", "--yes"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("nothing to do: no member of ensemble lab is down"), std::string::npos)
      << outcome.out;
}

TEST_F(RepairTest, WithoutAQuorumItSaysWhatItCannotPromise) {
  Down(1);
  Seen(2).mode = model::Mode::kNotServing;
  const auto outcome = Run({"repair", "--yes"});
  EXPECT_TRUE(WouldBegin(outcome)) << outcome.err;
  EXPECT_NE(outcome.out.find("NO QUORUM: 0 of 3 members serve"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("what cannot be promised without a quorum"), std::string::npos);
  EXPECT_NE(
      outcome.out.find("  - after each start, until a quorum has formed: the process we "
                       "started, of the generation we meant, is there; nothing more is proved "
                       "before the next is started\n"),
      std::string::npos)
      << outcome.out;
  EXPECT_NE(outcome.out.find("server 2 does not serve and is not touched"), std::string::npos);
}

TEST_F(RepairTest, OneThatServesOrMayComeBackIsRefused) {
  const auto serves = Run({"repair", "--server", "1", "--yes"});
  EXPECT_EQ(serves.code, static_cast<int>(ExitCode::kRefused));
  EXPECT_NE(serves.err.find("server 1 is not down: its process"), std::string::npos) << serves.err;
  EXPECT_NE(serves.err.find("zoowarden restart"), std::string::npos) << serves.err;
  EXPECT_EQ(serves.out.find("start server"), std::string::npos) << serves.out;
  EXPECT_EQ(serves.out.find("gates:"), std::string::npos) << serves.out;
  Seen(1).mode = model::Mode::kNotServing;
  const auto hangs = Run({"repair", "--server", "1", "--yes"});
  EXPECT_NE(hangs.err.find("end that process by hand"), std::string::npos) << hangs.err;
  Seen(3).processes_visible = false;
  const auto hidden = Run({"repair", "--server", "3", "--yes"});
  EXPECT_NE(hidden.err.find("cannot prove that nothing else serves its data"), std::string::npos)
      << hidden.err;
  Seen(3).answered = false;
  const auto silent = Run({"repair", "--server", "3", "--yes"});
  EXPECT_EQ(silent.code, static_cast<int>(ExitCode::kRefused));
  EXPECT_NE(silent.err.find("server 3: its agent does not answer"), std::string::npos);
  EXPECT_EQ(Run({"repair", "--server", "9", "--yes"}).code, 2);
}

TEST_F(RepairTest, AMemberThatIsDownIsNotSaidToBeStopped) {
  steps_ = {
      {.server = {3},
       .state = model::OperationState::kStopping,
       .detail = "asked by run r-1",
       .permitted = false},
      {.server = {1}, .state = model::OperationState::kStopping, .detail = "asked by run r-2"}};
  const auto outcome = Run({"repair", "--yes"});
  EXPECT_NE(
      outcome.err.find("step               server 3: making sure that it is stopped: asked by "
                       "run r-1\n"),
      std::string::npos)
      << outcome.err;
  EXPECT_NE(outcome.err.find("step               server 1: stopping: asked by run r-2\n"),
            std::string::npos)
      << outcome.err;
}

TEST_F(RepairTest, AStandaloneMemberIsLookedAtFirst) {
  Seen(1).mode = model::Mode::kStandalone;
  const auto outcome = Run({"repair", "--yes"});
  EXPECT_EQ(outcome.code, static_cast<int>(ExitCode::kRefused));
  EXPECT_NE(outcome.err.find("server 1 runs STANDALONE"), std::string::npos) << outcome.err;
}

TEST_F(RepairTest, AnAgentThatIsSilentElsewhereIsNoObstacle) {
  Seen(1).answered = false;
  Seen(1).current.reset();
  const auto outcome = Run({"repair", "--yes"});
  EXPECT_TRUE(WouldBegin(outcome)) << outcome.err;
  EXPECT_NE(outcome.out.find("server 1 does not serve and is not touched: its agent does not"),
            std::string::npos)
      << outcome.out;
}

TEST_F(RepairTest, TheDesiredStateShowsWhatChanges) {
  auto changed = spec_;
  changed.config.settings["tickTime"] = "2500";
  Seen(3).current = WantedGenerations(changed).at({3});
  Seen(3).settings = changed.config.settings;
  const auto as_it_was = Run({"repair", "--yes"});
  EXPECT_EQ(as_it_was.out.find("new configuration"), std::string::npos) << as_it_was.out;
  const auto outcome = Run({"repair", "--by", "desired", "--yes"});
  EXPECT_TRUE(WouldBegin(outcome)) << outcome.err;
  EXPECT_NE(outcome.out.find("start server 3: 3.9.4, new configuration"), std::string::npos)
      << outcome.out;
  EXPECT_NE(outcome.out.find("-tickTime=2500\n+tickTime=2000"), std::string::npos) << outcome.out;
}

TEST_F(RepairTest, WhatWasThereBeforeComesFromTheRecords) {
  const auto unknown = Run({"repair", "--by", "previous", "--yes"});
  EXPECT_EQ(unknown.code, static_cast<int>(ExitCode::kRefused)) << unknown.err;
  EXPECT_NE(unknown.err.find("server 3: no record that this machine or most agents have tells"),
            std::string::npos)
      << unknown.err;

  const auto had = Seen(3).current;
  auto before = *had;
  before.digest = "0123456789abcdef";
  before.version = {3, 8, 4};
  auto seen = words_.seen;
  seen.at(2).current = before;
  auto run = MakeRun(MakePlanInput(spec_, seen, false),
                     {.run_id = "r-1", .kind = "upgrade", .created_ms = 1'000});
  core::ServerOf(run.state, {3}).changed = true;
  run.state.phase = core::RunPhase::kEnded;
  run.state.outcome = core::RunOutcome::kSucceeded;
  const RunRecord record{
      .run_id = "r-1", .ensemble = "lab", .epoch = 3, .state_json = EncodeRun(run)};
  words_.records = {{{1}, std::vector<RunRecord>{record}},
                    {{2}, std::vector<RunRecord>{}},
                    {{3}, std::vector<RunRecord>{}}};
  Seen(3).generations.push_back(before.digest);
  const auto alone = Run({"repair", "--by", "previous", "--yes"});
  EXPECT_NE(alone.err.find("server 3: no record that this machine or most agents have tells"),
            std::string::npos)
      << "one agent says what another server starts: " << alone.err;
  Seen(3).generations.pop_back();
  words_.records.at(2).result->push_back(record);
  const auto gone = Run({"repair", "--by", "previous", "--yes"});
  EXPECT_NE(gone.err.find("is not on the server any more"), std::string::npos) << gone.err;
  Seen(3).generations.push_back(before.digest);
  const auto outcome = Run({"repair", "--by", "previous", "--yes"});
  EXPECT_TRUE(WouldBegin(outcome)) << outcome.err;
  EXPECT_NE(outcome.out.find("start server 3: 3.9.4 -> 3.8.4"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("server 3 is to run 3.8.4 beside server 1 3.9.4"), std::string::npos)
      << outcome.out;
}

// Actual: no difference is shown at all. Expected: what `plan` would show, secrets masked; where no
// record has it, that it goes back to this generation.
TEST_F(RepairTest, WhatWasThereBeforeIsComparedWithWhatIsThere) {
  auto older = spec_;
  older.config.settings["tickTime"] = "2500";
  older.config.settings["ssl.keyStore.password"] = "hunter2";
  older.config.java.heap = "512m";
  const auto before = WantedGenerations(older).at({3});
  const auto led_to = [&](const char* id, const model::EnsembleSpec& spec, std::uint64_t epoch) {
    auto seen = words_.seen;
    seen.at(2).current = epoch == 1 ? Seen(1).current : before;
    auto run = MakeRun(MakePlanInput(spec, seen, false), {.run_id = id, .kind = "apply"});
    core::ServerOf(run.state, {3}).changed = true;
    run.state.phase = core::RunPhase::kEnded;
    run.state.outcome = core::RunOutcome::kSucceeded;
    return RunRecord{.run_id = id, .ensemble = "lab", .epoch = epoch, .state_json = EncodeRun(run)};
  };
  Seen(3).generations.push_back(before.digest);
  const auto newer = led_to("r-2", spec_, 2);
  words_.records = {{{1}, std::vector<RunRecord>{newer}}, {{2}, std::vector<RunRecord>{newer}}};
  const auto unknown = Run({"repair", "--by", "previous", "--yes"});
  EXPECT_NE(unknown.out.find("configuration of server 3:\n  generation " + before.digest +
                             " (3.9.4) is there as it was; no record says how its configuration "
                             "differs\n"),
            std::string::npos)
      << unknown.out;
  for (auto& answer : words_.records) {
    answer.result->push_back(led_to("r-1", older, 1));
  }
  const auto outcome = Run({"repair", "--by", "previous", "--yes"});
  EXPECT_TRUE(WouldBegin(outcome)) << outcome.err;
  EXPECT_NE(outcome.out.find("-tickTime=2000\n+tickTime=2500"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("+ssl.keyStore.password=********"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("+java heap 512m"), std::string::npos) << outcome.out;
  EXPECT_EQ(outcome.out.find("hunter2"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("rolled out by these starts"), std::string::npos) << outcome.out;
}

// What is on the server was approved once; what ensemble.yaml says by now was not.
TEST_F(RepairTest, WhereASecondPersonApprovesOnlyWhatWasThereIsStarted) {
  auto text = *sys::ReadFile(Path("ensemble.yaml"), 1U << 20U);
  Write("ensemble.yaml", text + "\npolicy: {approval: required}\n");
  EXPECT_TRUE(WouldBegin(Run({"repair", "--yes"})));
  Seen(3).current->digest = "0123456789abcdef";
  EXPECT_TRUE(WouldBegin(Run({"repair", "--yes"})));
  const auto desired = Run({"repair", "--by", "desired", "--yes"});
  EXPECT_NE(desired.err.find("nobody has approved"), std::string::npos) << desired.err;
}

}  // namespace
}  // namespace zoowarden::controller
