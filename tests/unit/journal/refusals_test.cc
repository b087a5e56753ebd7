// A journal that cannot be written: the reason, the file and the next step, and that what was there
// is there.
#include "journal/agent_journal.h"
#include "sys/files.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>

namespace zoowarden::journal {
namespace {

// As on a full disk: nothing more is written to a file.
void FillTheDisk() {
  std::array<sock_filter, 4> program = {{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pwrite64, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSPC),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  const sock_fprog filter{.len = program.size(), .filter = program.data()};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
    std::abort();
  }
}

class JournalRefusalsTest : public ::testing::Test {
 protected:
  void SetUp() override { journal_ = OpenAgentJournal(Path()).value(); }
  [[nodiscard]] std::string Path() const { return directory_.path() / "journal.db"; }
  std::string Write() {
    const auto written =
        journal_->SaveLease({.epoch = 7, .holder = "somebody", .run_id = "run"}, {});
    return written ? "written" : written.error().reason() + " " + written.error().message();
  }

  sys::TempDir directory_ = sys::TempDir::Create("/tmp", "zw-journal-").value();
  std::unique_ptr<AgentJournal> journal_;
};

TEST_F(JournalRefusalsTest, AFullDiskIsToldWithTheFile) {
  const auto write = [&] {
    FillTheDisk();
    std::fputs(Write().c_str(), stderr);
    std::_Exit(0);
  };
  EXPECT_EXIT(write(),
              ::testing::ExitedWithCode(0),
              "journal.no_space cannot .* in .*/journal.db: .*; free space there and retry");
  EXPECT_EQ(journal_->LoadLease()->epoch, 0U);
}

// The journal waits some seconds for it first.
TEST_F(JournalRefusalsTest, AnotherProgramThatHoldsItIsToldWithTheFile) {
  SQLite::Database other(Path(), SQLite::OPEN_READWRITE);
  const SQLite::Transaction held(other, SQLite::TransactionBehavior::IMMEDIATE);
  const std::string told = Write();
  EXPECT_TRUE(told.starts_with("journal.busy cannot ")) << told;
  EXPECT_NE(told.find(Path()), std::string::npos) << told;
  EXPECT_TRUE(told.ends_with("; retry")) << told;
  EXPECT_EQ(journal_->LoadLease()->epoch, 0U);
}

}  // namespace
}  // namespace zoowarden::journal
