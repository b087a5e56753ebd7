// A writer that is killed at any moment loses nothing that it was told is stored.
#include "journal/agent_journal.h"
#include "sys/files.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

namespace zoowarden::journal {
namespace {

constexpr int kKills = 12;
constexpr std::uint64_t kCommitsBeforeKill = 5;

OperationChange Step(std::uint64_t number) {
  OperationRow operation;
  operation.operation_id = "o";
  operation.sequence = number;
  return {.operation = operation,
          .transition = TransitionRow{.operation_id = "o", .event = std::to_string(number)},
          .call = RecordedCall{.key = {.operation_id = "o", .sequence = number},
                               .method = "m",
                               .outcome = std::string(3000, 'x')}};
}

// In the child: goes on from what is stored until it is killed, telling each durable commit.
[[noreturn]] void WriteForEver(const std::filesystem::path& path, int told) {
  auto journal = OpenAgentJournal(path);
  if (!journal) {
    ::_exit(1);
  }
  const auto last = (*journal)->LastOperation();
  for (std::uint64_t next = (last && *last ? (*last)->sequence : 0) + 1;; ++next) {
    if (!(*journal)->Commit(Step(next)) || ::write(told, &next, sizeof(next)) < 0) {
      ::_exit(1);
    }
  }
}

// The highest number told before the kill.
std::uint64_t RunAndKill(const std::filesystem::path& path) {
  std::array<int, 2> pipe{};
  EXPECT_EQ(::pipe(pipe.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(pipe[0]);
    WriteForEver(path, pipe[1]);
  }
  ::close(pipe[1]);
  std::uint64_t told = 0;
  for (std::uint64_t i = 0; i < kCommitsBeforeKill; ++i) {
    EXPECT_EQ(::read(pipe[0], &told, sizeof(told)), static_cast<ssize_t>(sizeof(told)));
  }
  ::kill(child, SIGKILL);
  while (::read(pipe[0], &told, sizeof(told)) == static_cast<ssize_t>(sizeof(told))) {
  }
  ::waitpid(child, nullptr, 0);
  ::close(pipe[0]);
  return told;
}

TEST(JournalCrashTest, AKilledWriterLosesNothingItWasToldIsStored) {
  auto directory = sys::TempDir::Create("/tmp", "zw-journal-");
  ASSERT_TRUE(directory);
  const auto path = directory->path() / "journal.db";
  for (int i = 0; i < kKills; ++i) {
    const std::uint64_t told = RunAndKill(path);
    const auto journal = OpenAgentJournal(path);
    ASSERT_TRUE(journal) << journal.error().message();
    const auto last = (*journal)->LastOperation();
    ASSERT_TRUE(last && *last);
    const std::uint64_t stored = (*last)->sequence;
    EXPECT_GE(stored, told);
    // The three parts of a change went together.
    EXPECT_EQ((*journal)->ListTransitions("o")->size(), stored);
    EXPECT_TRUE((*journal)->FindCall({.operation_id = "o", .sequence = stored}).value());
    EXPECT_FALSE((*journal)->FindCall({.operation_id = "o", .sequence = stored + 1}).value());
  }
}

}  // namespace
}  // namespace zoowarden::journal
