#include "agent/lifecycle/process_finder.h"

#include "tests/unit/agent/fake_proc.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;

TEST_F(ProcessFinderTest, AnAdoptedGenerationIsToldByItsConfigurationAndItsJar) {
  Write("foreign.cfg", "dataDir=" + Path("data").string() + "\n");
  AddProcess(41,
             {"java",
              "-cp",
              "/opt/zk/lib/zookeeper-3.8.4.jar:/opt/zk/conf",
              kMain,
              Path("foreign.cfg").string()});
  AdoptedProcess adopted{.generation = "0000000000000000",
                         .configuration = Path("foreign.cfg"),
                         .server_jar = "/opt/zk/lib/zookeeper-3.8.4.jar"};
  bool is_adopted = false;
  ProcessFinder finder(
      {.proc = Path("proc"),
       .releases = Path("releases"),
       .generations = Path("generations"),
       .data_directory = Path("data"),
       .data_log_directory = Path("data"),
       .adopted = [&] { return is_adopted ? std::optional(adopted) : std::nullopt; }});
  EXPECT_EQ(finder.FindAgain().found->process.generation, "");
  is_adopted = true;
  finder.Forget();
  EXPECT_EQ(finder.FindAgain().found->process.generation, "0000000000000000");
  adopted.server_jar = "/opt/zk/lib/zookeeper-3.9.4.jar";
  EXPECT_EQ(finder.Find().found->process.generation, "") << "the same files with another release";
  adopted.server_jar = "/opt/zk/lib/zookeeper-3.8.4.jar";
  adopted.configuration = Path("other.cfg");
  EXPECT_EQ(finder.Find().found->process.generation, "");
}

TEST_F(ProcessFinderTest, ServersOfOtherDataAreTold) {
  AddProcess(41, Java(Path("elsewhere.cfg")));
  const FinderAnswer answer = Finder().Find();
  EXPECT_FALSE(answer.found);
  ASSERT_EQ(answer.others.size(), 1U);
  EXPECT_EQ(answer.others[0].process.pid, 41);
  EXPECT_EQ(answer.others[0].configuration, Path("elsewhere.cfg"));
}

TEST_F(ProcessFinderTest, NamesPidStartTimeGenerationAndRelease) {
  AddProcess(41, Java(Path("generations/aaaa/conf/zoo.cfg")));
  const FinderAnswer answer = Finder().Find();
  EXPECT_TRUE(answer.visible);
  ASSERT_TRUE(answer.found.has_value());
  EXPECT_EQ(answer.found->process.pid, 41);
  EXPECT_EQ(answer.found->process.start_time, 777U);
  EXPECT_EQ(answer.found->process.generation, "aaaa");
  EXPECT_EQ(answer.found->process.release, "3.9.4-aabbccdd");
}

TEST_F(ProcessFinderTest, AFileThatCannotBeReadToItsEndIsNoExceptionAndNoProcess) {
  // What a read gives when the process ends after the open; a directory fails in the same place.
  fs::create_directories(Path("proc/40/cmdline"));
  AddProcess(41, Java(Path("generations/aaaa/conf/zoo.cfg")));
  const FinderAnswer answer = Finder().Find();
  ASSERT_TRUE(answer.found.has_value());
  EXPECT_EQ(answer.found->process.pid, 41);
}

TEST_F(ProcessFinderTest, FindsAForeignInstallationOnTheSameDataDirectory) {
  Write("foreign.cfg", "dataDir=" + Path("data").string() + "/../data\n");
  AddProcess(42, {"java", kMain, Path("foreign.cfg").string()});
  const FinderAnswer answer = Finder().Find();
  ASSERT_TRUE(answer.found.has_value());
  EXPECT_EQ(answer.found->process.generation, "");
}

TEST_F(ProcessFinderTest, FindsOneThatOnlySharesTheTransactionLogs) {
  Write("foreign.cfg",
        "dataDir=" + Path("other-data").string() + "\ndataLogDir=" + Path("data").string() + "\n");
  AddProcess(42, {"java", kMain, Path("foreign.cfg").string()});
  EXPECT_TRUE(Finder().Find().found.has_value());
}

