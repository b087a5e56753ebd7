// Two processes on one data directory cannot be: the real launcher, real processes, and a stand-in
// for ZooKeeper that sleeps.
#include "agent/lifecycle/launch.h"
#include "agent/lifecycle/launcher/exit_codes.h"
#include "agent/lifecycle/start_conditions.h"
#include "agent/service/first_installation.h"
#include "agent/service/instance.h"
#include "agent/service/instance_host.h"
#include "journal/agent_journal.h"
#include "sys/digest.h"
#include "sys/fd.h"
#include "sys/files.h"
#include "sys/manual_clock.h"
#include "sys/subprocess.h"
#include "tests/unit/agent/install/archive_maker.h"
#include "tests/unit/agent/service/config_below.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <csignal>
#include <fstream>
#include <thread>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

// As the real one: believes the pid file, and writes it. `late` there: takes its time. `deaf`: the
// server ignores SIGTERM.
constexpr const char* kServerScript = R"sh(#!/bin/sh
root=$(realpath "$(dirname "$2")/../../..")
[ -e "$root/late" ] && sleep 1
[ -f "$ZOOPIDFILE" ] && kill -0 "$(cat "$ZOOPIDFILE")" && exit 1
[ -e "$root/deaf" ] && trap '' TERM
sh -c 'while :; do sleep 0.1; done' org.apache.zookeeper.server.quorum.QuorumPeerMain "$2" \
  >/dev/null 2>&1 &
echo $! > "$ZOOPIDFILE"
)sh";

class OneProcessTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto created = sys::TempDir::Create("/tmp", "zw-one-");
    ASSERT_TRUE(created) << created.error().message();
    scratch_.emplace(std::move(*created));
    fs::create_directories(At("data"));
    const std::string archive = MakeRelease("3.8.4", kServerScript);
    Write("release.tar.gz", archive);
    const FirstInstallation first{
        .archive = At("release.tar.gz"),
        .ensemble = {
            .name = "lab",
            .release = {.version = {3, 8, 4}, .sha512 = sys::Digest(sys::Hash::kSha512, archive)},
            .config = {.settings = {{"tickTime", "2000"}, {"initLimit", "10"}, {"syncLimit", "5"}}},
            .servers = {{.id = {1},
                         .host = "127.0.11.99",
                         .client_port = kPort,
                         .settings = {{"clientPortAddress", "127.0.11.99"}}},
                        {.id = {2}, .host = "127.0.11.98"},
                        {.id = {3}, .host = "127.0.11.97"}}}};
    const auto installed = InstallFirst(Config(), first, clock_);
    ASSERT_TRUE(installed) << installed.error().message();
    ASSERT_TRUE(WaitUntil([this] { return !Servers().empty(); }));
    KillServers();
    auto journal = OpenJournalOf(Config());
    ASSERT_TRUE(journal) << journal.error().message();
    journal_ = std::move(*journal);
    StartAgent();
  }

  void TearDown() override { KillServers(); }

  void KillServers() {
    for (const auto pid : Servers()) {
      ::kill(pid, SIGKILL);
    }
    EXPECT_TRUE(WaitUntil([this] { return Servers().empty(); }));
  }

  // The configuration of the generation that is current.
  std::string Configuration() {
    return At("generations/" + fs::read_symlink(At("generations/current")).string()) +
           "/conf/zoo.cfg";
  }

  // An agent that knows nothing of what the one before it has started.
  void StartAgent() {
    auto instance = Instance::Open(Config());
    ASSERT_TRUE(instance) << instance.error().message();
    host_.reset();
    instance_ = std::move(*instance);
    host_ = std::make_unique<InstanceHost>(*instance_, instance_->generations(), *journal_, clock_);
  }

  config::AgentConfig Config() { return ConfigBelow(scratch_->path()); }

  std::string Launch() {
    const auto launched = host_->Launch();
    return launched ? "launched" : launched.error().reason();
  }
  std::optional<model::Process> Seen() { return host_->Look({}, LookAt::kProcess).process; }
  bool WaitUntil(const std::function<bool()>& done) {
    for (int i = 0; i < 500; ++i) {
      if (done()) {
        return true;
      }
      std::this_thread::sleep_for(milliseconds(10));
    }
    return false;
  }
  std::optional<model::Process> LaunchAndSee() {
    // The last breath of a stand-in before, its `sleep`, may still hold the lock.
    EXPECT_TRUE(WaitUntil([this] { return Launch() == "launched"; }));
    EXPECT_TRUE(WaitUntil([this] { return Seen().has_value(); }));
    return Seen();
  }

  // Every stand-in of this test, counted from outside of the code under test.
  std::vector<pid_t> Servers() {
    std::vector<pid_t> pids;
    for (const auto& entry : fs::directory_iterator("/proc")) {
      const auto name = entry.path().filename().string();
      std::ifstream file(entry.path() / "cmdline");
      const std::string words((std::istreambuf_iterator<char>(file)), {});
      if (name.find_first_not_of("0123456789") == std::string::npos &&
          words.find("QuorumPeerMain") != std::string::npos &&
          words.find(scratch_->path().string()) != std::string::npos) {
        pids.push_back(std::stoi(name));
      }
    }
    return pids;
  }

  // Somebody else's start, without our launcher and its lock.
  void StartByHand(const std::string& configuration, const std::string& directory) {
    const auto ran = sys::RunProgram(
        {.executable = "/bin/sh",
         .arguments = {"-c",
                       "cd \"$1\" && exec sh -c 'while :; do sleep 0.1; done' "
                       "org.apache.zookeeper.server.quorum.QuorumPeerMain \"$2\" >/dev/null 2>&1 &",
                       "sh",
                       directory,
                       configuration},
         .timeout = std::chrono::seconds(10),
         .descendants = sys::Descendants::kLeave});
    ASSERT_TRUE(ran && ran->succeeded());
    ASSERT_TRUE(WaitUntil([this] { return !Servers().empty() || Seen().has_value(); }));
  }

  [[nodiscard]] std::string At(const std::string& name) const { return scratch_->path() / name; }
  void Write(const std::string& name, const std::string& content) const {
    std::ofstream(At(name), std::ios::binary) << content;
  }

  static constexpr std::uint16_t kPort = 21811;
  std::optional<sys::TempDir> scratch_;
  sys::ManualClock clock_;
  std::unique_ptr<journal::AgentJournal> journal_;
  std::unique_ptr<Instance> instance_;
  std::unique_ptr<InstanceHost> host_;
};

