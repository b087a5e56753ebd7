#include "agent/adopt/discoverer.h"

#include "agent/adopt/adoption.h"
#include "config/digests.h"
#include "tests/unit/agent/install/scratch.h"

#include <gmock/gmock.h>
#include <pwd.h>
#include <unistd.h>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;

constexpr std::int32_t kPid = 77;

std::string OwnName() { return getpwuid(geteuid())->pw_name; }

// A server in /opt as somebody unpacked and started it, in a tree of the test's own.
class DiscovererTest : public ScratchTest {
 protected:
  void SetUp() override {
    ScratchTest::SetUp();
    for (const char* file : {"zk/bin/zkServer.sh", "zk/lib/zookeeper-3.8.4.jar"}) {
      Write(scratch() / file, "");
    }
    Write(At("zk/conf/java.env"),
          "export SERVER_JVMFLAGS=\"-Da=b $SERVER_JVMFLAGS\"\n. /etc/more\n");
    Write(At("zk/conf/logback.xml"), "<x/>");
    Write(At("zk/conf/zoo_sample.cfg"), "");
    WriteZooCfg("");
    Write(At("data/myid"), "1\n");
    Write(Proc("cgroup"), "0::/user.slice/user-0.slice/session-1.scope\n");
    Write(Proc("environ"), std::string("USER=op") + '\0' + "SERVER_JVMFLAGS=-Xmx1g -Da=b" + '\0');
    fs::create_symlink("/", Proc("cwd"));
    fs::create_symlink("/", Proc("root"));
    Write(At("root/usr/bin/java"), "");
    Runs(At("root/usr/bin/java"));
    config_.server = {1};
    config_.instance.data_directory = config_.instance.data_log_directory = At("data");
    observed_.mode = model::Mode::kFollower;
    observed_.version = model::Version{3, 8, 4};
    processes_.visible = true;
    processes_.found =
        FoundProcess{.process = {.pid = kPid, .start_time = 5},
                     .configuration = At("zk/conf/zoo.cfg"),
                     .command_line = {"/usr/bin/java",
                                      "-Dzookeeper.log.dir=/var/log/zk",
                                      "-cp",
                                      At("zk/lib/zookeeper-3.8.4.jar") + ":" + At("zk/conf") + ":",
                                      "-Xmx1g",
                                      "-Da=b",
                                      "org.apache.zookeeper.server.quorum.QuorumPeerMain",
                                      At("zk/conf/zoo.cfg")}};
  }
  void Runs(const std::string& java) {
    fs::remove(Proc("exe"));
    fs::create_symlink(java, Proc("exe"));
  }
  void WriteZooCfg(const std::string& more) {
    Write(
        At("zk/conf/zoo.cfg"),
        "dataDir=" + At("data") + "\nclientPort=2181\nserver.1=zk1:1:2\nserver.2=zk2:1:2\n" + more);
  }
  std::string At(const std::string& name) { return scratch() / name; }
  fs::path Proc(const std::string& name) {
    return scratch() / "proc" / std::to_string(kPid) / name;
  }
  DiscoverInputs Inputs() {
    return {.config = config_,
            .processes = processes_,
            .observed = observed_,
            .proc = scratch() / "proc",
            .root = scratch() / "root"};
  }
  model::Discovery Found() { return Discover(Inputs()).facts; }
  // Reasons and texts of what stands in the way.
  std::string Obstacles() {
    std::string all;
    for (const auto& obstacle : Found().obstacles) {
      all += obstacle.reason + ": " + obstacle.text + "\n";
    }
    return all;
  }

  config::AgentConfig config_;
  FinderAnswer processes_;
  model::MemberObservation observed_;
};

