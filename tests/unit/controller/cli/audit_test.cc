#include "tests/unit/controller/cli/fake_world.h"

namespace zoowarden::controller {
namespace {

std::vector<journal::AuditRow> Rows(std::uint64_t count) {
  std::vector<journal::AuditRow> rows;
  std::string previous = journal::NoAuditHash();
  for (std::uint64_t i = 1; i <= count; ++i) {
    const journal::AuditEntry entry{.time_ms = 1'763'820'000'000,
                                    .caller = "zoowarden://lab/operator",
                                    .method = "OperateService/Begin",
                                    .run_id = "r" + std::to_string(i),
                                    .code = i == 2 ? "aborted" : "ok",
                                    .reason = i == 2 ? "fence.stale_epoch" : "",
                                    .count = i == 2 ? 12U : 1U};
    previous = journal::AuditHash(previous, i, entry);
    rows.push_back({.number = i, .entry = entry, .hash = previous});
  }
  return rows;
}

class AuditTest : public CommandLineTest {
 protected:
  void SetUp() override {
    CommandLineTest::SetUp();
    for (const std::uint32_t id : {1U, 2U, 3U}) {
      words_.audit[{id}] = Rows(id + 3);
    }
  }
};

TEST_F(AuditTest, ShowsWhoAskedForWhatAndHowItEnded) {
  const auto outcome = Run({"audit", "show", "--server", "2"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("zoowarden://lab/operator"), std::string::npos);
  EXPECT_NE(outcome.out.find("fence.stale_epoch x12"), std::string::npos) << outcome.out;
  EXPECT_EQ(Run({"audit", "show", "--server", "9"}).code, static_cast<int>(ExitCode::kUsage));
}

TEST_F(AuditTest, UnbrokenChainsVerifyAndAreRemembered) {
  EXPECT_EQ(Run({"audit", "verify"}).code, 0);
  words_.audit[{2}] = Rows(9);
  EXPECT_EQ(Run({"audit", "verify"}).code, 0) << "they grow";
}

TEST_F(AuditTest, AnEditedRowIsFoundAndNamedWithItsServer) {
  words_.audit[{2}][1].entry.caller = "zoowarden://lab/viewer";
  const auto outcome = Run({"audit", "verify"});
  EXPECT_EQ(outcome.code, static_cast<int>(ExitCode::kError));
  EXPECT_NE(outcome.err.find("server 2: row 2 is not what was recorded"), std::string::npos)
      << outcome.err;
}

TEST_F(AuditTest, RowsCutOffSinceTheLastLookAreFoundAndStayFound) {
  ASSERT_EQ(Run({"audit", "verify"}).code, 0);
  words_.audit[{3}].pop_back();
  for (int i = 0; i < 2; ++i) {
    const auto outcome = Run({"audit", "verify", "--server", "3"});
    EXPECT_EQ(outcome.code, static_cast<int>(ExitCode::kError));
    EXPECT_NE(outcome.err.find("row 6 is missing from the end"), std::string::npos) << outcome.err;
  }
  EXPECT_EQ(Run({"audit", "verify", "--server", "1"}).code, 0);
  EXPECT_NE(Run({"audit", "verify"}).code, 0) << "looking at another server forgets nothing";
}

TEST_F(AuditTest, ADamagedMemoryIsNotTakenForNone) {
  ASSERT_EQ(Run({"audit", "verify"}).code, 0);
  Write("state/lab/audit-heads.json", R"({"format": 1})");
  const auto outcome = Run({"audit", "verify"});
  EXPECT_EQ(outcome.code, static_cast<int>(ExitCode::kError));
  EXPECT_NE(outcome.err.find("audit-heads.json cannot be read"), std::string::npos) << outcome.err;
}

TEST_F(AuditTest, AnAgentThatDoesNotAnswerIsNoSuccess) {
  words_.audit.erase({1});
  EXPECT_NE(Run({"audit", "verify"}).code, 0);
  EXPECT_NE(Run({"audit", "show"}).code, 0);
}

}  // namespace
}  // namespace zoowarden::controller
