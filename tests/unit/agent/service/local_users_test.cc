// Another user of the same machine, with every name known and the way to it open: nothing secret is
// read, nothing is exchanged.
#include "tests/unit/agent/service/local_users.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <grp.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <fstream>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::IsEmpty;

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

}  // namespace
}  // namespace zoowarden::agent