TEST_F(DiscovererTest, AServerThatWasStartedByHandIsWhollyDescribed) {
  const auto discovered = Discover(Inputs());
  const auto& found = discovered.facts;
  EXPECT_EQ(Obstacles(), "");
  EXPECT_EQ(found.process->pid, kPid);
  EXPECT_EQ(found.version, (model::Version{3, 8, 4}));
  EXPECT_EQ(found.user, OwnName());
  EXPECT_EQ(found.java, At("root/usr/bin/java"));
  EXPECT_EQ(found.release_directory, At("zk"));
  EXPECT_EQ(found.launcher, model::ForeignLauncher::kScript);
  EXPECT_THAT(found.environment_files, ElementsAre(At("zk/conf/java.env")));
  EXPECT_THAT(found.configuration.java.options, ElementsAre("-Da=b"));
  EXPECT_THAT(found.notes,
              ElementsAre(HasSubstr("java.env:2 is more than an assignment"),
                          HasSubstr("logback.xml is not taken over")));
  ASSERT_TRUE(discovered.start);
  EXPECT_THAT(discovered.start->words,
              ElementsAre(At("zk/bin/zkServer.sh"), "start", At("zk/conf/zoo.cfg")));
  EXPECT_THAT(discovered.start->environment, ElementsAre("USER=op"))
      << "java.env sets the flags again";
  EXPECT_EQ(discovered.paths.server_jar, At("zk/lib/zookeeper-3.8.4.jar"));
}

TEST_F(DiscovererTest, AVariableThatIsNoJvmFlagIsNamedWhereverItIsSet) {
  Write(At("zk/conf/java.env"),
        "export LD_LIBRARY_PATH=/opt/openssl\nMALLOC_ARENA_MAX=2\nJAVA_HOME=/opt/jdk11\n"
        "export SERVER_JVMFLAGS=-Da=b\n");
  Write(Proc("environ"),
        std::string("LD_LIBRARY_PATH=/opt/openssl") + '\0' + "JAVA_TOOL_OPTIONS=-Dx.password=y" +
            '\0' + "KRB5_CONFIG=/etc/zk/krb5.conf" + '\0' + "HOME=/root" + '\0' + "SSH_TTY=1" +
            '\0' + "JVMFLAGS=-Da=b" + '\0');
  fs::remove(At("zk/conf/logback.xml"));
  EXPECT_THAT(
      Found().notes,
      ElementsAre(AllOf(HasSubstr("the server's environment has JAVA_TOOL_OPTIONS, which"),
                        HasSubstr("config.java.options"),
                        Not(HasSubstr("-Dx"))),
                  HasSubstr("the server's environment has KRB5_CONFIG, which is not taken over"),
                  HasSubstr("java.env sets LD_LIBRARY_PATH, which is not taken over"),
                  HasSubstr("java.env sets MALLOC_ARENA_MAX, which is not taken over")));
}

TEST_F(DiscovererTest, BothFilesThatTheStartScriptReadsAreRead) {
  fs::remove(At("zk/conf/logback.xml"));
  Write(At("zk/conf/java.env"), "MALLOC_ARENA_MAX=2\n");
  Write(At("zk/conf/zookeeper-env.sh"),
        "export SERVER_JVMFLAGS=\"-Da=b $SERVER_JVMFLAGS\"\nLD_LIBRARY_PATH=/opt/openssl\n");
  const auto discovered = Discover(Inputs());
  EXPECT_THAT(discovered.facts.environment_files,
              ElementsAre(At("zk/conf/java.env"), At("zk/conf/zookeeper-env.sh")));
  EXPECT_THAT(discovered.facts.notes,
              ElementsAre(HasSubstr("zookeeper-env.sh sets LD_LIBRARY_PATH, which is not taken"),
                          HasSubstr("java.env sets MALLOC_ARENA_MAX, which is not taken over")));
  ASSERT_TRUE(discovered.start);
  EXPECT_THAT(discovered.start->environment, ElementsAre("USER=op"))
      << "zookeeper-env.sh sets the flags again";
}