TEST_F(OneProcessTest, TheLockLivesAsLongAsTheServerAndNoLonger) {
  const auto first = LaunchAndSee();
  ASSERT_TRUE(first);
  EXPECT_EQ(Launch(), "start.other_process");
  // Also for a launcher that nobody asked first.
  const auto again = instance_->manager().Start();
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().reason(), "start.locked");
  ASSERT_TRUE(host_->Signal(*first, StopSignal::kKill, {}));
  ASSERT_TRUE(WaitUntil([this] { return Servers().empty(); }));
  EXPECT_TRUE(LaunchAndSee());
}

TEST_F(OneProcessTest, AnAgentKilledBetweenLaunchAndSightStartsNoSecondOne) {
  Write("late", "");
  ASSERT_TRUE(WaitUntil([this] { return Launch() == "launched"; }));
  StartAgent();
  ASSERT_FALSE(Seen().has_value());
  EXPECT_EQ(Launch(), "start.locked");
  ASSERT_TRUE(WaitUntil([this] { return Seen().has_value(); }));
  EXPECT_EQ(Servers().size(), 1U);
}

TEST_F(OneProcessTest, ASecondOneOnTheSameDataIsSeen) {
  const auto first = LaunchAndSee();
  ASSERT_TRUE(first);
  Write("by-hand.cfg", "dataDir=" + At("data") + "\n");
  StartByHand(At("by-hand.cfg"), "/");
  EXPECT_TRUE(WaitUntil([this] { return host_->Look({}, LookAt::kProcess).several; }));
  EXPECT_EQ(Launch(), "start.other_process");
}

TEST_F(OneProcessTest, AStalePidFileOfALivingProcessIsNoServer) {
  Write("logs/zookeeper.pid", std::to_string(::getpid()));
  EXPECT_FALSE(Seen().has_value());
  EXPECT_TRUE(LaunchAndSee());
}

TEST_F(OneProcessTest, AReusedPidIsNeverSignalled) {
  const auto server = LaunchAndSee();
  ASSERT_TRUE(server);
  auto before = *server;
  before.start_time -= 1;
  const auto sent = host_->Signal(before, StopSignal::kKill, {});
  ASSERT_FALSE(sent);
  EXPECT_TRUE(sent.error().Is(base::ErrorCode::kNotFound));
  EXPECT_EQ(Seen(), server);
}

