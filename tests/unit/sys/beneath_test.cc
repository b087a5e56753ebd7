// Whatever somebody exchanges below the directory, nothing outside of it is read, written, removed
// or given away.
#include "sys/beneath.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

namespace zoowarden::sys {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;

constexpr const char* kFilter = "ZOOWARDEN_TEST_OPENAT2_ERRNO";

// From here on openat2 fails so in this process.
bool TakeAwayOpenat2(unsigned int error) {
  std::array<sock_filter, 4> program{{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  const sock_fprog filter{.len = program.size(), .filter = program.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

// inside/ is the program's, outside/ somebody else's with the same names in it.
class BeneathTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): no thread yet
    if (const char* error = std::getenv(kFilter); error != nullptr) {
      ASSERT_TRUE(TakeAwayOpenat2(static_cast<unsigned int>(std::stoul(error))));
    }
  }
  void SetUp() override {
    auto created = TempDir::Create("/tmp", "zw-beneath-");
    ASSERT_TRUE(created) << created.error().message();
    scratch_.emplace(std::move(*created));
    for (const char* where : {"inside", "outside"}) {
      fs::create_directories(At(where) / "sub");
      ASSERT_TRUE(WriteFileAtomically(At(where) / "file", where, 0600));
      ASSERT_TRUE(WriteFileAtomically(At(where) / "sub/file", where, 0600));
    }
    inside_.emplace(Beneath::Open(At("inside")).value());
  }
  [[nodiscard]] fs::path At(const std::string& name) const { return scratch_->path() / name; }
  [[nodiscard]] std::string Text(const std::string& name) const {
    return ReadFile(At(name), 100).value_or("(nothing)");
  }
  // inside/sub is a link to outside/sub from now on.
  void SwapSub() {
    fs::rename(At("inside/sub"), At("inside/was"));
    fs::create_symlink("../outside/sub", At("inside/sub"));
  }
  template <typename T>
  static std::string Reason(const T& result) {
    return result ? "" : result.error().reason();
  }

  std::optional<TempDir> scratch_;
  std::optional<Beneath> inside_;
};

TEST_F(BeneathTest, ReadsAndWritesBelow) {
  EXPECT_EQ(inside_->Read("sub/file", 100).value(), "inside");
  ASSERT_TRUE(inside_->Write("sub/file", "new", 0640));
  EXPECT_EQ(Text("inside/sub/file"), "new");
  EXPECT_EQ(inside_->Look("sub/file").value()->st_mode & 07777U, 0640U);
  ASSERT_TRUE(inside_->MakeDirectory("sub/deep", 0750));
  ASSERT_TRUE(inside_->Rename("file", "sub/deep/file"));
  EXPECT_EQ(Text("inside/sub/deep/file"), "inside");
  EXPECT_THAT(inside_->Directory("sub")->Names().value(), ElementsAre("deep", "file"));
  EXPECT_TRUE(inside_->IsDirectory("sub/deep"));
  EXPECT_TRUE(inside_->IsFile("sub/file"));
  ASSERT_TRUE(inside_->Remove("sub"));
  EXPECT_FALSE(inside_->Look("sub").value());
  EXPECT_TRUE(inside_->Remove("sub"));
  EXPECT_TRUE(inside_->Remove("never/was"));
}

TEST_F(BeneathTest, FollowsNoLinkInTheWay) {
  SwapSub();
  EXPECT_EQ(Reason(inside_->Read("sub/file", 100)), "path.link");
  EXPECT_EQ(Reason(inside_->OpenFile("sub/file", O_RDONLY)), "path.link");
  EXPECT_EQ(Reason(inside_->Directory("sub")), "path.link");
  EXPECT_EQ(Reason(inside_->Write("sub/file", "x", 0600)), "path.link");
  EXPECT_EQ(Reason(inside_->OpenFile("sub/new", O_WRONLY | O_CREAT, 0600)), "path.link");
  EXPECT_EQ(Reason(inside_->MakeDirectory("sub/new", 0700)), "path.link");
  EXPECT_EQ(Reason(inside_->Rename("file", "sub/file")), "path.link");
  EXPECT_EQ(Reason(inside_->Rename("sub/file", "stolen")), "path.link");
  EXPECT_EQ(Reason(inside_->Remove("sub/file")), "path.link");
  EXPECT_EQ(Reason(inside_->ReadLink("sub/file")), "path.link");
  EXPECT_EQ(Reason(inside_->ReplaceLink("sub/link", "file")), "path.link");
  EXPECT_EQ(Reason(inside_->Look("sub/file")), "path.link");
  EXPECT_EQ(Reason(inside_->Give("sub/file", ::getuid(), ::getgid())), "path.link");
  EXPECT_FALSE(inside_->IsFile("sub/file"));
  EXPECT_EQ(Text("outside/sub/file"), "outside");
  EXPECT_THAT(Beneath::Open(At("outside/sub"))->Names().value(), ElementsAre("file"));
  EXPECT_EQ(Text("inside/file"), "inside");
}

TEST_F(BeneathTest, FollowsNoLinkAtTheEnd) {
  fs::remove(At("inside/file"));
  fs::create_symlink("../outside/file", At("inside/file"));
  EXPECT_EQ(Reason(inside_->Read("file", 100)), "path.link");
  EXPECT_EQ(Reason(inside_->OpenFile("file", O_WRONLY | O_CREAT | O_TRUNC, 0600)), "path.link");
  EXPECT_EQ(Reason(inside_->RefuseLink("file")), "path.link");
  EXPECT_TRUE(inside_->RefuseLink("sub"));
  EXPECT_TRUE(inside_->RefuseLink("nothing"));
  EXPECT_FALSE(inside_->IsFile("file"));
  // The link itself is replaced, or goes.
  ASSERT_TRUE(inside_->Write("file", "new", 0600));
  EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(At("inside/file"))));
  EXPECT_EQ(Text("outside/file"), "outside");
}