TEST_F(DiscovererTest, AnotherJavaThanOursIsNamed) {
  const auto java_notes = [&] {
    auto notes = Found().notes;
    std::erase_if(notes, [](const auto& note) { return note.find("java_home") == note.npos; });
    return notes;
  };
  Write(At("jdk11/bin/java"), "");
  Runs(At("jdk11/bin/java"));
  EXPECT_THAT(java_notes(),
              ElementsAre(AllOf(HasSubstr("gets " + At("root/usr/bin/java")),
                                HasSubstr("set instance.java_home in agent.yaml to " + At("jdk11") +
                                          " to keep it"))));
  config_.instance.java_home = At("jdk11");
  EXPECT_THAT(java_notes(), IsEmpty());
  Runs(At("jdk11/bin/java") + " (deleted)");
  EXPECT_THAT(java_notes(), IsEmpty()) << "a newer package of the same one";
  Runs(At("root/usr/bin/java"));
  EXPECT_THAT(java_notes(), ElementsAre(HasSubstr("gets " + At("jdk11/bin/java"))));
}

TEST_F(DiscovererTest, WithoutAProcessThoseWithOtherDataAreNamed) {
  processes_.others.push_back(*processes_.found);
  processes_.others.front().configuration = "/elsewhere/zoo.cfg";
  processes_.found.reset();
  EXPECT_THAT(Obstacles(), HasSubstr("adopt.no_process: no ZooKeeper serves " + At("data")));
  EXPECT_THAT(Obstacles(), HasSubstr("; start the server, or correct instance.data_directory"));
  EXPECT_THAT(Obstacles(), HasSubstr("process 77 is a ZooKeeper with /elsewhere/zoo.cfg"));
}

TEST_F(DiscovererTest, OfTwoProcessesOnTheSameDataNoneIsTakenOver) {
  processes_.several = true;
  processes_.problem = "processes 77 and 78 serve the same data directory";
  EXPECT_THAT(Obstacles(), HasSubstr("adopt.two_processes: processes 77 and 78 serve"));
}

TEST_F(DiscovererTest, WhereAgentYamlAndServerDisagreeBothAreNamed) {
  config_.instance.data_log_directory = At("logs");
  EXPECT_THAT(Obstacles(), HasSubstr("adopt.directory: "));
  EXPECT_THAT(Obstacles(), HasSubstr("set instance.data_log_directory to " + At("data")));
  config_.instance.data_log_directory = At("data");
  config_.instance.user = "nobody";
  EXPECT_THAT(Obstacles(), HasSubstr("adopt.user: the server runs as user " + OwnName()));
  config_.instance.user = "";
  Write(At("data/myid"), "2\n");
  EXPECT_THAT(Obstacles(), HasSubstr("adopt.myid: " + At("data/myid") + " says 2"));
  fs::remove(At("data/myid"));
  EXPECT_THAT(Obstacles(), HasSubstr("adopt.myid: "));
}

TEST_F(DiscovererTest, AServerInAUnitIsForTheManagerOfThatUnit) {
  Write(Proc("cgroup"), "0::/system.slice/zk.service\n");
  Write(At("root/etc/systemd/system/zk.service"), "[Service]\n");
  EXPECT_THAT(Obstacles(),
              HasSubstr("set instance.manager to systemd and instance.unit to zk.ser"));
  config_.instance.manager = "systemd";
  config_.instance.unit = "other.service";
  EXPECT_THAT(Obstacles(), HasSubstr("adopt.manager"));
  config_.instance.unit = "zk.service";
  EXPECT_EQ(Obstacles(), "");
  EXPECT_EQ(Found().launcher, model::ForeignLauncher::kUnit);
  EXPECT_THAT(Found().unit_files, ElementsAre(At("root/etc/systemd/system/zk.service")));
  Write(At("root/etc/systemd/system/zk.service"), "SourcePath=/etc/init.d/zk\n");
  config_.instance.manager = "zkserver";
  EXPECT_THAT(Obstacles(), HasSubstr("instance.init_script to /etc/init.d/zk"));
}

