// Killed at any system call, making and switching leave the old or the new generation, never a mix;
// and nothing is renamed into place before it is on the disk. Also what else only system calls
// show.
#include "agent/install/conf_files.h"
#include "agent/install/generations.h"
#include "agent/install/releases.h"
#include "sys/beneath.h"
#include "sys/digest.h"
#include "sys/files.h"
#include "tests/unit/agent/install/generation_request.h"
#include "tests/unit/agent/install/scratch.h"
#include "tests/unit/agent/install/syscall_stepper.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;

constexpr const char* kMembers =
    "server.1=a:1:2:participant;3\nserver.2=b:1:2:participant;3\nserver.3=c:1:2:participant;3\n";

// glibc picks one of them, renameat for a renameat2 without flags.
bool IsRename(const SystemCall& call) {
  return call.number == SYS_rename || call.number == SYS_renameat || call.number == SYS_renameat2;
}

class InterruptionTest : public ScratchTest {
 protected:
  GenerationRequest Request(model::Version version) {
    return RequestFor(version,
                      scratch() / "releases" / version.ToString(),
                      {{"zoo.cfg",
                        "tickTime=2000\n# " + version.ToString() +
                            "\nserver.1=a:1:2\nserver.2=b:1:2\nserver.3=c:1:2\n"},
                       {"java.env", "# " + version.ToString() + "\n"}});
  }
  Generations Open() { return Generations::Open(scratch() / "generations", std::nullopt).value(); }
  // 3.8.4 runs with a dynamic file; returns its digest.
  std::string StartFromOld() {
    fs::remove_all(scratch() / "generations");
    Generations generations = Open();
    const auto old = generations.Make(Request({3, 8, 4})).value();
    EXPECT_TRUE(generations.SwitchTo(old.digest));
    Write(scratch() / "generations" / old.digest / "conf/zoo.cfg.dynamic.100000000", kMembers);
    return old.digest;
  }
  // What an agent does in an upgrade, ignoring errors: the child may be killed anywhere.
  void Upgrade(const std::string& old_digest) {
    Generations generations = Open();
    const auto made = generations.Make(Request({3, 9, 4}));
    if (made && generations.CarryOverDynamicFile(old_digest, made->digest)) {
      static_cast<void>(generations.SwitchTo(made->digest));
    }
  }
};

TEST_F(InterruptionTest, KilledAnywhereCurrentIsOneWholeGeneration) {
  bool saw_old = false;
  bool saw_new = false;
  for (int kill_at = 1;; ++kill_at) {
    const std::string old_digest = StartFromOld();
    const auto run = RunStepwise([&] { Upgrade(old_digest); }, kill_at);
    Generations generations = Open();
    const auto current = generations.Current();
    ASSERT_TRUE(current) << "killed at stop " << kill_at << ": " << current.error().message();
    ASSERT_TRUE(*current) << "killed at stop " << kill_at;
    const std::string version = (*current)->generation.version.ToString();
    ASSERT_EQ((*current)->release_directory.filename(), version) << kill_at;
    ASSERT_EQ(Read((*current)->configuration_directory / "java.env"), "# " + version + "\n");
    const bool is_new = version == "3.9.4";
    (is_new ? saw_new : saw_old) = true;
    if (is_new) {
      // Switched to, so its membership is the carried one.
      ASSERT_TRUE(generations.ReadZooCfg((*current)->generation.digest)
                      ->contains("zoo.cfg.dynamic.100000000"));
    }
    // Done again after the crash it comes to the same end.
    Upgrade(old_digest);
    ASSERT_EQ(Open().Current().value()->generation.version.ToString(), "3.9.4") << kill_at;
    ASSERT_EQ(CountEntries(scratch() / "generations"), 3) << kill_at;
    if (run.finished) {
      ASSERT_GT(run.stops, 50);
      break;
    }
  }
  EXPECT_TRUE(saw_old);
  EXPECT_TRUE(saw_new);
}

// A rename is durable only after what it names: every file written is synced before it is closed,
// and a directory is synced after each rename.
TEST_F(InterruptionTest, SyncsEveryFileBeforeClosingAndADirectoryAfterEveryRename) {
  const std::string old_digest = StartFromOld();
  const auto run = RunStepwise([&] { Upgrade(old_digest); }, 0);
  ASSERT_TRUE(run.finished);
  std::map<std::uint64_t, bool> written;  // descriptor -> synced since
  bool renamed = false;
  int files = 0;
  int renames = 0;
  for (const auto& call : run.calls) {
    if (call.number == SYS_openat && call.result >= 0 &&
        (call.arguments[2] & (O_WRONLY | O_RDWR)) != 0) {
      written[static_cast<std::uint64_t>(call.result)] = false;
      ++files;
    } else if (call.number == SYS_fsync) {
      written.contains(call.arguments[0]) ? void(written[call.arguments[0]] = true)
                                          : void(renamed = false);
    } else if (call.number == SYS_close && written.contains(call.arguments[0])) {
      EXPECT_TRUE(written[call.arguments[0]]) << "a file was closed without a sync";
      written.erase(call.arguments[0]);
    } else if (IsRename(call)) {
      EXPECT_FALSE(renamed) << "two renames without a directory synced between them";
      renamed = true;
      ++renames;
    }
  }
  EXPECT_FALSE(renamed) << "the last rename was not made durable";
  EXPECT_GE(files, 5);
  EXPECT_GE(renames, 6);
}

// Going back to what ran before adoption, whose files are another user's: he must be able to read
// them whatever becomes of the agent.
class ForeignFileTest : public InterruptionTest {
 protected:
  static constexpr uid_t kOwner = 65534;

