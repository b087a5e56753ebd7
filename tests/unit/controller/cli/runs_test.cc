#include "tests/unit/controller/cli/run_fixture.h"

namespace zoowarden::controller {
namespace {

TEST_F(RunsTest, WithoutAnyRunTheListSaysSo) {
  const auto outcome = Run({"runs", "list"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "no runs yet\n");
}

TEST_F(RunsTest, ListIsNewestFirst) {
  Store(Record(Ended(File("r-1", 1'700'000'000'000), core::RunOutcome::kSucceeded), 1, 9));
  Store(Record(File("r-2", 1'700'000'100'000), 2, 3));
  EXPECT_EQ(Run({"runs", "list"}).err, "");
  EXPECT_EQ(Run({"runs", "list"}).out,
            "ID   STARTED               KIND     TO     STATE      DONE    BY\n"
            "r-2  2023-11-14T22:15:00Z  upgrade  3.9.4  open       0 of 2  "
            "zoowarden://lab/operator\n"
            "r-1  2023-11-14T22:13:20Z  upgrade  3.9.4  succeeded  0 of 2  "
            "zoowarden://lab/operator\n");
}

TEST_F(RunsTest, ARunOfAnotherMachineIsSeenOnTheAgents) {
  AgentsHave({Record(File("r-5", 1'700'000'000'000), 4, 2)});
  const auto outcome = Run({"runs", "list", "-o", "json"});
  EXPECT_NE(outcome.out.find("\"id\": \"r-5\""), std::string::npos);
  EXPECT_NE(outcome.out.find("\"server 1\""), std::string::npos);
}

TEST_F(RunsTest, OnlyTheNewestCopyCounts) {
  Store(Record(File("r-1", 1'700'000'000'000), 1, 9));
  AgentsHave({Record(
      Ended(File("r-1", 1'700'000'000'000), core::RunOutcome::kRolledBack), /*epoch=*/2, 1)});
  const auto outcome = Run({"runs", "list"});
  EXPECT_NE(outcome.out.find("rolled_back"), std::string::npos) << outcome.out;
}

// The control machine was a day ahead when the first of them ran.
TEST_F(RunsTest, WhichRunIsLaterIsSaidByItsEpochAndByNoClock) {
  constexpr std::int64_t kNow = 1'700'000'000'000;
  constexpr std::int64_t kDay = 86'400'000;
  Store(Record(Ended(File("r-1", kNow + kDay), core::RunOutcome::kSucceeded), 1, 9));
  Store(Record(File("r-2", kNow), 2, 3));
  const auto list = Run({"runs", "list"}).out;
  EXPECT_LT(list.find("r-2"), list.find("r-1")) << list;
  EXPECT_NE(Run({"runs", "show", "r-2", "-o", "json"}).out.find("\"open\": true"),
            std::string::npos);
  const auto resumed = Run({"resume", "--yes"}).err;
  EXPECT_EQ(resumed.find("no run is open"), std::string::npos) << resumed;
}

// One agent may be in other hands.
TEST_F(RunsTest, OneAgentAloneClosesNoRunAndReplacesNothingThatWasApproved) {
  constexpr std::int64_t kNow = 1'700'000'000'000;
  const auto open = Record(File("r-1", kNow), 1, 9);
  const auto closed = [&](const std::string& id) {
    return Record(Ended(File(id, kNow), core::RunOutcome::kSucceeded), 1ULL << 60U, 1);
  };
  auto other = File("r-1", kNow);
  other.state.servers.front().target = Generation("another", {3, 9, 5});
  for (const auto& lie : {closed("r-1"), closed("r-9"), Record(other, 1ULL << 60U, 1)}) {
    words_.records = {{{1}, std::vector<RunRecord>{open}},
                      {{2}, std::vector<RunRecord>{open}},
                      {{3}, std::vector<RunRecord>{lie}}};
    words_.record = {{{1}, open}, {{2}, open}, {{3}, lie}};
    const auto out = Run({"runs", "list", "-o", "json"}).out;
    const auto found = out.find("\"id\": \"r-1\"");
    ASSERT_NE(found, std::string::npos) << out;
    EXPECT_NE(out.find("\"open\": true", found), std::string::npos) << out;
    EXPECT_NE(Run({"status"}).out.find("run r-1"), std::string::npos);
    const auto shown = Run({"runs", "show", "r-1"}).out;
    EXPECT_EQ(shown.find("another"), std::string::npos);
    EXPECT_EQ(shown.find("succeeded"), std::string::npos) << shown;
  }
  // What most of them say does.
  words_.records = {{{1}, std::vector<RunRecord>{open}},
                    {{2}, std::vector<RunRecord>{closed("r-1")}},
                    {{3}, std::vector<RunRecord>{closed("r-1")}}};
  EXPECT_EQ(Run({"runs", "list", "-o", "json"}).out.find("\"open\": true"), std::string::npos);
}

TEST_F(RunsTest, ADamagedCopyIsAWarningNotTheEnd) {
  Store(Record(File("r-1", 1'700'000'000'000), 1, 9));
  auto damaged = Record(File("r-2", 1'700'000'000'000), 1, 9);
  damaged.state_json = "{";
  AgentsHave({damaged});
  const auto outcome = Run({"runs", "list"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_NE(outcome.out.find("r-1"), std::string::npos);
  EXPECT_NE(outcome.err.find("warning: the copy of run r-2 (server 1)"), std::string::npos);
}

TEST_F(RunsTest, WithoutACertificateThisMachinesRecordsAreShown) {
  Store(Record(File("r-1", 1'700'000'000'000), 1, 9));
  connect_error_ = "no certificate";
  const auto outcome = Run({"runs", "list"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_NE(outcome.out.find("r-1"), std::string::npos);
  EXPECT_NE(outcome.err.find("only this machine's records"), std::string::npos);
}

TEST_F(RunsTest, AHaltedRunIsAProblemUntilALaterOneBroughtOrder) {
  Store(Record(Ended(File("r-1", 1'700'000'000'000), core::RunOutcome::kHalted), 1, 9));
  auto outcome = Run({"status"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_NE(outcome.out.find("halted run r-1: upgrade to 3.9.4"), std::string::npos);
  Store(Record(Ended(File("r-2", 1'700'000'100'000), core::RunOutcome::kSucceeded), 2, 9));
  outcome = Run({"status"});
  EXPECT_EQ(outcome.code, 0) << outcome.out;
  EXPECT_EQ(outcome.out.find("r-1"), std::string::npos);
}

TEST_F(RunsTest, NobodyIsSentBackFromARepair) {
  auto repair = Ended(File("r-1", 1'700'000'000'000), core::RunOutcome::kHalted);
  repair.kind = "repair";
  for (auto& server : repair.state.servers) {
    server.repair = true;
  }
  Store(Record(repair, 1, 9));
  const auto outcome = Run({"status"});
  EXPECT_NE(outcome.out.find("halted run r-1: repair of server 1, 2, `zoowarden resume` goes on\n"),
            std::string::npos)
      << outcome.out;
  EXPECT_EQ(outcome.out.find("rollback"), std::string::npos) << outcome.out;
}

// What was half rolled still is when a member that was down runs again.
TEST_F(RunsTest, StartingMembersEndsNoHaltedRollAndOnlyWhatWasToStartTheSameOnes) {
  const auto starting = [](const std::string& id, std::set<std::uint32_t> servers, bool repair) {
    auto file =
        File(id, (id[0] == 'a' ? 1'700'000'000'000 : 1'800'000'000'000) + id.back() * 1'000);
    for (auto& server : file.state.servers) {
      server.target = server.origin;
      server.restart = servers.contains(server.id.value);
      server.repair = repair && server.restart;
    }
    return file;
  };
  for (const bool repair : {true, false}) {
    const std::string round = repair ? "a" : "b";
    const std::uint64_t epoch = repair ? 0 : 10;
    const std::int64_t began = repair ? 1'700'000'000'000 : 1'800'000'000'000;
    const auto open = [&](int number) {
      const auto id = round + std::to_string(number);
      const auto out = Run({"runs", "show", id, "-o", "json"}).out;
      return out.find("\"open\": true") != std::string::npos;
    };
    Store(Record(Ended(File(round + "1", began), core::RunOutcome::kHalted), epoch + 1, 9));
    Store(Record(
        Ended(starting(round + "2", {1, 2}, repair), core::RunOutcome::kHalted), epoch + 2, 9));
    Store(Record(
        Ended(starting(round + "3", {1}, repair), core::RunOutcome::kSucceeded), epoch + 3, 9));
    EXPECT_TRUE(open(1)) << repair;
    EXPECT_TRUE(open(2)) << repair << ": server 2 was not started";
    Store(Record(
        Ended(starting(round + "4", {1, 2}, repair), core::RunOutcome::kSucceeded), epoch + 4, 9));
    EXPECT_TRUE(open(1)) << repair;
    EXPECT_FALSE(open(2)) << repair;
    Store(Record(
        Ended(File(round + "5", began + 900'000), core::RunOutcome::kSucceeded), epoch + 5, 9));
    EXPECT_FALSE(open(1)) << repair;
  }
}

TEST_F(RunsTest, WhoWantsBackAfterASuccessIsToldTheWay) {
  Store(Record(Ended(File("r-1", 1'700'000'000'000), core::RunOutcome::kSucceeded), 1, 9));
  EXPECT_NE(Run({"rollback", "--yes"})
                .err.find("nothing to roll back; to go back, roll the old release: `zoowarden "
                          "upgrade --to 3.8.4 --release ARCHIVE`"),
            std::string::npos);
  EXPECT_NE(Run({"resume", "r-1", "--yes"})
                .err.find("run r-1 is closed (succeeded), there is nothing to resume"),
            std::string::npos);
}

TEST_F(RunsTest, ARunOfSettingsOnlyIsUndoneWithSettings) {
  auto file = Ended(File("r-1", 1'700'000'000'000), core::RunOutcome::kSucceeded);
  for (auto& server : file.state.servers) {
    server.target.version = server.origin.version;
  }
  Store(Record(file, 1, 9));
  const auto outcome = Run({"rollback", "r-1", "--yes"});
  EXPECT_NE(outcome.err.find("put the old settings back in ensemble.yaml and `zoowarden apply`"),
            std::string::npos)
      << outcome.err;
}

TEST_F(RunsTest, ShowTellsTheWholeStoryFromTheRecord) {
  auto file = Ended(File("r-1", 1'700'000'000'000), core::RunOutcome::kSucceeded);
  file.state.outcome_text = "every server runs 3.9.4";
  file.state.elections = 1;
  auto record = Record(file, 2, 3);
  record.events = {{.epoch = 1,
                    .sequence = 1,
                    .time_ms = 1'700'000'000'250,
                    .kind = "run_started",
                    .text = "upgrade of ensemble lab"},
                   {.epoch = 2,
                    .sequence = 3,
                    .time_ms = 1'700'000'012'250,
                    .kind = "gate_passed",
                    .server = {1},
                    .text = "server 1: proved\x1b[2J",
                    .json = R"({"canary":"0x5"})"}};
  Store(record);
  EXPECT_EQ(Run({"runs", "show", "r-1"}).out.find("0x5"), std::string::npos);
  EXPECT_EQ(Run({"runs", "show", "r-1", "-v"}).out,
            "run r-1: upgrade of ensemble lab to 3.9.4\n"
            "  state      succeeded: every server runs 3.9.4\n"
            "  began      2023-11-14T22:13:20Z, 12s in all\n"
            "  by         zoowarden://lab/operator, epoch 2\n"
            "  elections  1\n"
            "\n"
            "  server 1  3.8.4 (old1) -> 3.9.4 (new1)\n"
            "  server 2  3.8.4 (old2) -> 3.9.4 (new2), not touched\n"
            "\n"
            "what happened (times are UTC, + is the time since the line before):\n"
            "  22:13:20.250    +0.2s            run_started: upgrade of ensemble lab\n"
            "  --- continued by a controller with epoch 2\n"
            "  22:13:32.250     +12s  server 1  gate_passed: server 1: proved?[2J\n"
            "      evidence: {\"canary\":\"0x5\"}\n");
}

TEST_F(RunsTest, ShowAsJsonCarriesEventsWithTheirEvidence) {
  auto record = Record(File("r-1", 1'700'000'000'000), 1, 1);
  record.events = {{.epoch = 1,
                    .sequence = 1,
                    .time_ms = 1'700'000'000'250,
                    .kind = "gate_passed",
                    .server = {1},
                    .text = "t",
                    .json = R"({"canary":"0x5"})"}};
  Store(record);
  const auto out = Run({"runs", "show", "r-1", "-o", "json"}).out;
  EXPECT_NE(out.find(R"(  "events": [
    {
      "epoch": 1,
      "sequence": 1,
      "time": "2023-11-14T22:13:20.250Z",
      "time_ms": 1700000000250,
      "kind": "gate_passed",
      "server": 1,
      "text": "t",
      "evidence": {
        "canary": "0x5"
      }
    }
  ]
)"),
            std::string::npos)
      << out;
}

TEST_F(RunsTest, EventsOfAllCopiesAreMergedOnce) {
  auto here = Record(File("r-1", 1'700'000'000'000), 1, 2);
  here.events = {{.epoch = 1, .sequence = 1, .kind = "first"},
                 {.epoch = 1, .sequence = 2, .kind = "second"}};
  auto there = Record(File("r-1", 1'700'000'000'000), 2, 3);
  there.events = {{.epoch = 1, .sequence = 2, .kind = "second"},
                  {.epoch = 2, .sequence = 3, .kind = "third"}};
  MergeCopy(here, there);
  ASSERT_EQ(here.events.size(), 3U);
  EXPECT_EQ(here.events[2].kind, "third");
  EXPECT_EQ(here.epoch, 2U);
}

TEST_F(RunsTest, AnUnknownRunIsNamed) {
  const auto outcome = Run({"runs", "show", "r-9"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_NE(outcome.err.find("there is no run 'r-9'"), std::string::npos);
}

TEST_F(RunsTest, ASecondWriterIsRefused) {
  auto first = StoredRunJournal::OpenToWrite(Path("state/lab"));
  ASSERT_TRUE(first);
  const auto second = StoredRunJournal::OpenToWrite(Path("state/lab"));
  ASSERT_FALSE(second);
  EXPECT_EQ(ExitCodeOf(second.error()), ExitCode::kHeld);
  EXPECT_TRUE(StoredRunJournal::OpenToRead(Path("state/lab")));
}

class ForgetRunsTest : public RunsTest {
 protected:
  // r-0 is the newest; each is a day older than the one before.
  void StoreMany(int count, core::RunOutcome outcome) {
    constexpr std::int64_t kDay = 86'400'000;
    for (int i = 0; i < count; ++i) {
      Store(Record(
          Ended(File("r-" + std::to_string(i), 1'700'000'000'000 - i * kDay), outcome), 1, 1));
    }
  }
  std::size_t Stored() {
    return (*StoredRunJournal::OpenToRead(Path("state/lab")))->List().value().size();
  }
};

TEST_F(ForgetRunsTest, OldRecordsGoWhenToldTo) {
  StoreMany(14, core::RunOutcome::kSucceeded);
  EXPECT_EQ(Run({"runs", "forget", "--yes"}).out, "forgot 0 of 14 records\n");
  const auto outcome = Run({"runs", "forget", "--keep", "12", "--yes", "-o", "json"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out.find("\"forgotten\": [\n    \"r-12\",\n    \"r-13\"\n  ]"), 27U)
      << outcome.out;
  EXPECT_NE(outcome.out.find("\"kept\": 12"), std::string::npos) << outcome.out;
  EXPECT_EQ(Stored(), 12U);
  EXPECT_EQ(Run({"runs", "show", "r-12"}).code, 1);
  EXPECT_EQ(Run({"runs", "forget", "--keep-days", "1", "--yes"}).out, "forgot 2 of 12 records\n");
  EXPECT_EQ(Stored(), 10U) << "the ten newest stay whatever their age";
}

TEST_F(ForgetRunsTest, WhatNeedsSomebodyStays) {
  StoreMany(14, core::RunOutcome::kHalted);
  EXPECT_EQ(Run({"runs", "forget", "--keep", "10", "--keep-days", "1", "--yes"}).out,
            "forgot 0 of 14 records\n");
}

TEST_F(ForgetRunsTest, ItAsksFirstAndTakesNoNonsense) {
  EXPECT_EQ(Run({"runs", "forget"}).out, "forgot 0 of 0 records\n") << "and makes no store";
  EXPECT_FALSE(std::filesystem::exists(Path("state/lab/runs.db")));
  StoreMany(11, core::RunOutcome::kSucceeded);
  const auto unasked = Run({"runs", "forget", "--keep", "10"});
  EXPECT_EQ(unasked.code, 2);
  EXPECT_NE(unasked.err.find("--yes"), std::string::npos) << unasked.err;
  for (const char* keep : {"9", "0", "-1", "all", "10001"}) {
    EXPECT_EQ(Run({"runs", "forget", "--keep", keep, "--yes"}).code, 2) << keep;
  }
  EXPECT_EQ(Stored(), 11U);
  const auto writer = StoredRunJournal::OpenToWrite(Path("state/lab"));
  ASSERT_TRUE(writer);
  const auto busy = Run({"runs", "forget", "--keep", "10", "--yes"});
  EXPECT_NE(busy.code, 0);
  EXPECT_NE(busy.err.find("is in use by process"), std::string::npos) << busy.err;
}

}  // namespace
}  // namespace zoowarden::controller