TEST_F(DiscovererTest, AnInitScriptsServerIsToldByItsPidFileWhereThereIsNoSystemd) {
  config_.instance.manager = "sysv";
  config_.instance.unit = "zookeeper.service";
  config_.instance.pid_file = At("zookeeper.pid");
  EXPECT_THAT(Obstacles(), HasSubstr("set instance.manager to zkserver"));
  Write(At("zookeeper.pid"), "77\n");
  EXPECT_EQ(Obstacles(), "");
  EXPECT_EQ(Found().launcher, model::ForeignLauncher::kUnit);
}

TEST_F(DiscovererTest, AMemberThatDoesNotServeOrTellItsVersionIsLeftAlone) {
  observed_.mode = model::Mode::kNotServing;
  EXPECT_THAT(Obstacles(), HasSubstr("adopt.not_serving"));
  observed_.mode = model::Mode::kLeader;
  observed_.version.reset();
  EXPECT_EQ(Obstacles(), "") << "the jar's name tells it too";
}

TEST_F(DiscovererTest, TheFileThatDynamicConfigFileNamesIsRead) {
  Write(At("zk/conf/members"), "server.1=zk1:1:2:participant;2181\nserver.2=zk2:1:2;2181\n");
  Write(At("zk/conf/zoo.cfg"),
        "dataDir=" + At("data") +
            "\nreconfigEnabled=true\ndynamicConfigFile=" + At("zk/conf/members") + "\n");
  EXPECT_EQ(Obstacles(), "");
  EXPECT_EQ(Found().dynamic_file, At("zk/conf/members"));
  EXPECT_EQ(Found().members.size(), 2U);
}

TEST_F(DiscovererTest, AConfigurationOrVersionThatCannotBeReadIsNamedWithTheNextStep) {
  Write(At("zk/conf/zoo.cfg"), "dataDir=\\u12\n");
  EXPECT_THAT(Obstacles(),
              AllOf(HasSubstr("adopt.configuration: "),
                    HasSubstr(At("zk/conf/zoo.cfg")),
                    HasSubstr("; mend it")));
  fs::remove(At("zk/conf/zoo.cfg"));
  EXPECT_THAT(Obstacles(),
              AllOf(HasSubstr("adopt.configuration: "), HasSubstr(At("zk/conf/zoo.cfg"))));
  WriteZooCfg("");
  observed_.version.reset();
  fs::rename(At("zk/lib/zookeeper-3.8.4.jar"), At("zk/lib/zookeeper.jar"));
  processes_.found->command_line[3] = At("zk/lib/zookeeper.jar") + ":" + At("zk/conf");
  EXPECT_THAT(Obstacles(),
              AllOf(HasSubstr("adopt.unknown_version: "),
                    HasSubstr("; allow srvr in 4lw.commands.whitelist")));
}

TEST_F(DiscovererTest, TlsBesideAPlainPortIsTakenOverAsItIs) {
  Write(At("zk/conf/quorum.jks"), "store");
  WriteZooCfg("secureClientPort=2281\nsslQuorum=true\nportUnification=true\n" +
              ("ssl.quorum.keyStore.location=" + At("zk/conf/quorum.jks")) +
              "\nssl.quorum.keyStore.password=hunter2\n");
  EXPECT_EQ(Obstacles(), "");
  const auto found = Found();
  EXPECT_THAT(found.configuration.settings,
              AllOf(Contains(Pair("secureClientPort", "2281")),
                    Contains(Pair("sslQuorum", "true")),
                    Contains(Pair("portUnification", "true")),
                    Contains(Pair("ssl.quorum.keyStore.location", At("zk/conf/quorum.jks"))),
                    Contains(Pair("ssl.quorum.keyStore.password", model::kKeptOnServer))));
  EXPECT_THAT(found.notes,
              Contains(AllOf(HasSubstr("TLS is kept as it is (portUnification, "),
                             HasSubstr("sslQuorum"))));
  EXPECT_THAT(found.notes, Not(Contains(HasSubstr("hunter2"))));
  EXPECT_THAT(found.notes, Not(Contains(HasSubstr("quorum.jks is not taken over"))));
  EXPECT_EQ(Read(At("zk/conf/quorum.jks")), "store");
}

