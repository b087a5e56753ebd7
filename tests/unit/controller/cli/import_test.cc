#include "controller/cli/import_file.h"
#include "tests/unit/controller/cli/fake_world.h"

#include <gmock/gmock.h>

#include <functional>
#include <utility>

namespace zoowarden::controller {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

model::Discovery Found(std::uint32_t id, model::Mode mode) {
  const std::string n = std::to_string(id);
  model::Discovery found{.id = {id}};
  found.process = model::Process{.pid = static_cast<std::int32_t>(100 + id), .start_time = id};
  found.mode = mode;
  found.version = model::Version{3, 8, 4};
  found.user = "zookeeper";
  found.configuration_file = "/opt/zk/conf/zoo.cfg";
  found.release_directory = "/opt/zk";
  found.launcher = model::ForeignLauncher::kScript;
  found.client_port = 2181;
  found.configuration.settings = {{"tickTime", "2000"},
                                  {"clientPortAddress", "10.0.0." + n},
                                  {"my.key", "any thing: \"odd\""},
                                  {"ssl.keyStore.password", "@kept-on-server"}};
  found.configuration.java = {.heap = "1g", .options = {"-XX:+UseG1GC"}};
  for (std::uint32_t other = 1; other <= 3; ++other) {
    found.members.push_back(
        {.id = {other},
         .host = other == id ? "0.0.0.0" : "zk" + std::to_string(other),
         .quorum_port = 2888,
         .election_port = 3888,
         .role = other == 3 ? model::Role::kObserver : model::Role::kParticipant});
  }
  found.notes = {"local JMX is on"};
  return found;
}

std::vector<FoundServer> Three() {
  return {{.agent = "zk2:7443", .found = Found(2, model::Mode::kLeader)},
          {.agent = "zk1:7443", .found = Found(1, model::Mode::kFollower)},
          {.agent = "zk3:7443", .found = Found(3, model::Mode::kObserver)}};
}

std::string ReasonOf(const std::vector<FoundServer>& servers) {
  const auto status = CheckOneEnsemble(servers);
  return status ? "" : status.error().reason();
}

constexpr const char* kGolden =
    R"(# Written by `zoowarden import` from what runs; no server was touched. `zoowarden adopt`
# takes it over as it is, then `zoowarden plan` has nothing to do.
ensemble: lab
release:
  version: 3.8.4
  source: ""
  sha512: adopted   # what ran before Zoowarden came: there is no archive of it
config:
  # local JMX is on
  settings:
    my.key: "any thing: \"odd\""
    ssl.keyStore.password: "@kept-on-server"   # the value stays on the server
    tickTime: 2000
  java:
    heap: 1g
    options:
      - "-XX:+UseG1GC"
servers:
  - id: 1
    # /opt/zk/conf/zoo.cfg, /opt/zk, user zookeeper, started by zkServer.sh
    host: zk1
    agent: "zk1:7443"
    role: participant
    client_port: 2181
    quorum_port: 2888
    election_port: 3888
    settings:
      clientPortAddress: 10.0.0.1
  - id: 2
    # /opt/zk/conf/zoo.cfg, /opt/zk, user zookeeper, started by zkServer.sh
    # class path entry /x.jar is odd
    host: zk2
    agent: "zk2:7443"
    role: participant
    client_port: 2181
    quorum_port: 2888
    election_port: 3888
    settings:
      clientPortAddress: 10.0.0.2
  - id: 3
    # /opt/zk/conf/zoo.cfg, /opt/zk, user zookeeper, started by zkServer.sh
    host: zk3
    agent: "zk3:7443"
    role: observer
    client_port: 2181
    quorum_port: 2888
    election_port: 3888
    settings:
      clientPortAddress: 10.0.0.3
)";

TEST(ImportFileTest, SaysWhatRunsWithTheCommonPartOnce) {
  auto servers = Three();
  servers[0].found.notes.emplace_back("class path entry /x.jar is odd");
  ASSERT_EQ(ReasonOf(servers), "");
  const auto text = ComposeEnsembleFile("lab", servers);
  ASSERT_TRUE(text) << text.error().message();
  EXPECT_EQ(*text, kGolden);
}