TEST_F(BeneathTest, LeavesTheDirectoryByNoName) {
  fs::create_symlink(At("outside"), At("inside/absolute"));
  fs::create_symlink("/proc/self/root", At("inside/magic"));
  const std::string absolute = At("outside/file");
  for (const std::string& name : {std::string("../outside/file"),
                                  std::string("sub/../../outside/file"),
                                  absolute,
                                  std::string("absolute/file"),
                                  "magic" + absolute}) {
    EXPECT_EQ(Reason(inside_->Read(name, 100)), "path.link") << name;
    EXPECT_EQ(Reason(inside_->Write(name, "x", 0600)), "path.link") << name;
  }
  for (const char* name : {"", ".", "..", "sub/.."}) {
    EXPECT_EQ(Reason(inside_->Remove(name)), "path.bad_name") << name;
  }
  EXPECT_EQ(Text("outside/file"), "outside");
}

TEST_F(BeneathTest, RemovesALinkAndNotWhatItNames) {
  fs::create_symlink("../../outside/sub", At("inside/sub/away"));
  ASSERT_TRUE(inside_->Remove("sub"));
  EXPECT_EQ(Text("outside/sub/file"), "outside");
  SCOPED_TRACE("a link in the place of the tree");
  fs::create_symlink("../outside/sub", At("inside/sub"));
  ASSERT_TRUE(inside_->Remove("sub"));
  EXPECT_EQ(Text("outside/sub/file"), "outside");
}

// Also where the kernel would say only that it is no directory.
TEST_F(BeneathTest, ALinkInThePlaceOfADirectoryIsCalledOne) {
  fs::create_symlink("sub", At("inside/link"));
  for (const int how : {0, O_NOFOLLOW, O_PATH, O_PATH | O_NOFOLLOW}) {
    SCOPED_TRACE(how);
    EXPECT_TRUE(inside_->OpenFile("sub", O_DIRECTORY | how));
    EXPECT_EQ(Reason(inside_->OpenFile("file", O_DIRECTORY | how)), "file.wrong_kind");
    EXPECT_EQ(Reason(inside_->OpenFile("link/file", O_RDONLY | (how & O_PATH))), "path.link");
    const bool itself = how == (O_PATH | O_NOFOLLOW);
    EXPECT_EQ(Reason(inside_->OpenFile("link", O_DIRECTORY | how)),
              itself ? "file.wrong_kind" : "path.link");
  }
}

TEST_F(BeneathTest, ReadsRegularFilesOnlyAndWaitsForNone) {
  ASSERT_EQ(::mkfifo(At("inside/fifo").c_str(), 0600), 0);
  EXPECT_EQ(Reason(inside_->Read("fifo", 100)), "path.not_a_file");
  EXPECT_EQ(Reason(inside_->Read("sub", 100)), "path.not_a_file");
  EXPECT_EQ(Reason(inside_->Read("file", 3)), "file.too_large");
  EXPECT_EQ(Reason(inside_->Read("nothing", 3)), "file.not_found");
}

TEST_F(BeneathTest, ALinkIsReadAndReplacedAndNothingElseIs) {
  EXPECT_EQ(inside_->ReadLink("current").value(), "");
  ASSERT_TRUE(inside_->ReplaceLink("current", "a"));
  ASSERT_TRUE(inside_->ReplaceLink("current", "b"));
  EXPECT_EQ(inside_->ReadLink("current").value(), "b");
  EXPECT_EQ(Reason(inside_->ReplaceLink("file", "b")), "file.not_a_link");
  EXPECT_EQ(Text("inside/file"), "inside");
}

