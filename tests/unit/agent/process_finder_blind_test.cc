// Processes of which too little can be seen.
#include "agent/lifecycle/mount_table.h"
#include "sys/fd.h"
#include "tests/unit/agent/blind_finder.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <future>
#include <thread>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;

// As the kernel has it: nothing is told of a process through its first thread when that has ended.
TEST_F(BlindFinderTest, OneWhoseFirstThreadHasEndedIsSeenThroughAnother) {
  AddProcess(45, {}, 'Z');
  EXPECT_FALSE(Finder().Find().found.has_value());
  AddProcess(46, Java(Path("generations/aaaa/conf/zoo.cfg")));
  fs::create_directories(Path("proc/45/task/45"));
  fs::create_directories(Path("proc/45/task/46"));
  fs::rename(Path("proc/46/cmdline"), Path("proc/45/task/46/cmdline"));
  const FinderAnswer answer = Finder().Find();
  ASSERT_TRUE(answer.found.has_value()) << answer.problem;
  EXPECT_EQ(answer.found->process.pid, 45);
}

TEST_F(BlindFinderTest, OneWhoseThreadsCannotBeListedIsNotTakenForGone) {
  AddProcess(45, {}, 'Z');
  Write("proc/45/task", "no directory");
  ExpectUnclear({"the threads of process 45 cannot be read"});
}

// Process 41 by what everybody may read of its rights.
class OtherRightsTest : public BlindFinderTest {
 protected:
  void Is(const std::string& user, const std::string& capable) const {
    Write("proc/41/status",
          "Name:\tjava\nUid:\t" + user + "\t" + user + "\t" + user + "\t" + user +
              "\nGid:\t7777\t7777\t7777\t7777\nGroups:\t7778 \nCapEff:\t" + capable + "\n");
  }
  static constexpr const char* kNothing = "0000000000000000";
};

TEST_F(OtherRightsTest, OneThatCouldNotWriteOurDataServesSomethingElse) {
  Write("odd.cfg", "dataDir=\\u00zz\n");
  AddProcess(41, Java(Path("odd.cfg")));
  fs::permissions(Path("data"), fs::perms::owner_all);
  Is(std::to_string(::geteuid()), kNothing);
  ExpectUnclear({"process 41"});
  Is("7777", "0000000000000002");
  ExpectUnclear({"process 41"});
  Is("7777", kNothing);
  ExpectSomebodyElses();
  fs::permissions(Path("data"), fs::perms::all);
  ExpectUnclear({"process 41"});
}

// Any user of the machine can give a process any command line.
TEST_F(OtherRightsTest, OneThatCouldNotWriteOurDataIsNotOursByItsCommandLine) {
  AddProcess(41, Java(Path("generations/aaaa/conf/zoo.cfg")));
  fs::permissions(Path("data"), fs::perms::owner_all);
  Is(std::to_string(::geteuid()), kNothing);
  ExpectOurs();
  Is("7777", kNothing);
  ExpectSomebodyElses();
  fs::create_directories(Path("data/version-2"));
  fs::permissions(Path("data/version-2"), fs::perms::all);
  ExpectOurs();
}

TEST_F(OtherRightsTest, OneThatReadsOurFilesIsNotOursByThat) {
  AddProcess(41, Java(Path("elsewhere.cfg")));
  fs::permissions(Path("data"), fs::perms::owner_all);
  Is("7777", kNothing);
  fs::create_directories(Path("data/version-2"));
  Write("data/version-2/log.1", "ours");
  fs::create_symlink(Path("data/version-2/log.1"), Path("proc/41/fd/7"));
  fs::create_directories(Path("proc/41/fdinfo"));
  Write("proc/41/fdinfo/7", "pos:\t0\nflags:\t0100000\nmnt_id:\t29\n");
  ExpectSomebodyElses();
  Write("proc/41/fdinfo/7", "pos:\t0\nflags:\t0100002\nmnt_id:\t29\n");
  ExpectOurs();
}

