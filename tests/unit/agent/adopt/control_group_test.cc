#include "agent/adopt/control_group.h"

#include "tests/unit/agent/install/scratch.h"

#include <gmock/gmock.h>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;

TEST(ControlGroupTest, AServiceIsNamedByItsGroup) {
  EXPECT_EQ(ServiceOf("0::/system.slice/zookeeper.service\n"), "zookeeper.service");
  EXPECT_EQ(ServiceOf("0::/system.slice/system-zk.slice/zk@1.service\n"), "zk@1.service");
  EXPECT_EQ(ServiceOf("2:cpu:/x\n1:name=systemd:/system.slice/zookeeper.service\n0::/\n"),
            "zookeeper.service");
}

TEST(ControlGroupTest, ALoginOrNoManagerIsNoService) {
  EXPECT_EQ(ServiceOf(""), "");
  EXPECT_EQ(ServiceOf("0::/\n"), "");
  EXPECT_EQ(ServiceOf("0::/user.slice/user-0.slice/session-3.scope\n"), "");
  EXPECT_EQ(ServiceOf("0::/user.slice/user-7.slice/user@7.service/app.slice/zk.service\n"), "");
  EXPECT_EQ(ServiceOf("0::/../../system.slice/of-the-machine-outside.service\n"), "");
  EXPECT_EQ(ServiceOf("4:memory:/system.slice/other.service\n"), "");
}

class UnitFilesTest : public ScratchTest {
 protected:
  std::string Put(const std::string& name, const std::string& content) {
    const fs::path path = scratch() / name;
    fs::create_directories(path.parent_path());
    Write(path, content);
    return path.string();
  }
};

TEST_F(UnitFilesTest, TheFirstFileHidesTheOthersAndDropInsAreAllTold) {
  Put("lib/systemd/system/zk.service", "[Service]\n");
  const auto own = Put("etc/systemd/system/zk.service", "[Service]\n");
  const auto a = Put("etc/systemd/system/zk.service.d/10-limits.conf", "[Service]\n");
  const auto b = Put("run/systemd/system/zk.service.d/20-more.conf", "[Service]\n");
  Put("etc/systemd/system/zk.service.d/notes.txt", "nothing");
  EXPECT_THAT(UnitFiles(scratch(), "zk.service"), testing::ElementsAre(own, a, b));
}

TEST_F(UnitFilesTest, AGeneratedUnitNamesItsInitScript) {
  const auto unit = Put("run/systemd/generator.late/zookeeper.service",
                        "[Unit]\nSourcePath=/etc/init.d/zookeeper\n");
  EXPECT_THAT(UnitFiles(scratch(), "zookeeper.service"),
              testing::ElementsAre(unit, "/etc/init.d/zookeeper"));
}

}  // namespace
}  // namespace zoowarden::agent