TEST_F(ProcessFinderTest, ResolvesARelativeConfigurationByTheProcessesDirectory) {
  AddProcess(43, {"java", kMain, "zoo.cfg"});
  fs::create_directory_symlink(Path("generations/aaaa/conf"), Path("proc/43/cwd"));
  EXPECT_TRUE(Finder().Find().found.has_value());
}

TEST_F(ProcessFinderTest, DotsInAPathAreResolved) {
  AddProcess(43, Java(Path("releases") / "../generations/./aaaa/conf/../conf/zoo.cfg"));
  const FinderAnswer answer = Finder().Find();
  ASSERT_TRUE(answer.found.has_value());
  EXPECT_EQ(answer.found->process.generation, "aaaa");
}

TEST_F(ProcessFinderTest, APathThroughCurrentNamesNoGenerationBecauseItMayHaveMeantAnother) {
  fs::create_directory_symlink("aaaa", Path("generations/current"));
  AddProcess(43, Java(Path("generations/current/conf/zoo.cfg")));
  const FinderAnswer answer = Finder().Find();
  ASSERT_TRUE(answer.found.has_value());
  EXPECT_EQ(answer.found->process.generation, "");
}

TEST_F(ProcessFinderTest, AGenerationIsKnownThroughALinkElsewhere) {
  fs::create_directory_symlink(Path("generations"), Path("linked"));
  AddProcess(43, Java(Path("linked/aaaa/conf/zoo.cfg")));
  const FinderAnswer answer = Finder().Find();
  ASSERT_TRUE(answer.found.has_value());
  EXPECT_EQ(answer.found->process.generation, "aaaa");
}

TEST_F(ProcessFinderTest, OneStartedByHandIsFoundThroughLinksAndRelativeDirectories) {
  fs::create_directory_symlink(Path("data"), Path("data-link"));
  Write("by-link.cfg", "dataDir=" + Path("data-link").string() + "\n");
  AddProcess(43, {"java", kMain, Path("by-link.cfg").string()});
  EXPECT_TRUE(Finder().Find().found.has_value());
  fs::remove_all(Path("proc/43"));
  EXPECT_FALSE(Finder().Find().found.has_value());
  Write("relative.cfg", "dataDir=proc/../data\n");
  AddProcess(44, {"java", kMain, "relative.cfg"});
  fs::create_directory_symlink(Path("."), Path("proc/44/cwd"));
  EXPECT_TRUE(Finder().Find().found.has_value());
}

TEST_F(ProcessFinderTest, OneStartedWithAPortAndADirectoryIsFound) {
  constexpr const char* kStandalone = "org.apache.zookeeper.server.ZooKeeperServerMain";
  AddProcess(43, {"java", kStandalone, "2181", Path("other-data").string()});
  EXPECT_FALSE(Finder().Find().found.has_value());
  AddProcess(44, {"java", kStandalone, "2181", Path("data").string(), "2000"});
  EXPECT_TRUE(Finder().Find().found.has_value());
}

TEST_F(ProcessFinderTest, OpenFilesAreComparedByTheirRealPaths) {
  fs::create_directory_symlink(Path("data"), Path("data-link"));
  AddProcess(43, Java(Path("removed.cfg")));
  fs::create_symlink(Path("data") / "version-2/log.1", Path("proc/43/fd/7"));
  ProcessFinder finder({.proc = Path("proc"),
                        .releases = Path("releases"),
                        .generations = Path("generations"),
                        .data_directory = Path("data-link"),
                        .data_log_directory = {}});
  EXPECT_TRUE(finder.Find().found.has_value());
}

TEST_F(ProcessFinderTest, OtherInstancesZombiesAndClientsAreNotOurs) {
  AddProcess(44, Java(Path("elsewhere.cfg")));
  AddProcess(45, Java(Path("generations/aaaa/conf/zoo.cfg")), 'Z');
  AddProcess(46, {"java", "org.apache.zookeeper.ZooKeeperMain", "-server", "x"});
  AddProcess(47, {});
  const FinderAnswer answer = Finder().Find();
  EXPECT_TRUE(answer.visible);
  EXPECT_FALSE(answer.found.has_value());
}

TEST_F(ProcessFinderTest, AProcessWhoseConfigurationWasRemovedIsFoundByItsOpenFiles) {
  AddProcess(48, Java(Path("removed.cfg")));
  EXPECT_FALSE(Finder().Find().found.has_value());
  fs::create_symlink(Path("data") / "version-2/log.1", Path("proc/48/fd/7"));
  EXPECT_TRUE(Finder().Find().found.has_value());
}