TEST(ImportFileTest, WithoutAnythingInCommonTheFileIsStillWhole) {
  auto servers = Three();
  for (auto& server : servers) {
    server.found.configuration = {
        .settings = {{"a", model::ToString(server.found.id)}}, .java = {}, .files = {}};
    server.found.notes.clear();
    server.found.members[0].weight = 2;
    for (auto& member : server.found.members) {
      member.group = 1;
    }
  }
  const auto text = ComposeEnsembleFile("lab", servers);
  ASSERT_TRUE(text) << text.error().message();
  EXPECT_THAT(*text, HasSubstr("config:\n  settings: {}\n"));
  EXPECT_THAT(*text, HasSubstr("    weight: 2\n    group: 1\n"));
}

TEST(ImportFileTest, AFileThatWouldNotSayWhatRunsIsNotWritten) {
  auto servers = Three();
  servers[1].found.configuration.settings["bad key"] = "x";
  const auto text = ComposeEnsembleFile("lab", servers);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().reason(), "import.not_faithful");
}

TEST(ImportChecksTest, OneEnsembleIsAccepted) { EXPECT_EQ(ReasonOf(Three()), ""); }

TEST(ImportChecksTest, EachContradictionHasItsReason) {
  auto servers = Three();
  servers[0].found.obstacles = {{.reason = "adopt.myid", .text = "says 5"}};
  servers[2].found.obstacles = {{.reason = "adopt.user", .text = "runs as root"}};
  EXPECT_EQ(ReasonOf(servers), "adopt.myid");
  const std::string all = CheckOneEnsemble(servers).error().message();
  EXPECT_THAT(all, HasSubstr("server 2 (agent zk2:7443): says 5"));
  EXPECT_THAT(all, HasSubstr("server 3 (agent zk3:7443): runs as root"));

  servers = Three();
  servers[0].found.id = {1};
  EXPECT_EQ(ReasonOf(servers), "import.two_agents");
  servers = Three();
  servers[0].found.members[0].quorum_port = 9;
  EXPECT_EQ(ReasonOf(servers), "import.memberships_differ");
  servers = Three();
  servers[1].found.members[1].host = "other";
  EXPECT_EQ(ReasonOf(servers), "import.memberships_differ");
  servers = Three();
  servers.pop_back();
  EXPECT_EQ(ReasonOf(servers), "import.member_without_agent");
  servers = Three();
  servers[0].found.mode = model::Mode::kFollower;
  EXPECT_EQ(ReasonOf(servers), "import.leaders");
  servers[0].found.mode = servers[1].found.mode = model::Mode::kLeader;
  EXPECT_EQ(ReasonOf(servers), "import.leaders");
  servers = Three();
  servers[1].found.version = model::Version{3, 8, 5};
  EXPECT_EQ(ReasonOf(servers), "import.versions_differ");
  servers = Three();
  servers[1].found.configuration.java.heap = "2g";
  EXPECT_EQ(ReasonOf(servers), "import.java_differs");
}

// Agents that say what a test wants, and remember what was adopted.
class SpokenForeign final : public ForeignServers {
 public:
  std::vector<base::Result<model::ServerId>> Identify() override { return {}; }
  std::vector<base::Result<model::Discovery>> Discover() override {
    std::vector<base::Result<model::Discovery>> answers;
    for (const auto& server : found) {
      answers.emplace_back(server);
    }
    if (!silent.empty()) {
      answers.back() = base::Fail(base::ErrorCode::kUnavailable, "rpc.unavailable", silent);
    }
    return answers;
  }
  base::Status Adopt(std::size_t agent,
                     const RunIdentity& run,
                     const ApprovedServer& approved) override {
    adopted.push_back(std::to_string(agent) + " pid " + std::to_string(approved.pid) + " epoch " +
                      std::to_string(run.epoch.value) + " " + approved.digest);
    if (on_adopt) {
      std::exchange(on_adopt, {})();
    }
    return base::Ok();
  }
  std::function<void()> on_adopt;  // while the first server is adopted, once
  std::vector<model::Discovery> found = {Found(1, model::Mode::kFollower),
                                         Found(2, model::Mode::kLeader),
                                         Found(3, model::Mode::kObserver)};
  std::string silent;
  std::vector<std::string> adopted;
};

// Nobody has seen a lease yet when both ask; who comes second is told by the holder alone.
class AgentsOfOneHolder final : public SpokenAgents {
 public:
  explicit AgentsOfOneHolder(AgentWords& words) : SpokenAgents(words), words_(words) {}
  std::vector<Answer<Lease>> Acquire(const RunIdentity& run, bool /*take_over*/) override {
    auto answers = words_.leases;
    if (!holder_.empty() && run.holder != holder_) {
      for (auto& answer : answers) {
        answer.result = base::Fail(base::ErrorCode::kAborted, "lease.held", "of " + holder_);
      }
    } else {
      holder_ = run.holder;
    }
    return answers;
  }

