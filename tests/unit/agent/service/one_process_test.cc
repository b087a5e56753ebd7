// Two processes on one data directory cannot be.
#include "agent/service/agent_core.h"
#include "sys/fd.h"
#include "tests/unit/agent/service/one_process_fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

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

// What answers as the member may be either of the two: nothing is said of it.
TEST_F(OneProcessTest, OfTwoOnTheSameDataTheAgentTellsNothing) {
  ASSERT_TRUE(LaunchAndSee());
  Write("by-hand.cfg", "dataDir=" + At("data") + "\n");
  StartByHand(At("by-hand.cfg"), "/");
  ASSERT_TRUE(WaitUntil([this] { return host_->Look({}, LookAt::kProcess).several; }));
  host_.reset();
  instance_.reset();
  journal_.reset();
  const auto core = AgentCore::Open(Config(), clock_);
  ASSERT_TRUE(core) << core.error().message();
  const auto seen = (*core)->Look({});
  EXPECT_TRUE(seen.process.has_value());
  EXPECT_FALSE(seen.processes_visible);
  EXPECT_FALSE(seen.member_looked);
  EXPECT_NE(seen.problem.find("serve the same data directory"), std::string::npos) << seen.problem;
  // What else is wrong is told beside it, and not in its place.
  fs::remove(At("generations/current"));
  fs::create_symlink("0123456789abcdef", At("generations/current"));
  const std::string problem = (*core)->Look({}).problem;
  EXPECT_NE(problem.find("serve the same data directory"), std::string::npos) << problem;
  EXPECT_NE(problem.find("0123456789abcdef is damaged"), std::string::npos) << problem;
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

// Says when it is asked what was proved, which is in the middle of a start.
class TellingJournal final : public journal::AgentJournal {
 public:
  TellingJournal(journal::AgentJournal& real, std::function<void()> asked)
      : real_(real), asked_(std::move(asked)) {}

  base::Result<std::optional<journal::ProvedRow>> LoadProved() override {
    asked_();
    return real_.LoadProved();
  }
  base::Status Commit(const journal::OperationChange& change) override {
    return real_.Commit(change);
  }
  base::Result<std::optional<journal::OperationRow>> LastOperation() override {
    return real_.LastOperation();
  }
  base::Result<std::optional<journal::OperationRow>> FindOperation(const std::string& id) override {
    return real_.FindOperation(id);
  }
  base::Result<std::vector<journal::TransitionRow>> ListTransitions(
      const std::string& id) override {
    return real_.ListTransitions(id);
  }
  base::Result<std::optional<journal::RecordedCall>> FindCall(
      const journal::CallKey& key) override {
    return real_.FindCall(key);
  }
  base::Result<journal::LeaseRow> LoadLease() override { return real_.LoadLease(); }
  base::Status SaveLease(const journal::LeaseRow& lease,
                         const std::optional<journal::AuditEntry>& audited) override {
    return real_.SaveLease(lease, audited);
  }
  base::Status SaveProved(const journal::ProvedRow& proved) override {
    return real_.SaveProved(proved);
  }
  journal::RunStore& runs() override { return real_.runs(); }
  base::Result<journal::RunPosition> PutRun(const journal::RunRow& run,
                                            const std::vector<journal::RunEventRow>& events,
                                            const journal::RunRetention& keep,
                                            const journal::AuditEntry& audited) override {
    return real_.PutRun(run, events, keep, audited);
  }
  base::Status Audit(const std::vector<journal::AuditEntry>& entries) override {
    return real_.Audit(entries);
  }
  base::Result<std::vector<journal::AuditRow>> ListAudit(std::uint64_t after,
                                                         std::uint64_t limit) override {
    return real_.ListAudit(after, limit);
  }

 private:
  journal::AgentJournal& real_;
  std::function<void()> asked_;
};

// Actual: reading the whole release takes seconds, and somebody starts a server meanwhile.
// Expected: the last thing before the start is a look at what runs.
TEST_F(OneProcessTest, OneStartedByHandWhileAStartIsPreparedIsSeen) {
  Write("by-hand.cfg", "dataDir=" + At("data") + "\n");
  TellingJournal journal(*journal_, [this] { StartByHand(At("by-hand.cfg"), "/"); });
  host_ = std::make_unique<InstanceHost>(*instance_, instance_->generations(), journal, clock_);
  EXPECT_EQ(Launch(), "start.other_process");
  EXPECT_EQ(Servers().size(), 1U);
}

// A mount namespace of its own gives it other files by the same names.
class SandboxTest : public OneProcessTest {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) {
      GTEST_SKIP() << "only root can give a process its own mounts";
    }
    OneProcessTest::SetUp();
    fs::create_directories(At("box"));
  }
  // In a box of its own, after `prepare`, with the configuration in it.
  void StartInBox(const std::string& prepare, const std::string& data) {
    const std::string script =
        "mount -t tmpfs none \"$1\" && " + prepare +
        " && echo \"dataDir=$2\" > \"$1/zoo.cfg\" && " + "exec perl -e '" + WhileThisTestRuns() +
        "' org.apache.zookeeper.server.quorum.QuorumPeerMain \"$1/zoo.cfg\" >/dev/null 2>&1";
    const auto ran =
        sys::RunProgram({.executable = "/bin/sh",
                         .arguments = {"-c",
                                       "unshare -m sh -c \"$0\" sh \"$1\" \"$2\" >/dev/null 2>&1 &",
                                       script,
                                       At("box"),
                                       data},
                         .timeout = std::chrono::seconds(10),
                         .descendants = sys::Descendants::kLeave});
    ASSERT_TRUE(ran && ran->succeeded());
    ASSERT_TRUE(WaitUntil([this] {
      return !ProcessesWith({std::string("\0select", 7), At("box/zoo.cfg")}).empty();
    }));
  }
};

