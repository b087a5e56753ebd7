// Another user of the same machine, with every name known and the way to it open: nothing secret is
// read, nothing is exchanged; and the agent does not serve where it could be.
#include "agent/install/generations.h"
#include "agent/service/own_directories.h"
#include "pki/enrolment.h"
#include "sys/digest.h"
#include "tests/unit/agent/service/running_agent.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <grp.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr uid_t kSomebody = 65534;
constexpr const char* kSecret = "hunter2-of-the-key-store";

std::vector<fs::path> AllBelow(const fs::path& directory) {
  std::vector<fs::path> all{directory};
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    all.push_back(entry.path());
  }
  return all;
}

bool HoldsSecret(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  return text.find(kSecret) != std::string::npos || text.find("PRIVATE KEY") != std::string::npos ||
         text.find("SQLite format") != std::string::npos;
}

// What whoever runs this could do with one path.
std::vector<std::string> TryOne(const fs::path& path) {
  std::vector<std::string> done;
  const auto note = [&](const char* what, bool worked) {
    if (worked) {
      done.push_back(std::string(what) + " " + path.native());
    }
  };
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    return done;
  }
  note("moved", ::rename(path.c_str(), (path.native() + ".moved").c_str()) == 0);
  note("changed the mode of", ::chmod(path.c_str(), 0777) == 0);
  if (S_ISDIR(status.st_mode)) {
    const fs::path probe = path / "planted";
    note("made a file in", ::open(probe.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600) >= 0);
    note("made a link in", ::symlink("/etc/passwd", (path / "link").c_str()) == 0);
    note("removed", ::rmdir(path.c_str()) == 0);
    return done;
  }
  if (S_ISREG(status.st_mode)) {
    note("read a secret of", HoldsSecret(path));
    note("opened for writing", ::open(path.c_str(), O_WRONLY | O_CLOEXEC) >= 0);
  }
  note("removed", ::unlink(path.c_str()) == 0);
  return done;
}

// As another user, in a process of its own; what worked.
std::vector<std::string> TryAsSomebody(const std::vector<fs::path>& paths) {
  std::array<int, 2> report{-1, -1};
  EXPECT_EQ(::pipe2(report.data(), O_CLOEXEC), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const bool lowered = ::setgroups(0, nullptr) == 0 &&
                         ::setresgid(kSomebody, kSomebody, kSomebody) == 0 &&
                         ::setresuid(kSomebody, kSomebody, kSomebody) == 0;
    std::string text = lowered ? "" : "the user could not be changed\n";
    // The deepest first, so that what was moved does not hide what is in it.
    for (auto path = paths.rbegin(); lowered && path != paths.rend(); ++path) {
      for (const std::string& line : TryOne(*path)) {
        text += line + "\n";
      }
    }
    static_cast<void>(sys::WriteAll(report[1], text, "the report"));
    ::_exit(0);
  }
  ::close(report[1]);
  const std::string text = sys::ReadDescriptor(report[0], "the report", 1'000'000).value_or("?");
  ::close(report[0]);
  ::waitpid(child, nullptr, 0);
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
    lines.push_back(text.substr(at, text.find('\n', at) - at));
  }
  return lines;
}

