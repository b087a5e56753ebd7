// What befalls the file of a journal: noticed and named, or without any effect on what is read.
// Never started afresh, never guessed.
#include "journal/agent_journal.h"
#include "sys/files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <optional>
#include <sstream>

namespace zoowarden::journal {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFile = 10'000'000;

void Fill(AgentJournal& journal) {
  OperationRow operation{.operation_id = "o1",
                         .run_id = "r1",
                         .epoch = 3,
                         .sequence = 7,
                         .kind = "restart",
                         .from_generation = "aaaa",
                         .to_generation = "bbbb",
                         .state = "verifying",
                         .deadline_ms = 123'456,
                         .boot_id = "boot",
                         .payload_json = R"({"transitions":4})"};
  ASSERT_TRUE(journal.SaveLease({.epoch = 3, .holder = "h", .run_id = "r1", .text = ""}, {}));
  ASSERT_TRUE(journal.SaveProved({.zxid = 0x500000007, .device = 9, .boot_id = "boot"}));
  ASSERT_TRUE(journal.Commit(
      {.operation = operation,
       .transition =
           TransitionRow{
               .operation_id = "o1", .from_state = "idle", .event = "begin", .to_state = "staging"},
       .call =
           RecordedCall{.key = {.run_id = "r1", .epoch = 3, .operation_id = "o1", .sequence = 7},
                        .method = "begin",
                        .outcome = R"({"state":"staging"})"}}));
  ASSERT_TRUE(journal.runs().Put({.run_id = "r1",
                                  .ensemble = "lab",
                                  .created_ms = 5,
                                  .position = {3, 1},
                                  .state_json = R"({"schema_version":1})"},
                                 {{.position = {3, 1}, .time_ms = 6, .kind = "k", .text = "t"}}));
}

// Everything that an agent reads, as one text; empty when something cannot be read.
std::string ReadAll(AgentJournal& journal) {
  const auto last = journal.LastOperation();
  const auto lease = journal.LoadLease();
  const auto proved = journal.LoadProved();
  const auto call =
      journal.FindCall({.run_id = "r1", .epoch = 3, .operation_id = "o1", .sequence = 7});
  const auto steps = journal.ListTransitions("o1");
  const auto runs = journal.runs().List();
  const auto events = journal.runs().ListEvents("r1");
  if (!last || !*last || !lease || !proved || !*proved || !call || !*call || !steps || !runs ||
      !events) {
    return "";
  }
  std::ostringstream text;
  const OperationRow& o = **last;
  text << o.operation_id << o.run_id << o.epoch << o.sequence << o.kind << o.from_generation
       << o.to_generation << o.state << o.outcome << o.proved << o.started_pid << o.started_time
       << o.deadline_ms << o.boot_id << o.payload_json << lease->epoch << lease->holder
       << lease->run_id << lease->text << (*proved)->zxid << (*proved)->device << (*proved)->boot_id
       << (*proved)->file_system << (*call)->method << (*call)->outcome;
  for (const auto& step : *steps) {
    text << step.time_ms << step.from_state << step.event << step.to_state << step.detail;
  }
  for (const auto& run : *runs) {
    text << run.run_id << run.ensemble << run.created_ms << run.position.epoch
         << run.position.sequence << run.outcome << run.state_json;
  }
  for (const auto& event : *events) {
    text << event.position.epoch << event.position.sequence << event.time_ms << event.kind
         << event.server << event.text << event.json;
  }
  return text.str();
}

class DamageTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto created = sys::TempDir::Create("/dev/shm", "zw-damage-");
    ASSERT_TRUE(created) << created.error().message();
    directory_.emplace(std::move(*created));
    auto journal = OpenAgentJournal(path());
    ASSERT_TRUE(journal) << journal.error().message();
    Fill(**journal);
    expected_ = ReadAll(**journal);
    ASSERT_NE(expected_, "");
    // As a killed agent leaves it: the last transactions are in the log beside it.
    for (const char* suffix : {"", "-wal"}) {
      killed_[suffix] = Content(suffix);
    }
    journal->reset();
    closed_ = Content("");
    mark_ = Content(".mark");
  }

  [[nodiscard]] fs::path path() const { return directory_->path() / "journal.db"; }
  [[nodiscard]] fs::path File(const std::string& suffix) const { return path().native() + suffix; }
  [[nodiscard]] std::string Content(const std::string& suffix) const {
    return sys::ReadFile(File(suffix), kMaxFile).value_or("");
  }
  void Put(const std::string& suffix, const std::string& content) const {
    const int fd = ::open(File(suffix).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ASSERT_TRUE(sys::WriteAll(fd, content, File(suffix)));
    ::close(fd);
  }
  void PutBackClosed() const {
    fs::remove(File("-wal"));
    fs::remove(File("-shm"));
    Put("", closed_);
    Put(".mark", mark_);
  }
  void PutBackKilled() const {
    fs::remove(File("-shm"));
    Put("", killed_.at(""));
    Put("-wal", killed_.at("-wal"));
    Put(".mark", mark_);
  }

  [[nodiscard]] std::string Opening(const History& history = {}) const {
    const auto journal = OpenAgentJournal(path(), history);
    return journal ? "opened" : journal.error().reason();
  }

  // "", or what is wrong: opened and other values, or an error without a name of ours.
  [[nodiscard]] std::string Judge() const {
    const auto journal = OpenAgentJournal(path());
    if (!journal) {
      const auto& error = journal.error();
      return error.reason().starts_with("journal.") && error.reason() != "journal.failed"
                 ? ""
                 : "unnamed: " + std::string(error.message());
    }
    const auto now = ReadAll(**journal);
    return now == expected_ ? "" : "read " + now;
  }

  // Flips one bit in every byte of SQLite's header, and in every `stride`-th one after it.
  template <typename PutBack>
  void FlipThrough(const std::string& suffix, std::size_t stride, PutBack put_back) {
    put_back();
    const auto whole = Content(suffix);
    std::size_t tried = 0;
    constexpr std::size_t kHeader = 100;
    for (std::size_t at = 0; at < whole.size(); at += at < kHeader ? 1 : stride, ++tried) {
      put_back();
      auto changed = whole;
      changed[at] = static_cast<char>(changed[at] ^ (1U << (tried % 8)));
      Put(suffix, changed);
      ASSERT_EQ(Judge(), "") << "byte " << at << " of journal.db" << suffix;
    }
    RecordProperty("flipped" + suffix, static_cast<int>(tried));
  }

  // A prime, so that no part of a page is left out; ZOOWARDEN_FLIP_STRIDE=1 takes every byte.
  static std::size_t Stride() {
    const char* wanted = std::getenv("ZOOWARDEN_FLIP_STRIDE");
    return wanted == nullptr ? 89 : static_cast<std::size_t>(std::atoi(wanted));
  }

  std::optional<sys::TempDir> directory_;
  std::string expected_;
  std::string closed_;
  std::string mark_;
  std::map<std::string, std::string> killed_;
};

