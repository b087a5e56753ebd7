// Whoever changes the audit in the journal's file is found, and the row is named.
#include "journal/agent_journal.h"
#include "journal/audit_chain.h"
#include "journal/audit_table.h"
#include "journal/database.h"
#include "sys/files.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>

#include <array>

namespace zoowarden::journal {
namespace {

constexpr std::uint64_t kRows = 7;

AuditEntry AnEntry(std::uint64_t i) {
  return {.time_ms = 1'000 + static_cast<std::int64_t>(i),
          .caller = "zoowarden://lab/operator",
          .method = "OperateService/Begin",
          .run_id = "run" + std::to_string(i % 2),
          .epoch = i,
          .operation_id = "op" + std::to_string(i),
          .sequence = 3 * i,
          .code = i % 3 == 0 ? "aborted" : "ok",
          .reason = i % 3 == 0 ? "fence.stale_epoch" : "",
          .detail = "from 'a' to 'b'"};
}

std::string Verdict(const std::vector<AuditRow>& rows,
                    const std::optional<AuditHead>& seen = std::nullopt) {
  const auto verified = VerifyAudit(rows, seen);
  return verified ? "head " + std::to_string(verified->number)
                  : verified.error().reason() + ": " + verified.error().message();
}

std::vector<AuditRow> AllOf(AgentJournal& journal) {
  return journal.ListAudit(0, 1'000'000).value();
}

class AuditFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto created = sys::TempDir::Create("/tmp", "zw-audit-");
    ASSERT_TRUE(created);
    directory_.emplace(std::move(*created));
    const auto journal = OpenAgentJournal(Path()).value();
    for (std::uint64_t i = 1; i <= kRows; ++i) {
      ASSERT_TRUE(journal->Audit({AnEntry(i)}));
    }
    head_ = VerifyAudit(journal->ListAudit(0, 100).value(), std::nullopt).value();
  }
  std::filesystem::path Path() { return directory_->path() / "journal.db"; }

  // As root with an editor could, and no better.
  static void Tamper(SQLite::Database& file, const std::string& sql) {
    const std::string trigger =
        file.execAndGet("SELECT sql FROM sqlite_schema WHERE name = 'audit_is_kept'").getString();
    file.exec("DROP TRIGGER audit_is_kept");
    const int before = file.getTotalChanges();
    file.exec(sql);
    EXPECT_GT(file.getTotalChanges(), before) << sql;
    file.exec(trigger);
  }
  // The verdict about the file so changed, which then is as it was.
  std::string After(const std::string& sql, const std::optional<AuditHead>& seen = std::nullopt) {
    SQLite::Database file(Path().native(), SQLite::OPEN_READWRITE);
    const SQLite::Transaction undone(file);
    Tamper(file, sql);
    return Verdict(ReadAudit(file, 0, 1'000'000), seen);
  }

  std::optional<sys::TempDir> directory_;
  AuditHead head_;
};

TEST_F(AuditFileTest, UntouchedItVerifies) {
  const auto journal = OpenAgentJournal(Path()).value();
  EXPECT_EQ(Verdict(AllOf(*journal)), "head 7");
  EXPECT_EQ(Verdict(AllOf(*journal), head_), "head 7");
  EXPECT_EQ(journal->ListAudit(0, 1).value().front().entry, AnEntry(1));
  EXPECT_EQ(journal->ListAudit(5, 100).value().size(), 2U);
}

TEST_F(AuditFileTest, AnEditOfAnyColumnOfAnyRowIsFoundAndNamed) {
  for (std::uint64_t row = 1; row <= kRows; ++row) {
    for (const std::string change : {"time_ms = time_ms + 1",
                                     "caller = 'zoowarden://lab/viewer'",
                                     "method = 'OperateService/Close'",
                                     "run_id = 'run7'",
                                     "epoch = epoch + 1",
                                     "operation_id = ''",
                                     "sequence = sequence + 1",
                                     "code = 'permission_denied'",
                                     "reason = 'x'",
                                     "detail = 'from ''a'' to ''c'''",
                                     "count = 2",
                                     "hash = replace(hash, substr(hash, 1, 1), 'g')"}) {
      const auto verdict =
          After("UPDATE audit SET " + change + " WHERE number = " + std::to_string(row));
      EXPECT_TRUE(verdict.starts_with("audit.row_changed: row " + std::to_string(row) + " is"))
          << change << ": " << verdict;
    }
  }
}