class LocalUsersTest : public RunningAgentTest {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) {
      GTEST_SKIP() << "only root can try as another user";
    }
    umask_ = ::umask(0);  // nothing depends on it
    RunningAgentTest::SetUp();
    // The tests' own directory keeps others out; an installation's parents do not.
    fs::permissions(scratch_->path(), fs::perms(0755));
  }
  void TearDown() override {
    RunningAgentTest::TearDown();
    if (umask_) {
      ::umask(*umask_);
    }
  }
  // A generation with a secret, an upload, keys, a token.
  void Fill() {
    ASSERT_TRUE(Acquire(Run(5)).ok());
    const std::string archive = std::string("archive ") + kSecret;
    const std::string sha512 = sys::Digest(sys::Hash::kSha512, archive);
    ASSERT_TRUE(Upload(pki::Role::kOperator, Run(5), sha512, archive).ok());
    ASSERT_TRUE(pki::MakeToken(scratch_->path() / "ca", 1, pki::UnixTime(3600), clock_));
    auto generations = Generations::Open(At("generations"), std::nullopt);
    ASSERT_TRUE(generations);
    ASSERT_TRUE(sys::EnsureDirectory(At("releases/3.8.4-aaaaaaaa"), 0755));
    const auto made = generations->Make(
        {.version = {3, 8, 4},
         .release_sha512 = std::string(128, 'a'),
         .release_directory = At("releases/3.8.4-aaaaaaaa"),
         .configuration_digest = std::string(64, 'c'),
         .server = {1},
         .declared_servers = 3,
         .settings = {{"ssl.keyStore.password", kSecret}},
         .files = {{"zoo.cfg", std::string("ssl.keyStore.password=") + kSecret + "\n"}}});
    ASSERT_TRUE(made) << made.error().message();
    ASSERT_TRUE(generations->SwitchTo(made->digest));
  }
  // Where the agent's own files may be, in a way that somebody else could exchange them.
  std::string ReasonFor(const std::function<void(const fs::path&)>& spoil,
                        const std::string& directory) {
    Stop();
    const fs::path path = At(directory);
    struct stat before {};
    EXPECT_EQ(::stat(path.c_str(), &before), 0);
    spoil(path);
    const auto listed = AllBelow(scratch_->path());
    const auto opened = AgentCore::Open(Config(), clock_);
    if (!opened) {
      EXPECT_EQ(AllBelow(scratch_->path()), listed) << "something was made";
    }
    EXPECT_EQ(::chown(path.c_str(), before.st_uid, before.st_gid), 0);
    EXPECT_EQ(::chmod(path.c_str(), before.st_mode & 07777U), 0);
    said_ = opened ? "" : opened.error().message();
    return opened ? "" : opened.error().reason();
  }

  std::string ReasonOf(const config::AgentConfig& config) {
    const auto checked = CheckOwnDirectories(config);
    said_ = checked ? "" : checked.error().message();
    return checked ? "" : checked.error().reason();
  }

  std::string said_;
  std::optional<mode_t> umask_;
};

TEST_F(LocalUsersTest, ReadNoSecretAndExchangeNothing) {
  Fill();
  const auto all = AllBelow(scratch_->path());
  const auto holds = std::count_if(all.begin(), all.end(), [](const fs::path& path) {
    return fs::is_regular_file(path) && HoldsSecret(path);
  });
  ASSERT_GE(holds, 5) << "journal, upload, zoo.cfg, keys: nothing is there to be found";
  EXPECT_THAT(TryAsSomebody(all), IsEmpty());
  EXPECT_EQ(AllBelow(scratch_->path()), all);
}

// What the test above would say.
TEST_F(LocalUsersTest, WhatIsOpenIsFoundByTheTry) {
  Fill();
  fs::permissions(At("state"), fs::perms(0777));
  fs::permissions(At("state/journal.db"), fs::perms(0644));
  const auto worked = TryAsSomebody(AllBelow(At("state")));
  EXPECT_THAT(worked, Contains("moved " + At("state/journal.db")));
  EXPECT_THAT(worked, Contains("made a link in " + At("state")));
}

TEST_F(LocalUsersTest, TheAgentDoesNotServeWhereOthersMayWrite) {
  for (const char* directory : {"state", "state/uploads", "releases", "generations"}) {
    for (const int bit : {020, 002}) {
      const auto open = [bit](const fs::path& path) {
        fs::permissions(path, fs::perms(bit), fs::perm_options::add);
      };
      EXPECT_EQ(ReasonFor(open, directory), "directory.writable") << directory;
      EXPECT_THAT(said_, HasSubstr("type: chmod go-w '" + At(directory) + "'")) << directory;
    }
  }
}

void GiveAway(const fs::path& path) { EXPECT_EQ(::chown(path.c_str(), kSomebody, kSomebody), 0); }

TEST_F(LocalUsersTest, NorWhereSomebodyElseOwnsThem) {
  for (const char* directory : {"state", "state/uploads", "releases", "generations"}) {
    EXPECT_EQ(ReasonFor(GiveAway, directory), "directory.owner") << directory;
    EXPECT_THAT(said_, HasSubstr(At(directory) + " belongs to nobody,")) << directory;
    EXPECT_THAT(said_, HasSubstr("type: chown root '" + At(directory) + "'")) << directory;
  }
}

TEST_F(LocalUsersTest, NorBelowADirectoryInWhichAnybodyMayExchangeThem) {
  const auto open = [](const fs::path& path) { fs::permissions(path, fs::perms(0757)); };
  EXPECT_EQ(ReasonFor(open, ""), "directory.writable");
  EXPECT_THAT(said_, HasSubstr("has mode 0757"));
  EXPECT_THAT(said_, HasSubstr("type: chmod o-w '"));
  // The sticky bit, as of /tmp, keeps others from what is not theirs, but for the owner.
  const auto sticky = [](const fs::path& path) { ::chmod(path.c_str(), 01777); };
  EXPECT_EQ(ReasonFor(sticky, ""), "");
  EXPECT_EQ(ReasonFor(sticky, "releases"), "directory.writable");
  const auto given = [&](const fs::path& path) {
    sticky(path);
    GiveAway(path);
  };
  EXPECT_EQ(ReasonFor(given, ""), "directory.writable");
}