TEST_F(ProcessFinderTest, ARemovedGenerationStillNamesItsProcess) {
  AddProcess(49, Java(Path("generations/bbbb/conf/zoo.cfg")));
  const FinderAnswer answer = Finder().Find();
  ASSERT_TRUE(answer.found.has_value());
  EXPECT_EQ(answer.found->process.generation, "bbbb");
}

TEST_F(ProcessFinderTest, TwoProcessesOnOneDataDirectoryAreTold) {
  AddProcess(50, Java(Path("generations/aaaa/conf/zoo.cfg")));
  AddProcess(51, Java(Path("generations/aaaa/conf/zoo.cfg")));
  EXPECT_NE(Finder().Find().problem.find("serve the same data directory"), std::string::npos);
}

TEST_F(ProcessFinderTest, FindAgainNoticesASecondProcessOnTheSameData) {
  AddProcess(41, Java(Path("generations/aaaa/conf/zoo.cfg")));
  ProcessFinder finder = Finder(std::chrono::milliseconds(0));
  EXPECT_FALSE(finder.FindAgain().several);
  AddProcess(42, Java(Path("generations/aaaa/conf/zoo.cfg")));
  EXPECT_TRUE(finder.FindAgain().several);
  fs::remove_all(Path("proc/42"));
  EXPECT_FALSE(finder.FindAgain().several);
}

TEST_F(ProcessFinderTest, FindAgainNoticesThatThePidIsAnotherProcess) {
  AddProcess(52, Java(Path("generations/aaaa/conf/zoo.cfg")));
  ProcessFinder finder = Finder();
  ASSERT_TRUE(finder.Find().found.has_value());
  EXPECT_TRUE(finder.FindAgain().found.has_value());
  AddProcess(52, {"sleep"}, 'Z');
  EXPECT_FALSE(finder.FindAgain().found.has_value());
}

TEST_F(ProcessFinderTest, AProcessWhoseFirstThreadEndedIsThereUntilAllHave) {
  AddProcess(53, Java(Path("generations/aaaa/conf/zoo.cfg")));
  ProcessFinder finder = Finder();
  ASSERT_TRUE(finder.Find().found.has_value());
  fs::create_directories(Path("proc/53/task/53"));
  fs::create_directories(Path("proc/53/task/54"));
  AddProcess(53, {}, 'Z');
  EXPECT_TRUE(finder.FindAgain().found.has_value());
  EXPECT_TRUE(finder.Find().found.has_value()) << "its threads have no command line any more";
  fs::remove(Path("proc/53/task/54"));
  EXPECT_FALSE(finder.FindAgain().found.has_value());
}

// A first thread that takes the heap down itself is no zombie yet.
TEST_F(ProcessFinderTest, AProcessIsThereWhileTheKernelTakesItsMemoryDown) {
  AddProcess(53, Java(Path("generations/aaaa/conf/zoo.cfg")));
  ProcessFinder finder = Finder();
  ASSERT_TRUE(finder.Find().found.has_value());
  AddProcess(53, {}, 'D');
  EXPECT_TRUE(finder.Find().found.has_value());
  AddProcess(53, Java(Path("elsewhere.cfg")));
  EXPECT_FALSE(finder.Find().found.has_value()) << "what it says is believed";
  fs::remove_all(Path("proc/53"));
  EXPECT_FALSE(finder.Find().found.has_value());
}

TEST_F(ProcessFinderTest, WithoutAProcTreeNothingIsProved) {
  fs::remove_all(Path("proc"));
  const FinderAnswer answer = Finder().Find();
  EXPECT_FALSE(answer.visible);
  EXPECT_FALSE(answer.found.has_value());
}

TEST(ConfigurationArgumentTest, IsTheWordAfterTheMainClass) {
  EXPECT_EQ(ConfigurationArgument({"java", kMain, "/etc/zoo.cfg"}), "/etc/zoo.cfg");
  EXPECT_EQ(ConfigurationArgument({"java", kMain}), "");
  EXPECT_EQ(ConfigurationArgument({"grep", "QuorumPeerMain", "x"}), "");
}

}  // namespace
}  // namespace zoowarden::agent