TEST_F(DamageTest, AFlippedBitIsNoticedOrChangesNothingThatIsRead) {
  FlipThrough("", Stride(), [this] { PutBackClosed(); });
}

TEST_F(DamageTest, AFlippedBitInTheLogOfAKilledAgentLosesNoTransactionUnnoticed) {
  FlipThrough("-wal", Stride(), [this] { PutBackKilled(); });
}

TEST_F(DamageTest, EveryByteOfTheMarkMatters) {
  FlipThrough(".mark", 1, [this] { PutBackClosed(); });
  PutBackClosed();
  Put(".mark", "");
  EXPECT_EQ(Opening(), "journal.mark_damaged");
}

TEST_F(DamageTest, AMissingJournalIsNeverStartedAfresh) {
  fs::remove(path());
  EXPECT_EQ(Opening(), "journal.lost");
  EXPECT_FALSE(fs::exists(path()));
  fs::remove(File(".mark"));
  EXPECT_EQ(Opening({.lived_here = true}), "journal.lost");
  EXPECT_FALSE(fs::exists(path()));
  EXPECT_EQ(Opening({.lived_here = true, .accept_lost = true}), "opened");
  EXPECT_EQ(Opening({.lived_here = true}), "opened");
}

TEST_F(DamageTest, AnOlderCopyIsNotTakenForTheNewest) {
  {
    const auto journal = OpenAgentJournal(path());
    ASSERT_TRUE(journal);
    ASSERT_TRUE((*journal)->SaveLease({.epoch = 4, .holder = "other"}, {}));
  }
  Put("", closed_);
  EXPECT_EQ(Opening(), "journal.older");
  EXPECT_EQ(Content(""), closed_);
  EXPECT_EQ(Opening({.accept_lost = true}), "opened");
  EXPECT_EQ(Opening(), "opened");
}

TEST_F(DamageTest, ALostLogIsNoticed) {
  PutBackKilled();
  fs::remove(File("-wal"));
  EXPECT_NE(Opening(), "opened");
}

TEST_F(DamageTest, AJournalWithoutAMarkGetsOne) {
  fs::remove(File(".mark"));
  EXPECT_EQ(Judge(), "");
  EXPECT_EQ(Content(".mark"), mark_);
}

// What a child process came to.
constexpr int kAsExpected = 0;
constexpr int kOtherwise = 1;
constexpr int kMayNot = 2;

template <typename Child>
int InChild(Child child) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::_exit(child());
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WEXITSTATUS(status);
}

TEST_F(DamageTest, AReadOnlyFileSystemIsNamed) {
  const auto directory = directory_->path().string();
  const int said = InChild([&] {
    const bool mounted =
        ::unshare(CLONE_NEWNS) == 0 &&
        ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
        ::mount(directory.c_str(), directory.c_str(), nullptr, MS_BIND, nullptr) == 0 &&
        ::mount(nullptr, directory.c_str(), nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr) ==
            0;
    return !mounted ? kMayNot : Opening() == "file.read_only" ? kAsExpected : kOtherwise;
  });
  if (said == kMayNot) {
    GTEST_SKIP() << "this user may not mount";
  }
  EXPECT_EQ(said, kAsExpected);
  EXPECT_EQ(Judge(), "");
}

TEST_F(DamageTest, AFileThatMayNotBeWrittenIsNamed) {
  constexpr uid_t kNobody = 65534;
  fs::permissions(path(), fs::perms::owner_read);
  const int said = InChild([&] {
    // Root may write whatever the mode says.
    if (::geteuid() == 0) {
      for (const auto& file : {directory_->path(), path(), File(".lock"), File(".mark")}) {
        if (::chown(file.c_str(), kNobody, kNobody) != 0) {
          return kMayNot;
        }
      }
      if (::setresuid(kNobody, kNobody, kNobody) != 0) {
        return kMayNot;
      }
    }
    return Opening() == "journal.read_only" ? kAsExpected : kOtherwise;
  });
  EXPECT_EQ(said, kAsExpected);
}

}  // namespace
}  // namespace zoowarden::journal
