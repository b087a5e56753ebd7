// What is on disk must be what this server last served with, whoever starts it.
#include "agent/lifecycle/launch.h"
#include "agent/lifecycle/launcher/exit_codes.h"
#include "agent/lifecycle/start_conditions.h"
#include "tests/unit/agent/service/one_process_fixture.h"

#include <fstream>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;

// A snapshot is named by the last transaction in it, and begins and ends like this.
const std::string kSnapshot = "ZKSN" + std::string(60, '\0') + std::string("\0\0\0\x01/", 5);

// As systemd does at boot, or by Restart=: nobody has asked the agent.
class StartWithoutAgentTest : public OneProcessTest {
 protected:
  // "0", or the reason of a refusal.
  std::string Started() {
    const sys::Program program{.executable = FindLauncher().value(),
                               .arguments = {"--data",
                                             At("data"),
                                             "--current",
                                             At("generations/current"),
                                             "--log-dir",
                                             At("logs"),
                                             "start"},
                               .timeout = std::chrono::seconds(10),
                               .descendants = sys::Descendants::kLeave};
    sys::ProgramResult ran;
    // The last breath of a stand-in before, its `sleep`, may still hold the lock.
    EXPECT_TRUE(WaitUntil([&] {
      ran = sys::RunProgram(program).value();
      return ran.exit_code != kLaunchLocked;
    }));
    const bool refused = ran.exit_code == kLaunchRefused;
    return refused ? ran.error_output.substr(0, ran.error_output.find(':'))
                   : std::to_string(ran.exit_code);
  }
  void Prove(std::uint64_t zxid, std::uint64_t device) {
    ASSERT_TRUE(WriteStartConditions(
        At("generations"),
        {.data_log_directory = At("data"),
         .proved = ProvedBefore{
             .canary = {zxid}, .file_system = {.device = device}, .boot_id = host_->BootId()}}));
  }
  [[nodiscard]] std::uint64_t Device() const { return FileSystemOf(At("data"))->device; }
};

TEST_F(StartWithoutAgentTest, AmnesiacDataIsNotStarted) {
  Prove(0x100000005, Device() + 1);
  EXPECT_EQ(Started(), "start.other_device");
  Prove(0x100000005, Device());
  EXPECT_EQ(Started(), "start.data_missing");
  Write("data/version-2/snapshot.100000004", kSnapshot);
  EXPECT_EQ(Started(), "start.data_older");
  EXPECT_TRUE(Servers().empty());
  Write("data/version-2/snapshot.100000005", kSnapshot);
  EXPECT_EQ(Started(), "0");
  EXPECT_TRUE(WaitUntil([this] { return Servers().size() == 1; }));
}

TEST_F(StartWithoutAgentTest, AnotherServersDataOrAChangedReleaseIsNotStarted) {
  Write("data/myid", "2");
  EXPECT_EQ(Started(), "start.myid");
  Write("data/myid", "1");
  const fs::path release = fs::canonical(At("generations/current/release"));
  std::ofstream(release / "bin/zkServer.sh", std::ios::app) << "\n";
  EXPECT_EQ(Started(), "release.tree_changed");
  EXPECT_TRUE(Servers().empty());
}

TEST_F(StartWithoutAgentTest, ConditionsThatCannotBeReadAreNotTakenForNone) {
  Write("generations/start-conditions.json", "{");
  EXPECT_EQ(Started(), "start.conditions_damaged");
  Write("generations/start-conditions.json", R"({"format": 2})");
  EXPECT_EQ(Started(), "start.conditions_format");
  EXPECT_TRUE(Servers().empty());
}

}  // namespace
}  // namespace zoowarden::agent