// As /opt/zookeeper of a ZooKeeper that somebody else has installed: it is said, and not refused.
TEST_F(LocalUsersTest, WhoOwnsADirectoryAboveIsSaid) {
  const auto of_a_group = [](const fs::path& path) {
    EXPECT_EQ(::chown(path.c_str(), 0, kSomebody), 0);
    fs::permissions(path, fs::perms(0775));
  };
  for (const auto& spoil : {std::function<void(const fs::path&)>(GiveAway),
                            std::function<void(const fs::path&)>(of_a_group)}) {
    ::testing::internal::CaptureStderr();
    EXPECT_EQ(ReasonFor(spoil, ""), "");
    const std::string log = ::testing::internal::GetCapturedStderr();
    EXPECT_THAT(log, HasSubstr("can exchange what the agent keeps in " + At("state")));
    EXPECT_THAT(log, Not(HasSubstr("keeps in " + At("releases")))) << "said once";
  }
}

// Of what ZooKeeper's user owns with right: its data, its logs, the configurations it reads.
TEST_F(LocalUsersTest, WhatIsZooKeepersIsItsUsers) {
  Fill();
  for (const char* directory : {"data", "logs"}) {
    ASSERT_TRUE(sys::EnsureDirectory(At(directory), 0755));
    fs::permissions(At(directory), fs::perms(0770));
    EXPECT_EQ(ReasonFor(GiveAway, directory), "") << directory;
  }
}

TEST_F(LocalUsersTest, AnAgentThatIsNotRootOwnsItsDirectoriesItself) {
  Stop();
  for (const char* directory : {"state", "state/uploads", "releases", "generations", ""}) {
    GiveAway(At(directory));
  }
  EXPECT_FALSE(CheckOwnDirectories(Config()));
  ASSERT_EQ(::seteuid(kSomebody), 0);
  const auto own = CheckOwnDirectories(Config());
  EXPECT_EQ(::seteuid(0), 0);
  EXPECT_TRUE(own) << own.error().message();
}

TEST_F(LocalUsersTest, TheKeyAndWhereItLiesAreTheAgentsToo) {
  ASSERT_TRUE(sys::EnsureDirectory(At("pki-1"), 0755));
  fs::create_directory_symlink("pki-1", At("pki"));
  for (const char* name : {"pki-1/cert.pem", "pki-1/key.pem"}) {
    ASSERT_TRUE(sys::WriteFileAtomically(At(name), "x", 0600));
  }
  auto config = Config();
  config.pki = {.ca = "", .certificate = At("pki/cert.pem"), .key = At("pki/key.pem"), .crl = ""};
  ASSERT_TRUE(CheckOwnDirectories(config));
  for (const char* name : {"pki-1", "pki-1/key.pem"}) {
    GiveAway(At(name));
    EXPECT_EQ(ReasonOf(config), "directory.owner") << name;
    ASSERT_EQ(::chown(At(name).c_str(), 0, 0), 0);
  }
  fs::permissions(At("pki-1"), fs::perms(0770));
  EXPECT_EQ(ReasonOf(config), "directory.writable");
}

TEST_F(LocalUsersTest, ALinkIsAsGoodAsWhatItNamesAndWhereItLies) {
  Stop();
  ASSERT_TRUE(sys::EnsureDirectory(At("beside/mount"), 0755));
  fs::rename(At("releases"), At("disk"));
  fs::create_directory_symlink("../../disk", At("beside/mount/releases"));
  fs::create_directory_symlink(At("beside/mount/releases"), At("releases"));
  EXPECT_EQ(ReasonOf(Config()), "");
  for (const char* open : {"disk", "beside/mount", "beside"}) {
    fs::permissions(At(open), fs::perms(0777));
    EXPECT_EQ(ReasonOf(Config()), "directory.writable") << open;
    EXPECT_THAT(said_, HasSubstr(At(open) + " has mode 0777"));
    fs::permissions(At(open), fs::perms(0755));
  }
  fs::remove(At("releases"));
  fs::create_directory_symlink("releases", At("releases"));
  EXPECT_FALSE(CheckOwnDirectories(Config())) << "a link to itself";
}

}  // namespace
}  // namespace zoowarden::agent