TEST_F(AuditFileTest, ARemovedRowIsFoundAndNamed) {
  for (std::uint64_t row = 1; row < kRows; ++row) {
    const std::string name = std::to_string(row);
    EXPECT_EQ(After("DELETE FROM audit WHERE number = " + name),
              (row == 1 ? "audit.start_missing: row 1 is missing and no checkpoint tells of it"
                        : "audit.row_missing: row " + name + " is missing") +
                  "; keep the agent's state directory for an investigation");
    const auto closed = After("DELETE FROM audit WHERE number = " + name +
                              "; UPDATE audit SET number = number - 1 WHERE number > " + name);
    EXPECT_TRUE(closed.starts_with("audit.row_changed: row " + name)) << closed;
  }
}

TEST_F(AuditFileTest, TwoRowsThatChangedPlacesAreFound) {
  for (std::uint64_t row = 1; row < kRows; ++row) {
    const std::string a = std::to_string(row);
    const std::string b = std::to_string(row + 1);
    const auto verdict = After("UPDATE audit SET number = 99 WHERE number = " + a +
                               "; UPDATE audit SET number = " + a + " WHERE number = " + b +
                               "; UPDATE audit SET number = " + b + " WHERE number = 99");
    EXPECT_TRUE(verdict.starts_with("audit.row_changed: row " + a)) << verdict;
  }
}

TEST_F(AuditFileTest, AnEndThatWasCutOffIsFoundByWhoKeptItsHash) {
  for (std::uint64_t left = 0; left < kRows; ++left) {
    const std::string sql = "DELETE FROM audit WHERE number > " + std::to_string(left);
    EXPECT_EQ(After(sql), "head " + std::to_string(left)) << "a chain alone cannot tell";
    const auto verdict = After(sql, head_);
    EXPECT_TRUE(verdict.starts_with("audit.truncated: row")) << verdict;
    EXPECT_NE(verdict.find("saw row 7"), std::string::npos) << verdict;
  }
}

TEST_F(AuditFileTest, AnEndThatWasMadeAnewIsFoundByWhoKeptItsHash) {
  {
    SQLite::Database file(Path().native(), SQLite::OPEN_READWRITE);
    Tamper(file, "DELETE FROM audit WHERE number > 4");
  }
  const auto journal = OpenAgentJournal(Path()).value();
  for (std::uint64_t i = 5; i <= kRows + 1; ++i) {
    ASSERT_TRUE(journal->Audit({AnEntry(i + 100)}));
  }
  EXPECT_EQ(Verdict(AllOf(*journal)), "head 8");
  EXPECT_TRUE(Verdict(AllOf(*journal), head_).starts_with("audit.rewritten: row 7 is another one"));
}

TEST(AuditTest, RowsAreNotUpdatedByTheProgram) {
  const auto directory = sys::TempDir::Create("/tmp", "zw-audit-").value();
  const auto path = directory.path() / "journal.db";
  ASSERT_TRUE(OpenAgentJournal(path).value()->Audit({AnEntry(1)}));
  SQLite::Database file(path.native(), SQLite::OPEN_READWRITE);
  EXPECT_THROW(file.exec("UPDATE audit SET caller = ''"), SQLite::Exception);
}

TEST(AuditTest, NoFieldCanImitateAnother) {
  AuditEntry one = AnEntry(1);
  AuditEntry other = one;
  one.code = "ok";
  one.reason = "x";
  other.code = "okx";
  other.reason = "";
  EXPECT_NE(AuditHash(NoAuditHash(), 1, one), AuditHash(NoAuditHash(), 1, other));
}

TEST(AuditTest, TheFormOfAHashIsFrozen) {
  EXPECT_EQ(AuditHash(NoAuditHash(), 1, AnEntry(1)),
            "cd95f0c4c7131019b859e334c2078d84a2bb62db82bc6c570e2ee79094f93d98");
}

// A journal that has dropped its oldest rows once; made once, because ten thousand rows take time.
class AuditRetentionTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    const auto journal = OpenAgentJournalInMemory().value();
    std::vector<AuditEntry> entries;
    for (std::uint64_t i = 1; i <= kMostAuditRows; ++i) {
      entries.push_back(AnEntry(i));
    }
    ASSERT_TRUE(journal->Audit(entries));
    before_ = AllOf(*journal);
    ASSERT_TRUE(journal->Audit({AnEntry(kMostAuditRows + 1)}));
    after_ = AllOf(*journal);
  }
  static void TearDownTestSuite() {
    before_.clear();
    after_.clear();
  }
  static std::vector<AuditRow> before_;
  static std::vector<AuditRow> after_;
  std::vector<AuditRow> rows_ = after_;
};

