// Processes in containers, sandboxes and of other users: what of them can be told, and what not.
#include "tests/unit/agent/blind_finder.h"

#include <unistd.h>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;

// Its paths mean other files than ours.
class ContainerTest : public BlindFinderTest {
 protected:
  void SetUp() override {
    fs::create_directories(Path("container/conf"));
    fs::create_directories(Path("container/data/version-2"));
  }
  void AddInside(int pid, const std::string& configuration, const std::string& root) const {
    fs::create_directories(Path("proc/" + std::to_string(pid)));
    fs::create_directory_symlink(Path(root), Path("proc/" + std::to_string(pid) + "/root"));
    AddProcess(pid, Java(configuration));
  }
};

TEST_F(ContainerTest, WithDataOfItsOwnKeepsNothingFromStarting) {
  Write("container/conf/zoo.cfg", "dataDir=/data\n");
  AddInside(41, "/conf/zoo.cfg", "container");
  ExpectSomebodyElses();
}

TEST_F(ContainerTest, WithAFileOfOurNameIsNotTakenForOurs) {
  const std::string ours = Path("generations/aaaa/conf/zoo.cfg");
  fs::create_directories(Path("container" + fs::path(ours).parent_path().string()));
  Write("container" + ours, "dataDir=/data\n");
  AddInside(41, ours, "container");
  ExpectSomebodyElses();
  fs::remove(Path("container" + ours));
  ExpectSomebodyElses();
  // As the kernel tells the path of a file in another namespace.
  fs::create_symlink(Path("data/version-2/log.1"), Path("proc/41/fd/7"));
  ExpectSomebodyElses();
}

TEST_F(ContainerTest, WithOurDataIsOursWhateverItCallsIt) {
  Write("container.cfg", "dataDir=/data\n");
  AddInside(41, "/container.cfg", ".");
  ExpectOurs();
}

TEST_F(ContainerTest, ThatHoldsOurLogIsOurs) {
  fs::create_directories(Path("data/version-2"));
  Write("data/version-2/log.1", "");
  AddInside(41, "/conf/removed.cfg", "container");
  fs::create_symlink(Path("data/version-2/log.1"), Path("proc/41/fd/7"));
  ExpectOurs();
}

TEST_F(ContainerTest, ItsLinksAndDotsEndAtItsOwnRoot) {
  Write("container/zoo.cfg", "dataDir=/../../link\n");
  fs::create_symlink("/zoo.cfg", Path("container/conf/zoo.cfg"));
  fs::create_symlink("../../../data", Path("container/link"));
  AddInside(41, "/conf/zoo.cfg", "container");
  ExpectSomebodyElses();
  fs::remove(Path("container/link"));
  fs::create_symlink("link", Path("container/link"));
  ExpectUnclear({"process 41", "/../../link"});
}

// An agent without rights looks at other users' processes.
class OtherUserTest : public BlindFinderTest {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) {
      GTEST_SKIP() << "only root can look as another user";
    }
    fs::permissions(Path(""), fs::perms(0755));
    fs::create_directories(Path("closed/root"));
    fs::permissions(Path("closed"), fs::perms(0700));
    Become(65534);
  }
  void TearDown() override { Become(0); }

  static void Become(uid_t user) {
    if (::geteuid() != 0) {
      ASSERT_EQ(::seteuid(0), 0);
    }
    ASSERT_EQ(::seteuid(user), 0);
  }
  // Of root's: its root and its working directory may not be looked at.
  void AddClosed(const std::string& configuration, const std::string& mounts = "") const {
    Become(0);
    fs::remove_all(Path("proc/41"));
    fs::create_directories(Path("proc/41"));
    fs::create_directories(Path("proc/self"));
    fs::create_directory_symlink(Path("closed/root"), Path("proc/41/root"));
    fs::create_directory_symlink(Path("closed/root"), Path("proc/41/cwd"));
    AddProcess(41, Java(configuration));
    Write("proc/41/mountinfo", mounts);
    Write("proc/self/mountinfo", "1 0 8:1 / / rw - ext4 /dev/sda rw\n");
    Become(65534);
  }
};

TEST_F(OtherUserTest, AConfigurationThatMayNotBeRead) {
  Become(0);
  AddProcess(41, Java(Path("elsewhere.cfg")));
  fs::permissions(Path("elsewhere.cfg"), fs::perms::none);
  Become(65534);
  ExpectUnclear({"process 41", Path("elsewhere.cfg").string() + " cannot be read", "as root"});
}

TEST_F(OtherUserTest, ADataDirectoryThatMayNotBeLookedAt) {
  Become(0);
  Write("elsewhere.cfg", "dataDir=" + Path("closed/root").string() + "\n");
  AddProcess(41, Java(Path("elsewhere.cfg")));
  Become(65534);
  ExpectUnclear({"process 41", Path("closed/root").string(), "as root"});
}

TEST_F(OtherUserTest, ACommandLineThatMayNotBeRead) {
  Become(0);
  AddProcess(41, Java(Path("elsewhere.cfg")));
  fs::permissions(Path("proc/41/cmdline"), fs::perms::none);
  Become(65534);
  ExpectUnclear({"the command line of process 41 cannot be read", "as root"});
}

TEST_F(OtherUserTest, ARelativeConfiguration) {
  AddClosed("relative.cfg", "1 0 8:1 / / rw - ext4 /dev/sda rw\n");
  ExpectUnclear({"process 41", "relative.cfg", "proc/41/cwd", "as root"});
}

TEST_F(OtherUserTest, OfAnotherMountNamespaceThatMayReachOurData) {
  AddClosed(Path("elsewhere.cfg"), "");
  ExpectUnclear({"process 41", "sees other file systems", "as root"});
  AddClosed(Path("elsewhere.cfg"),
            "7 0 0:55 / / rw - overlay overlay rw\n"
            "8 7 8:1 " +
                Path("data").string() + "/version-2 /datalog rw - ext4 /dev/sda rw\n");
  ExpectUnclear({"process 41", "sees other file systems", "as root"});
  // A root that is no mount point: what it reaches is not in the table.
  AddClosed(Path("elsewhere.cfg"), "8 7 8:1 /etc/hosts /etc/hosts rw - ext4 /dev/sda rw\n");
  ExpectUnclear({"process 41", "sees other file systems", "as root"});
}

TEST_F(OtherUserTest, OfAnotherMountNamespaceThatCannotReachOurData) {
  AddClosed("/conf/zoo.cfg",
            "7 0 0:55 / / rw - overlay overlay rw\n"
            "8 7 8:1 " +
                Path("data").string() +
                "-of-another /data rw - ext4 /dev/sda rw\n"
                "9 7 8:2 / /logs rw - ext4 /dev/sdb rw\n");
  ExpectSomebodyElses();
}

TEST_F(OtherUserTest, OfASandboxOverTheSameFileSystemIsJudgedByItsConfiguration) {
  const std::string scratch = Path("elsewhere.cfg").parent_path();
  const std::string mounts = "7 0 8:1 / / ro - ext4 /dev/sda rw\n8 7 8:1 " + scratch + " " +
                             scratch + " rw - ext4 /dev/sda rw\n";
  AddClosed(Path("elsewhere.cfg"), mounts);
  ExpectSomebodyElses();
  AddClosed(Path("generations/aaaa/conf/zoo.cfg"), mounts);
  ExpectOurs();
}

}  // namespace
}  // namespace zoowarden::agent