 private:
  AgentWords& words_;
  std::string holder_;
};

class ImportTest : public CommandLineTest {
 protected:
  void SetUp() override {
    CommandLineTest::SetUp();
    foreign_ = spoken_;
    for (std::uint32_t id = 1; id <= 3; ++id) {
      words_.leases.push_back({.server = {id}, .result = Lease{.epoch = {7}}});
    }
  }
  Outcome Import() { return Run({"import", "--agents", "zk1:7443, zk2:7443,zk3:7443"}); }
  std::shared_ptr<SpokenForeign> spoken_ = std::make_shared<SpokenForeign>();
};

TEST_F(ImportTest, PrintsTheFileAndWarnsOfWhatItCannotSay) {
  const auto outcome = Import();
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("ensemble: lab\n"));
  EXPECT_THAT(outcome.err, HasSubstr("warning: server 2: local JMX is on"));
  ASSERT_EQ(asked_.size(), 3U);
  EXPECT_EQ(asked_[1].address, "zk2:7443");
  EXPECT_FALSE(asked_[1].id) << "whose it is, the certificate says";
}

TEST_F(ImportTest, AnySilentAgentOrContradictionWritesNothing) {
  spoken_->silent = "nobody there";
  auto outcome = Import();
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.out, "");
  spoken_->silent = "";
  spoken_->found[0].version = model::Version{3, 9, 1};
  outcome = Import();
  EXPECT_EQ(outcome.code, 5);
  EXPECT_EQ(outcome.out, "");
}

TEST_F(ImportTest, ABadListOfAgentsIsTheUsersMistake) {
  for (const char* list : {"", "zk1", "zk1:0", "zk1:7443,zk1:7443", ":7443", "zk1:7443,"}) {
    EXPECT_EQ(Run({"import", "--agents", list}).code, 2) << list;
  }
}

TEST_F(ImportTest, WhatWasImportedIsAdoptedUnderOneEpochProcessByProcess) {
  Write("ensemble.yaml", Import().out);
  const auto outcome = Run({"adopt", "--yes"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  const std::string digest = GenerationOf(spoken_->found[0]).digest;
  ASSERT_EQ(spoken_->adopted.size(), 3U);
  EXPECT_EQ(spoken_->adopted[0], "0 pid 101 epoch 8 " + digest);
  EXPECT_EQ(asked_[2].id, model::ServerId{3}) << "now the certificate must be that server's";
}

TEST_F(ImportTest, TwoAdoptionsWithOneCertificateHoldEachOtherOff) {
  Write("ensemble.yaml", Import().out);
  agents_ = std::make_shared<AgentsOfOneHolder>(words_);
  Outcome second;
  spoken_->on_adopt = [&] {
    manual_clock_.Advance(std::chrono::seconds(1));
    second = Run({"adopt", "--yes"});
  };
  EXPECT_EQ(Run({"adopt", "--yes"}).code, 0);
  EXPECT_EQ(second.code, 8) << second.err;
  EXPECT_EQ(spoken_->adopted.size(), 3U);
}

TEST_F(ImportTest, WithoutAYesNothingIsAdopted) {
  Write("ensemble.yaml", Import().out);
  EXPECT_EQ(Run({"adopt"}).code, 2);
  EXPECT_THAT(spoken_->adopted, ElementsAre());
}

TEST_F(ImportTest, WhatRunsOtherwiseThanTheFileSaysIsNamedAndNothingIsAdopted) {
  Write("ensemble.yaml", Import().out);
  spoken_->found[1].configuration.settings["tickTime"] = "3000";
  spoken_->found[1].configuration.settings["new.key"] = "1";
  const auto outcome = Run({"adopt", "--yes"});
  EXPECT_EQ(outcome.code, 5);
  EXPECT_THAT(outcome.err, HasSubstr("setting tickTime is 3000 on the server"));
  EXPECT_THAT(outcome.err, HasSubstr("setting new.key is missing in ensemble.yaml"));
  EXPECT_THAT(spoken_->adopted, ElementsAre());
}

TEST_F(ImportTest, AFileThatNamesAnArchiveIsNotAdopted) {
  const auto outcome = Run({"adopt", "--yes"});
  EXPECT_EQ(outcome.code, 5);
  EXPECT_THAT(outcome.err, HasSubstr("sha512: adopted"));
}

}  // namespace
}  // namespace zoowarden::controller