std::vector<AuditRow> AuditRetentionTest::before_;
std::vector<AuditRow> AuditRetentionTest::after_;

TEST_F(AuditRetentionTest, TheOldestRowsGoAndTheRestStillVerifies) {
  EXPECT_EQ(before_.size(), kMostAuditRows);
  EXPECT_EQ(rows_.front().number, kAuditRowsDropped + 1);
  EXPECT_EQ(rows_.size(), kMostAuditRows - kAuditRowsDropped + 2);
  EXPECT_EQ(Verdict(rows_), "head " + std::to_string(kMostAuditRows + 2));
  // The head that was kept may be of a row that is gone, the last one gone, or one that is there.
  for (const std::uint64_t seen : {std::uint64_t{5}, kAuditRowsDropped, kAuditRowsDropped + 7}) {
    EXPECT_TRUE(VerifyAudit(rows_, AuditHead{.number = seen, .hash = before_[seen - 1].hash}));
  }
  EXPECT_FALSE(VerifyAudit(rows_, AuditHead{.number = kAuditRowsDropped, .hash = "other"}));
}

TEST_F(AuditRetentionTest, MoreRowsGoneThanTheCheckpointTellsIsFound) {
  rows_.erase(rows_.begin());
  const auto verified = VerifyAudit(rows_, std::nullopt);
  ASSERT_FALSE(verified);
  EXPECT_EQ(verified.error().reason(), "audit.start_missing");
}

TEST_F(AuditRetentionTest, ACheckpointThatWasNotDueHidesNothing) {
  // The rows up to 20 of a young journal removed, and a checkpoint that says so appended.
  std::vector<AuditRow> rows(before_.begin() + 20, before_.begin() + 50);
  const auto entry = AuditCheckpoint({.number = 20, .hash = before_[19].hash}, 1);
  rows.push_back({.number = 51, .entry = entry, .hash = AuditHash(before_[49].hash, 51, entry)});
  const auto verified = VerifyAudit(rows, std::nullopt);
  ASSERT_FALSE(verified);
  EXPECT_EQ(verified.error().reason(), "audit.start_missing");
}

TEST(AuditMigrationTest, AJournalOfVersion3GetsAnEmptyAudit) {
  const auto directory = sys::TempDir::Create("/tmp", "zw-audit-").value();
  const auto path = directory.path() / "journal.db";
  std::filesystem::copy_file(ZOOWARDEN_FIXTURES "/journal/agent-journal-v3.db", path);
  const auto journal = OpenAgentJournal(path);
  ASSERT_TRUE(journal) << journal.error().message();
  EXPECT_EQ(Verdict(AllOf(**journal)), "head 0");
  ASSERT_TRUE((*journal)->Audit({AnEntry(1)}));
  EXPECT_EQ(Verdict(AllOf(**journal)), "head 1");
}

// One transaction: the row is there exactly when the change is.
TEST(AuditTest, TheRowOfACallIsCommittedWithWhatItChanged) {
  const auto journal = OpenAgentJournalInMemory().value();
  const RecordedCall call{.key = {.run_id = "r", .epoch = 1, .operation_id = "o", .sequence = 1},
                          .method = "begin"};
  ASSERT_TRUE(journal->Commit({.call = call, .audited = AnEntry(1)}));
  EXPECT_FALSE(journal->Commit({.call = call, .audited = AnEntry(2)}));
  ASSERT_TRUE(journal->SaveLease({.epoch = 5, .holder = "a"}, AnEntry(3)));
  EXPECT_FALSE(journal->SaveLease({.epoch = 4, .holder = "a"}, AnEntry(4)));
  ASSERT_TRUE(journal->PutRun({.run_id = "r", .ensemble = "lab"}, {}, {}, AnEntry(5)));
  const auto rows = journal->ListAudit(0, 100).value();
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0].entry, AnEntry(1));
  EXPECT_EQ(rows[1].entry, AnEntry(3));
  EXPECT_EQ(rows[2].entry, AnEntry(5));
}

}  // namespace
}  // namespace zoowarden::journal