TEST_F(DiscovererTest, AServerOfTlsOnlyIsRefusedWithTheReasonAndTheNextStep) {
  Write(At("zk/conf/zoo.cfg"),
        "dataDir=" + At("data") + "\nsecureClientPort=2281\nserver.1=zk1:1:2\nserver.2=zk2:1:2\n");
  EXPECT_THAT(
      Obstacles(),
      AllOf(HasSubstr("adopt.tls: " + At("zk/conf/zoo.cfg") + " serves clients by TLS only"),
            HasSubstr("secureClientPort=2281"),
            HasSubstr("; add clientPort")));
  EXPECT_THAT(Obstacles(), Not(HasSubstr("adopt.no_client_port")));
}

TEST_F(DiscovererTest, AKeyStoreThatIsFoundFromOneDirectoryOnlyIsRefused) {
  WriteZooCfg("secureClientPort=2281\nssl.keyStore.location=conf/k.jks\n");
  EXPECT_THAT(Obstacles(),
              AllOf(HasSubstr("adopt.tls: "),
                    HasSubstr("ssl.keyStore.location names 'conf/k.jks'"),
                    HasSubstr("; write its whole path")));
}

TEST_F(DiscovererTest, ZookeeperEnvShIsReadForWhatItSets) {
  fs::remove(At("zk/conf/java.env"));
  fs::remove(At("zk/conf/logback.xml"));
  Write(At("zk/conf/zookeeper-env.sh"),
        "ZOO_LOG_DIR=/var/log/zk\nexport LD_PRELOAD=/opt/jemalloc.so\nulimit -n 65536\n");
  const auto discovered = Discover(Inputs());
  EXPECT_EQ(Obstacles(), "");
  EXPECT_THAT(discovered.facts.environment_files, ElementsAre(At("zk/conf/zookeeper-env.sh")));
  EXPECT_THAT(discovered.facts.notes,
              ElementsAre(HasSubstr("zookeeper-env.sh:3 is more than an assignment"),
                          HasSubstr("zookeeper-env.sh sets LD_PRELOAD, which is not taken over")));
  EXPECT_EQ(Read(At("zk/conf/zookeeper-env.sh")).find("ZOO_LOG_DIR"), 0U) << "read, not run";
}

TEST_F(DiscovererTest, AServerOfZoowardensIsNotTakenOver) {
  config_.instance.generations = At("zk");
  EXPECT_THAT(Obstacles(), HasSubstr("adopt.not_first"));
}

TEST_F(DiscovererTest, OnlyWhatWasApprovedIsAdopted) {
  auto generations = Generations::Open(scratch() / "generations", std::nullopt);
  ASSERT_TRUE(generations);
  const auto found = Found();
  const std::string digest = config::GenerationDigest(
      *found.version, model::kAdoptedRelease, config::ConfigurationDigest(found.configuration));
  const auto reason = [&](const ApprovedAdoption& approved) {
    const auto adopted = Adopt(Inputs(), approved, *generations);
    return adopted ? "" : adopted.error().reason();
  };
  EXPECT_EQ(reason({.pid = kPid, .start_time = 6, .digest = digest}), "adopt.other_process");
  EXPECT_EQ(reason({.pid = kPid, .start_time = 5, .digest = "0123456789abcdef"}), "adopt.changed");
  Write(At("data/myid"), "2\n");
  EXPECT_EQ(reason({.pid = kPid, .start_time = 5, .digest = digest}), "adopt.myid");
  EXPECT_FALSE(generations->Current()->has_value()) << "a refusal leaves nothing";
  Write(At("data/myid"), "1\n");
  EXPECT_EQ(reason({.pid = kPid, .start_time = 5, .digest = digest}), "");
  EXPECT_EQ((*generations->Current())->generation.digest, digest);
}

}  // namespace
}  // namespace zoowarden::agent