TEST_F(BeneathTest, RefusesToOverwriteWhenAskedAndLeavesNoTemporary) {
  EXPECT_EQ(Reason(inside_->Write("file", "x", 0600, IfPresent::kRefuse)), "file.exists");
  EXPECT_EQ(Text("inside/file"), "inside");
  EXPECT_THAT(inside_->Names().value(), ElementsAre("file", "sub"));
}

TEST_F(BeneathTest, GivesAwayNoFileThatHasAnotherName) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "only root can give files away";
  }
  constexpr uid_t kSomebody = 65534;
  fs::create_hard_link(At("outside/file"), At("inside/planted"));
  EXPECT_EQ(Reason(inside_->Give("planted", kSomebody, kSomebody)), "path.hard_link");
  fs::create_symlink("../outside/file", At("inside/link"));
  EXPECT_TRUE(inside_->Give("link", kSomebody, kSomebody));
  struct stat status {};
  ASSERT_EQ(::stat(At("outside/file").c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, 0U);
  EXPECT_TRUE(inside_->Give("file", kSomebody, kSomebody));
  EXPECT_EQ(inside_->Look("file").value()->st_uid, kSomebody);
}

// What a filter in front of the kernel makes of the call: systemd's RestrictSUIDSGID= ENOSYS, older
// container runtimes EPERM.
class FilteredBeneathTest : public ::testing::TestWithParam<int> {};

TEST_P(FilteredBeneathTest, HoldsTheSameRules) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::setenv(kFilter, std::to_string(GetParam()).c_str(), 1);
    ::execl("/proc/self/exe", "sys_test", "--gtest_filter=BeneathTest.*", nullptr);
    ::_exit(127);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

INSTANTIATE_TEST_SUITE_P(By, FilteredBeneathTest, ::testing::Values(ENOSYS, EPERM));

TEST_F(BeneathTest, SearchesDirectoriesThatMayNotBeRead) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "only root can be somebody else";
  }
  fs::permissions(scratch_->path(), fs::perms(0711));
  fs::permissions(At("inside"), fs::perms(0711));
  fs::permissions(At("inside/sub"), fs::perms(0711));
  fs::permissions(At("inside/sub/file"), fs::perms(0644));
  const pid_t child = ::fork();
  if (child == 0) {
    const bool left = ::setgid(65534) == 0 && ::setuid(65534) == 0;
    const auto beneath = Beneath::Open(At("inside"));
    const bool read = left && beneath && beneath->Read("sub/file", 100).value_or("") == "inside";
    ::_exit(read && !beneath->Names() ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_F(BeneathTest, RemovesNoBottomlessTree) {
  auto deep = Beneath::Open(At("inside/sub"));
  for (int i = 0; i < 300; ++i) {
    ASSERT_TRUE(deep->MakeDirectory("d", 0700));
    deep = deep->Directory("d");
    ASSERT_TRUE(deep);
  }
  EXPECT_EQ(Reason(inside_->Remove("sub")), "path.too_deep");
  EXPECT_TRUE(inside_->IsDirectory("sub"));
}

// The directory and a link to the other one change places as fast as a thread can do it.
TEST_F(BeneathTest, NeverReadsOrWritesOutsideWhileNamesAreExchanged) {
  fs::create_symlink("../outside/sub", At("inside/other"));
  std::jthread swapper([this](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      ::renameat2(AT_FDCWD,
                  At("inside/sub").c_str(),
                  AT_FDCWD,
                  At("inside/other").c_str(),
                  RENAME_EXCHANGE);
    }
  });
  int read = 0;
  int refused = 0;
  // By time: a scheduler that starves one side must not make this long.
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while ((read < 50 || refused < 50) && std::chrono::steady_clock::now() < end) {
    const auto text = inside_->Read("sub/file", 100);
    ASSERT_TRUE(text ? *text == "inside" : Reason(text) == "path.link") << Reason(text);
    ++(text ? read : refused);
    const auto written = inside_->Write("sub/file", "inside", 0600);
    ASSERT_TRUE(written || Reason(written) == "path.link") << Reason(written);
  }
  swapper = {};
  EXPECT_GE(read, 1);
  EXPECT_GE(refused, 1);
  EXPECT_EQ(Text("outside/sub/file"), "outside");
  EXPECT_THAT(Beneath::Open(At("outside/sub"))->Names().value(), ElementsAre("file"));
}

}  // namespace
}  // namespace zoowarden::sys