TEST_F(SandboxTest, WithDataOfItsOwnByOurNamesItIsNotOurs) {
  Write("box/zoo.cfg", "dataDir=" + At("data") + "\n");
  StartInBox("mkdir \"$1/data\"", At("box/data"));
  EXPECT_FALSE(Seen().has_value());
  EXPECT_TRUE(LaunchAndSee());
}

TEST_F(SandboxTest, WithOurDataByAnotherNameItIsSeen) {
  StartInBox("mkdir \"$1/data\" && mount --bind \"$1/../data\" \"$1/data\"", At("box/data"));
  EXPECT_TRUE(Seen().has_value());
  EXPECT_EQ(Launch(), "start.other_process");
}

// Whoever may run a process could name our data directory, and a file of his that nobody ever
// writes to.
TEST_F(OneProcessTest, AForeignersFifoHoldsNoLookUp) {
  Write("forged.cfg", "dataDir=" + At("data") + "\ndynamicConfigFile=" + At("fifo") + "\n");
  ASSERT_EQ(::mkfifo(At("fifo").c_str(), 0666), 0);
  StartByHand(At("forged.cfg"), "/");
  const auto seen = host_->Look({}, LookAt::kMember);
  EXPECT_TRUE(seen.process.has_value());
  EXPECT_FALSE(seen.member_looked);
}

TEST_F(OneProcessTest, OneWhoseDataCannotBeToldKeepsItFromStarting) {
  Write("odd.cfg", "clientPort=2181\n");
  StartByHand(At("odd.cfg"), "/");
  const auto launched = host_->Launch();
  ASSERT_FALSE(launched);
  EXPECT_EQ(launched.error().reason(), "start.processes_hidden");
  EXPECT_TRUE(launched.error().Is(base::ErrorCode::kUnavailable)) << "it may pass";
  EXPECT_NE(launched.error().message().find(At("odd.cfg") + " names no dataDir"), std::string::npos)
      << launched.error().message();
  EXPECT_EQ(Servers().size(), 1U);
}

}  // namespace
}  // namespace zoowarden::agent