// On the disk it is another user than /proc tells.
TEST_F(OtherRightsTest, OneWhoseUsersAreMappedMayWriteOurData) {
  AddProcess(41, Java(Path("generations/aaaa/conf/zoo.cfg")));
  fs::permissions(Path("data"), fs::perms::owner_all);
  fs::create_directories(Path("proc/self"));
  Write("proc/self/uid_map", "0 0 4294967295\n");
  Write("proc/41/uid_map", "0 0 4294967295\n");
  Is("7777", kNothing);
  ExpectSomebodyElses();
  Write("proc/41/uid_map", "0 100000 65536\n");
  ExpectOurs();
  Write("proc/41/uid_map", "0 0 4294967295\n");
  Write("proc/41/mountinfo", "8 7 8:1 / /box rw,idmapped - ext4 /dev/sda rw\n");
  ExpectOurs();
}

TEST_F(BlindFinderTest, AnOpenFileThatIsThereIsComparedByItself) {
  AddProcess(44, Java(Path("elsewhere.cfg")));
  fs::create_directory(Path("data/version-2"));
  Write("data/version-2/log.1", "ours");
  fs::create_symlink(Path("data/version-2/log.1"), Path("proc/44/fd/7"));
  ExpectOurs();
}

// A file system whose server is dead: each look at it hangs until Close. This thread and what it
// starts have mounts of their own from then on, which end with them even if they are killed.
class DeadMount {
 public:
  explicit DeadMount(fs::path point) : point_(std::move(point)) {
    fs::create_directories(point_);
    const std::string options =
        "fd=" + std::to_string(server_.get()) + ",rootmode=40000,user_id=0,group_id=0";
    mounted_ = server_.valid() && ::unshare(CLONE_NEWNS) == 0 &&
               ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
               ::mount("dead", point_.c_str(), "fuse", MS_NOSUID, options.c_str()) == 0;
  }
  DeadMount(const DeadMount&) = delete;
  DeadMount& operator=(const DeadMount&) = delete;
  ~DeadMount() { Close(); }
  [[nodiscard]] bool mounted() const { return mounted_; }
  void Close() {
    server_.Reset();
    if (mounted_) {
      ::umount2(point_.c_str(), MNT_DETACH);
      mounted_ = false;
    }
  }

 private:
  fs::path point_;
  sys::UniqueFd server_{::open("/dev/fuse", O_RDWR | O_CLOEXEC)};
  bool mounted_ = false;
};

TEST_F(BlindFinderTest, WhatAnotherHoldsOpenIsLookedAtOnlyWhereWeHaveAFileOfThatName) {
  DeadMount dead(Path("dead"));
  if (!dead.mounted()) {
    GTEST_SKIP() << "this user may not mount file systems";
  }
  AddProcess(44, Java(Path("elsewhere.cfg")));
  fs::create_directory(Path("data/version-2"));
  fs::create_symlink(Path("dead/version-2/log.7"), Path("proc/44/fd/7"));
  auto found = std::async(std::launch::async, [&] { return Finder().Find(); });
  EXPECT_EQ(found.wait_for(std::chrono::seconds(20)), std::future_status::ready);
  dead.Close();
  EXPECT_TRUE(found.get().visible);
}

// Under another name of the directory that it lies in, as a mount of its own has it.
TEST_F(BlindFinderTest, AnOpenFileOfOursIsKnownUnderAnyPathThatEndsAlike) {
  AddProcess(44, Java(Path("elsewhere.cfg")));
  for (const char* directory : {"version-2", "any"}) {
    fs::create_directories(Path("data") / directory);
    fs::create_directories(Path("mounted") / directory);
    Write(std::string("data/") + directory + "/log.1", "ours");
    fs::create_hard_link(Path("data") / directory / "log.1", Path("mounted") / directory / "log.1");
    fs::create_symlink(Path("mounted") / directory / "log.1", Path("proc/44/fd/7"));
    ExpectOurs();
    fs::remove(Path("proc/44/fd/7"));
    ExpectSomebodyElses();
  }
}