  void SetUp() override {
    if (::geteuid() != 0) {
      GTEST_SKIP() << "only root can write what another user owns";
    }
    InterruptionTest::SetUp();
  }
  void StartFromTheirs() {
    fs::remove_all(scratch() / "foreign");
    Write(ZooCfg(), "old\n");
    fs::permissions(ZooCfg(), fs::perms(0640));
    ASSERT_EQ(::chown(ZooCfg().c_str(), kOwner, kOwner), 0);
  }
  void WriteBoth() {
    if (WriteForeignFile(ZooCfg(), "zoo.cfg.dynamic.1", "members\n")) {
      static_cast<void>(WriteForeignFile(ZooCfg(), "zoo.cfg", "new\n"));
    }
  }
  static void ExpectTheirs(const fs::path& path, int kill_at) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) == 0) {
      EXPECT_EQ(status.st_uid, kOwner) << path << ", killed at stop " << kill_at;
      EXPECT_EQ(status.st_gid, kOwner) << path << ", killed at stop " << kill_at;
      EXPECT_EQ(status.st_mode & 07777U, 0640U) << path << ", killed at stop " << kill_at;
    }
  }
  fs::path ZooCfg() { return scratch() / "foreign/zk.cfg"; }
};

TEST_F(ForeignFileTest, KilledAnywhereItBelongsToItsOwner) {
  for (int kill_at = 1;; ++kill_at) {
    StartFromTheirs();
    const auto run = RunStepwise([&] { WriteBoth(); }, kill_at);
    ExpectTheirs(ZooCfg(), kill_at);
    ExpectTheirs(scratch() / "foreign/zk.cfg.dynamic.1", kill_at);
    if (run.finished) {
      break;
    }
  }
  EXPECT_EQ(Read(ZooCfg()), "new\n");
}

// After a power cut too; and never by a name, which that user may have exchanged.
TEST_F(ForeignFileTest, IsGivenAwayBeforeItIsSyncedAndRenamed) {
  StartFromTheirs();
  const auto run = RunStepwise([&] { WriteBoth(); }, 0);
  ASSERT_TRUE(run.finished);
  std::vector<std::string> acts;
  for (const auto& call : run.calls) {
    EXPECT_TRUE(call.number != SYS_chown && call.number != SYS_lchown &&
                call.number != SYS_fchownat);
    if (call.number == SYS_fchown) {
      acts.emplace_back("give");
    } else if (call.number == SYS_fsync) {
      acts.emplace_back("sync");
    } else if (IsRename(call)) {
      acts.emplace_back("rename");
    }
  }
  const std::vector<std::string> one = {"give", "sync", "rename", "sync"};
  std::vector<std::string> both = one;
  both.insert(both.end(), one.begin(), one.end());
  EXPECT_EQ(acts, both);
}

// What is there is left as it is, so it must not be there with less than its mode.
TEST_F(InterruptionTest, KilledAnywhereADirectoryHasItsModeOrIsNotThere) {
  const fs::path made = scratch() / "made";
  for (int kill_at = 1;; ++kill_at) {
    fs::remove_all(made);
    fs::create_directory(made);
    const auto run = RunStepwise(
        [&] {
          ::umask(0077);
          const auto beneath = sys::Beneath::Open(made);
          if (beneath && beneath->MakeDirectory("version-2", 0750)) {
            static_cast<void>(sys::EnsureDirectory(made / "a/b", 0755));
          }
        },
        kill_at);
    for (const auto& [name, mode] :
         {std::pair("version-2", 0750U), std::pair("a", 0755U), std::pair("a/b", 0755U)}) {
      struct stat status {};
      if (::lstat((made / name).c_str(), &status) == 0) {
        EXPECT_EQ(status.st_mode & 07777U, mode) << name << ", killed at stop " << kill_at;
      }
    }
    if (run.finished) {
      break;
    }
  }
  EXPECT_TRUE(fs::is_directory(made / "a/b"));
  EXPECT_EQ(CountEntries(made), 2);
}

// A child that fails ends the run, and is not taken for one that finished.
TEST_F(InterruptionTest, ASignalEndsTheRun) {
  const auto run = RunStepwise([] { ::raise(SIGSEGV); }, 0);
  EXPECT_FALSE(run.finished);
}

// Who may write to an allowed directory may make a file grow while it is read: nothing is asked for
// behind the size that it had when it was opened.
TEST_F(InterruptionTest, AnArchiveInADirectoryIsReadAsFarAsItWentWhenItWasOpened) {
  const std::string bytes(1000, 'x');
  const std::string sha512 = sys::Digest(sys::Hash::kSha512, bytes);
  Write(scratch() / "archives/a.tar.gz", bytes);
  auto releases = Releases::Open({.uploads = scratch() / "uploads",
                                  .releases = scratch() / "releases",
                                  .archive_directories = {scratch() / "archives"},
                                  .spare_bytes = 0})
                      .value();
  const auto run = RunStepwise([&] { static_cast<void>(releases.Progress(sha512)); }, 0);
  ASSERT_TRUE(run.finished);
  ASSERT_TRUE(fs::exists(scratch() / "uploads" / (sha512 + ".archive")));
  int reads = 0;
  for (const auto& call : run.calls) {
    if (call.number == SYS_read) {
      ++reads;
      EXPECT_LE(call.arguments[2], bytes.size());
      EXPECT_EQ(call.result, static_cast<std::int64_t>(bytes.size()));
    }
  }
  EXPECT_EQ(reads, 3);  // judged, copied, and the copy verified
}

}  // namespace
}  // namespace zoowarden::agent