TEST_F(OneProcessTest, OneThatOutlivesItsStopIsStillThere) {
  Write("deaf", "");
  const auto server = LaunchAndSee();
  ASSERT_TRUE(server);
  ASSERT_TRUE(host_->Signal(*server, StopSignal::kTerminate, {}));
  std::this_thread::sleep_for(milliseconds(300));
  fs::remove(At("logs/zookeeper.pid"));  // as a `stop` that returns too early leaves it
  EXPECT_EQ(Seen(), server);
  EXPECT_EQ(Launch(), "start.other_process");
  ASSERT_TRUE(host_->Signal(*server, StopSignal::kKill, {}));
  ASSERT_TRUE(WaitUntil([this] { return !Seen().has_value(); }));
  EXPECT_TRUE(LaunchAndSee());
}

TEST_F(OneProcessTest, OneThatASupervisorRestartsUnderOurHandsIsSeenAndNotDoubled) {
  const auto server = LaunchAndSee();
  ASSERT_TRUE(server);
  ASSERT_TRUE(host_->Signal(*server, StopSignal::kKill, {}));
  ASSERT_TRUE(WaitUntil([this] { return Servers().empty(); }));
  StartByHand(Configuration(), "/");  // systemd's Restart=
  ASSERT_TRUE(WaitUntil([this] { return Seen().has_value(); }));
  EXPECT_NE(Seen()->pid, server->pid);
  EXPECT_EQ(Launch(), "start.other_process");
  EXPECT_EQ(Servers().size(), 1U);
}

TEST_F(OneProcessTest, OneStartedByHandIsSeenHoweverItNamesTheData) {
  fs::create_directory_symlink(At("data"), At("linked"));
  fs::create_directories(At("elsewhere"));
  Write("elsewhere/by-link.cfg", "dataDir=" + At("linked") + "\n");
  Write("elsewhere/relative.cfg", "dataDir=../logs/../data\n");
  for (const std::string& configuration :
       {At("elsewhere/by-link.cfg"),
        std::string("relative.cfg"),
        At("elsewhere/../generations/./../") + Configuration().substr(At("").size())}) {
    StartByHand(configuration, At("elsewhere"));
    ASSERT_TRUE(WaitUntil([this] { return Seen().has_value(); })) << configuration;
    EXPECT_EQ(Launch(), "start.other_process") << configuration;
    ASSERT_TRUE(host_->Signal(*Seen(), StopSignal::kKill, {}));
    ASSERT_TRUE(WaitUntil([this] { return !Seen().has_value(); }));
  }
}

TEST_F(OneProcessTest, WhoeverHoldsItsPortKeepsItFromStarting) {
  {
    const sys::UniqueFd other(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in at{.sin_family = AF_INET, .sin_port = htons(kPort), .sin_addr = {}, .sin_zero = {}};
    ASSERT_EQ(::inet_pton(AF_INET, "127.0.11.99", &at.sin_addr), 1);
    ASSERT_EQ(::bind(other.get(), reinterpret_cast<sockaddr*>(&at), sizeof(at)), 0);
    ASSERT_EQ(::listen(other.get(), 1), 0);
    EXPECT_EQ(Launch(), "start.port_taken");
    EXPECT_TRUE(Servers().empty());
  }
  EXPECT_TRUE(LaunchAndSee());
}

TEST_F(OneProcessTest, AmnesiacDataIsNotStarted) {
  ASSERT_TRUE(journal_->SaveProved({.zxid = 0x100000005, .device = 0, .boot_id = "another"}));
  EXPECT_EQ(Launch(), "start.data_missing");
  ASSERT_TRUE(journal_->SaveProved(
      {.zxid = 0x100000005, .device = 0, .boot_id = host_->BootId(), .file_system = ""}));
  EXPECT_EQ(Launch(), "start.other_device");
  EXPECT_TRUE(Servers().empty());
}

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
  // A snapshot is named by the last transaction in it, and begins and ends like this.
  const std::string snapshot = "ZKSN" + std::string(60, '\0') + std::string("\0\0\0\x01/", 5);
  Write("data/version-2/snapshot.100000004", snapshot);
  EXPECT_EQ(Started(), "start.data_older");
  EXPECT_TRUE(Servers().empty());
  Write("data/version-2/snapshot.100000005", snapshot);
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