TEST_F(BlindFinderTest, AMachineOfHiddenProcessesIsOneSentenceOrTwo) {
  for (int pid = 100; pid < 400; ++pid) {
    fs::create_directories(Path("proc/" + std::to_string(pid) + "/cmdline"));
  }
  const FinderAnswer answer = Finder().Find();
  EXPECT_FALSE(answer.visible);
  EXPECT_LT(answer.problem.size(), 1'000U);
}

// To whom a container, or a file server, denies a look all the same.
TEST_F(BlindFinderTest, RootIsNotToldToBecomeRoot) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "of root";
  }
  AddProcess(41, Java(Path("elsewhere.cfg")));
  AddProcess(42, {"sleep"});
  for (const char* closed : {"elsewhere.cfg", "proc/42/cmdline"}) {
    fs::permissions(Path(closed), fs::perms::none);
    ASSERT_EQ(::chown(Path(closed).c_str(), 65534, 65534), 0);
  }
  FinderAnswer answer;
  std::thread([&] {
    __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> none{};
    ASSERT_EQ(::syscall(SYS_capset, &header, none.data()), 0);
    answer = Finder().Find();
  }).join();
  EXPECT_NE(answer.problem.find(Path("elsewhere.cfg")), std::string::npos) << answer.problem;
  EXPECT_NE(answer.problem.find("process 42 cannot be read"), std::string::npos) << answer.problem;
  EXPECT_EQ(answer.problem.find("as root"), std::string::npos) << answer.problem;
}

TEST_F(BlindFinderTest, AConfigurationThatWeDoNotUnderstand) {
  Write("odd.cfg", "dataDir=\\u00zz\n");
  AddProcess(41, Java(Path("odd.cfg")));
  ExpectUnclear({"process 41", Path("odd.cfg").string() + " cannot be understood", "correct"});
  Write("odd.cfg", "clientPort=2181\n");
  ExpectUnclear({"process 41", Path("odd.cfg").string() + " names no dataDir", "correct"});
}

TEST_F(BlindFinderTest, ARelativeConfigurationWithoutItsDirectoryIsNotLookedForInOurs) {
  AddProcess(41, {"java", kMain, "relative.cfg"});
  ExpectUnclear({"process 41", "relative.cfg", "proc/41/cwd"});
}

TEST_F(BlindFinderTest, WhatCannotBeReadIsNoAbsentProcess) {
  fs::create_directories(Path("proc/41/cmdline"));
  ExpectUnclear({"the command line of process 41 cannot be read"});
  fs::remove_all(Path("proc/41"));
  AddProcess(42, Java(Path("generations/aaaa/conf/zoo.cfg")));
  fs::remove(Path("proc/42/stat"));
  fs::create_directory(Path("proc/42/stat"));
  ExpectUnclear({"the state of process 42 cannot be read"});
}

TEST(MountTableTest, TellsAPlaceThroughEveryMountAlike) {
  const auto scratch = sys::TempDir::Create(fs::temp_directory_path(), "mounts-").value();
  const fs::path file = scratch.path() / "mountinfo";
  std::ofstream(file) << "1 0 8:1 / / rw - ext4 /dev/sda rw\n"
                         "2 1 8:1 /srv/zk\\040data /data rw - ext4 /dev/sda rw\n"
                         "3 1 0:40 / /tmp rw - tmpfs tmpfs rw\n";
  const MountTable table = MountTable::Read(file);
  EXPECT_EQ(table.Find("/data/version-2"), table.Find("/srv/zk data/version-2"));
  EXPECT_EQ(table.Find("/data"), table.Find("/srv/zk data/"));
  EXPECT_NE(table.Find("/tmp/x"), table.Find("/x"));
  EXPECT_EQ(table.Find("/tmp/x"), (Place{.device = "0:40", .path = "/x"}));
  EXPECT_EQ(table.Find("/database"), (Place{.device = "8:1", .path = "/database"}));
  EXPECT_FALSE(MountTable::Read("/nowhere").Find("/"));
  EXPECT_TRUE(MountTable::Read("/nowhere").MayReach({.device = "8:1", .path = "/x"}));
}

}  // namespace
}  // namespace zoowarden::agent
