#include "config/ensemble_file.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace zoowarden::config {
namespace {

const std::string kDigest(128, 'a');
const std::string kRelease =
    "release: {version: 3.8.4, source: r.tar.gz, sha512: " + kDigest + "}\n";

base::Result<LoadedEnsemble> Parse(const std::string& text) {
  const auto read = [](const std::string& path) -> base::Result<std::string> {
    if (path == "/srv/lab/templates/logback.xml") {
      return std::string("<level>{{level}}</level>");
    }
    if (path == "/srv/lab/latin1.xml") {
      return std::string("<!-- caf\xe9 -->");
    }
    return base::Fail(base::ErrorCode::kNotFound, "files.missing", path + " does not exist");
  };
  return ParseEnsemble(text, "/srv/lab/e.yaml", read);
}

std::string Problem(const std::string& text) {
  const auto loaded = Parse(text);
  return loaded ? "" : loaded.error().message();
}

// A file whose first lines are right: line 1 ensemble, line 2 release, line 3 begins `tail`.
std::string With(const std::string& tail) { return "ensemble: lab\n" + kRelease + tail; }

const std::string kThreeServers =
    "servers:\n"
    "  - {id: 1, host: zk1, agent: 'zk1:7443'}\n"
    "  - {id: 2, host: zk2, agent: 'zk2:7443'}\n"
    "  - {id: 3, host: zk3, agent: 'zk3:7443'}\n";

const std::string kEverything =
    "ensemble: lab\n"
    "release:\n"
    "  version: 3.8.4\n"
    "  source: ../releases/zk.tar.gz\n"
    "  sha512: \"" +
    std::string(128, 'A') +
    "\"\n"
    "  signature: ../releases/zk.tar.gz.asc\n"
    "config:\n"
    "  settings: {tickTime: 2000, initLimit: 10}\n"
    "  java: {heap: 128m, options: [-Dfoo=bar]}\n"
    "  files: [{name: logback.xml, template: templates/logback.xml}]\n"
    "  plugins:\n"
    "    - {use: file, path: vars/common.yaml}\n"
    "    - {use: exec, command: [./lookup, --all]}\n"
    "servers:\n"
    "  - {id: 3, host: 127.0.11.3, agent: '127.0.11.3:17443', role: observer}\n"
    "  - id: 1\n"
    "    host: 127.0.11.1\n"
    "    agent: 127.0.11.1:17443\n"
    "    client_port: 12181\n"
    "    quorum_port: 12888\n"
    "    election_port: 13888\n"
    "    weight: 2\n"
    "    group: 1\n"
    "    settings: {clientPortAddress: 127.0.11.1}\n"
    "policy: {soak: 0s, step_timeout: 40s, on_failure: halt, good_rounds: 2}\n"
    "checks: [{name: smoke, command: [./smoke.sh, -v], timeout: 5s}]\n"
    "canary: {path: /zoowarden}\n";

TEST(EnsembleFileTest, ReleaseAndConfigurationAreRead) {
  const auto loaded = Parse(kEverything);
  ASSERT_TRUE(loaded) << loaded.error().message();
  const auto& spec = loaded->spec;
  EXPECT_EQ(spec.name, "lab");
  EXPECT_EQ(spec.release.version, (model::Version{3, 8, 4}));
  EXPECT_EQ(spec.release.source, "/srv/releases/zk.tar.gz");
  EXPECT_EQ(spec.release.sha512, kDigest);
  EXPECT_EQ(spec.release.signature, "/srv/releases/zk.tar.gz.asc");
  EXPECT_EQ(spec.config.settings, (model::Settings{{"initLimit", "10"}, {"tickTime", "2000"}}));
  EXPECT_EQ(spec.config.java.heap, "128m");
  EXPECT_EQ(spec.config.java.options, (std::vector<std::string>{"-Dfoo=bar"}));
  ASSERT_EQ(spec.config.files.size(), 1U);
  EXPECT_EQ(spec.config.files[0].name, "logback.xml");
  EXPECT_EQ(spec.config.files[0].content, "<level>{{level}}</level>");
  ASSERT_EQ(spec.plugins.size(), 2U);
  EXPECT_EQ(spec.plugins[0].path, "/srv/lab/vars/common.yaml");
  EXPECT_EQ(spec.plugins[1].command, (std::vector<std::string>{"/srv/lab/lookup", "--all"}));
}

TEST(EnsembleFileTest, ServersAndPolicyAreRead) {
  const auto loaded = Parse(kEverything);
  ASSERT_TRUE(loaded) << loaded.error().message();
  const auto& spec = loaded->spec;
  ASSERT_EQ(spec.servers.size(), 2U);
  EXPECT_EQ(spec.servers[0],
            (model::ServerSpec{.id = {1},
                               .host = "127.0.11.1",
                               .agent = "127.0.11.1:17443",
                               .client_port = 12181,
                               .quorum_port = 12888,
                               .election_port = 13888,
                               .weight = 2,
                               .group = 1,
                               .settings = {{"clientPortAddress", "127.0.11.1"}}}));
  EXPECT_EQ(spec.servers[1].role, model::Role::kObserver);
  EXPECT_EQ(spec.policy,
            (model::Policy{.soak = std::chrono::milliseconds(0),
                           .step_timeout = std::chrono::milliseconds(40'000),
                           .on_failure = model::OnFailure::kHalt,
                           .good_rounds = 2}));
  ASSERT_EQ(spec.checks.size(), 1U);
  EXPECT_EQ(spec.checks[0],
            (model::HealthCheck{.name = "smoke",
                                .command = {"/srv/lab/smoke.sh", "-v"},
                                .timeout = std::chrono::milliseconds(5000)}));
  EXPECT_EQ(spec.canary_path, "/zoowarden");
  EXPECT_EQ(loaded->origins.at("tickTime"), "/srv/lab/e.yaml:8:24");
  EXPECT_EQ(loaded->server_origins.at({1}).at("clientPortAddress"), "/srv/lab/e.yaml:24:35");
  EXPECT_TRUE(loaded->warnings.empty());
}

TEST(EnsembleFileTest, DefaultsAreZooKeepersAndOurs) {
  const auto loaded = Parse(With(kThreeServers));
  ASSERT_TRUE(loaded) << loaded.error().message();
  EXPECT_EQ(loaded->spec.servers[0].client_port, 2181);
  EXPECT_EQ(loaded->spec.policy, model::Policy{});
  EXPECT_EQ(loaded->spec.canary_path, "");
  EXPECT_TRUE(loaded->warnings.empty());
}

TEST(EnsembleFileTest, DuplicatesAreNamedWithTheFirstOne) {
  const std::string first = "servers:\n  - {id: 1, host: zk1, agent: 'zk1:7443'}\n";
  EXPECT_EQ(Problem(With(first + "  - {id: 1, host: zk2, agent: 'zk2:7443'}\n")),
            "/srv/lab/e.yaml:5:10: servers[1].id: server id 1 is already used at "
            "/srv/lab/e.yaml:4:10");
  EXPECT_EQ(Problem(With(first + "  - {id: 2, host: zk2, agent: 'zk1:7443'}\n")),
            "/srv/lab/e.yaml:5:31: servers[1].agent: agent zk1:7443 is already used at "
            "/srv/lab/e.yaml:4:31");
  EXPECT_EQ(Problem(With(first + "  - {id: 2, host: zk1, agent: 'zk2:7443'}\n")),
            "/srv/lab/e.yaml:5:5: servers[1]: address zk1:2181 is already used at "
            "/srv/lab/e.yaml:4:5");
  EXPECT_EQ(Problem(With(first + "  - {id: 2, host: zk2, agent: 'zk2:7443', client_port: 2888}\n")),
            "/srv/lab/e.yaml:5:5: servers[1]: address zk2:2888 is already used at "
            "/srv/lab/e.yaml:5:56");
}

TEST(EnsembleFileTest, AnEvenNumberOfVotersIsWarnedOfWithTheReason) {
  const auto loaded = Parse(With(kThreeServers + "  - {id: 4, host: zk4, agent: 'zk4:7443'}\n"));
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->warnings,
            (std::vector<std::string>{
                "/srv/lab/e.yaml:4:3: an even number of voters: with 4 a quorum is 3, so no more "
                "than 1 may fail, as with 3; make one an observer or add a voter"}));
  const auto observer =
      Parse(With(kThreeServers + "  - {id: 4, host: zk4, agent: 'zk4:7443', role: observer}\n"));
  EXPECT_TRUE(observer.value().warnings.empty());
}

TEST(EnsembleFileTest, ProbablyMisspeltSettingsAreWarnedOf) {
  const auto loaded = Parse(With("config: {settings: {ticktime: 1}}\n" + kThreeServers));
  EXPECT_EQ(loaded.value().warnings,
            (std::vector<std::string>{
                "/srv/lab/e.yaml:3:31: setting 'ticktime' is not one that ZooKeeper documents and "
                "would be ignored, did you mean 'tickTime'"}));
}

struct Refusal {
  std::string tail;  // what stands from line 3 on, before the servers
  std::string at;    // line:column
  std::string text;
};

TEST(EnsembleFileTest, RefusalsSayWhereAndWhatWouldBeRight) {
  const std::vector<Refusal> refusals = {
      {"polisy: {}\n", "3:1", "unknown key 'polisy', did you mean 'policy'"},
      {"policy: {soack: 1s}\n", "3:10", "unknown key 'soack' in policy, did you mean 'soak'"},
      {"policy: {soak: 10}\n",
       "3:16",
       "policy.soak must be a duration such as 500ms, 10s or 5m, not '10'"},
      {"policy: {on_failure: undo}\n",
       "3:22",
       "policy.on_failure must be rollback_all, rollback_server or halt, not 'undo'"},
      {"policy: {good_rounds: 0}\n",
       "3:23",
       "policy.good_rounds must be a whole number from 1 to 100, not '0'"},
      {"config: {settings: {dataDir: /d}}\n",
       "3:21",
       "setting 'dataDir' is written by zoowarden: it comes from instance.data_directory of the "
       "server's agent.yaml"},
      {"config: {settings: {server.1: x}}\n",
       "3:21",
       "setting 'server.1' is written by zoowarden: it comes from host, quorum_port, election_port "
       "and role under 'servers'"},
      {"config: {settings: {tickTime: \"1\\nserver.9=x\"}}\n",
       "3:31",
       "config.settings.tickTime has a line break or another control character"},
      {"config: {settings: {tickTime: [1]}}\n",
       "3:31",
       "config.settings.tickTime must be text, not a list"},
      {"config: {java: {heap: lots}}\n",
       "3:23",
       "config.java.heap must be a size such as 512m or 1g, not 'lots'"},
      {"config: {java: {options: ['-Da=$(x)']}}\n",
       "3:27",
       "config.java.options[0] must begin with '-' and hold no spaces, quotes or other characters "
       "of the shell"},
      {"config: {files: [{name: ../x, template: t}]}\n",
       "3:25",
       "config.files[0].name must be a plain file name, not '../x'"},
      {"config: {files: [{name: zoo.cfg, template: t}]}\n",
       "3:25",
       "config.files[0].name is 'zoo.cfg', which zoowarden writes from config.settings, "
       "config.java and servers"},
      {"config: {files: [{name: a.xml, template: latin1.xml}]}\n",
       "3:42",
       "config.files[0].template: /srv/lab/latin1.xml is not UTF-8, convert it"},
      {"config: {files: [{name: a.xml, template: gone.xml}]}\n",
       "3:42",
       "config.files[0].template: /srv/lab/gone.xml does not exist"},
      {"config: {plugins: [{use: file}]}\n", "3:20", "config.plugins[0] needs the key 'path'"},
      {"config: {plugins: [{use: exec, command: [curl]}]}\n",
       "3:41",
       "config.plugins[0].command must begin with the program's path, for example ./curl"},
      {"checks: [{name: a, command: []}]\n", "3:29", "checks[0].command must name a program"},
      {"checks: [{name: a, command: [./x]}, {name: a, command: [./y]}]\n",
       "3:44",
       "checks[1].name: 'a' names two checks"},
      {"canary: {path: /zookeeper/x}\n",
       "3:16",
       "canary.path must be an absolute znode path outside /zookeeper, not '/zookeeper/x'"},
  };
  for (const auto& refusal : refusals) {
    EXPECT_EQ(Problem(With(refusal.tail + kThreeServers)),
              "/srv/lab/e.yaml:" + refusal.at + ": " + refusal.text);
  }
}

TEST(EnsembleFileTest, RefusalsOfServers) {
  const std::vector<Refusal> refusals = {
      {"servers: []\n", "3:10", "servers must name at least one participant"},
      {"servers: [{id: 0, host: a, agent: 'a:1'}]\n",
       "3:16",
       "servers[0].id must be a whole number from 1 to 255, not '0'"},
      {"servers: [{id: 1, host: 0.0.0.0, agent: 'a:1'}]\n",
       "3:25",
       "servers[0].host must be an address that the other members can reach, not '0.0.0.0'"},
      {"servers: [{id: 1, host: 'a;b', agent: 'a:1'}]\n",
       "3:25",
       "servers[0].host must be a host name or an address (IPv6 in brackets), not 'a;b'"},
      {"servers: [{id: 1, host: a, agent: a}]\n",
       "3:35",
       "servers[0].agent must be HOST:PORT, not 'a'"},
      {"servers: [{id: 1, host: a, agent: 'a:1', role: leader}]\n",
       "3:48",
       "servers[0].role must be participant or observer, not 'leader'"},
      {"servers: [{id: 1, host: a, agent: 'a:1', client_port: 65536}]\n",
       "3:55",
       "servers[0].client_port must be a whole number from 1 to 65535, not '65536'"},
      {"servers: [{id: 1, host: a, agent: 'a:1', weight: 2}]\n",
       "3:10",
       "servers give server 1 a weight, which counts only with groups: give every participant a "
       "group"},
      {"servers: [{id: 1, host: a, agent: 'a:1', group: 1}, {id: 2, host: b, agent: 'b:1'}]\n",
       "3:10",
       "servers put some voters into groups, but server 2 into none: give every participant a "
       "group, or none"},
  };
  for (const auto& refusal : refusals) {
    EXPECT_EQ(Problem(With(refusal.tail)), "/srv/lab/e.yaml:" + refusal.at + ": " + refusal.text);
  }
}

TEST(EnsembleFileTest, RefusalsOfTheRelease) {
  const auto release = [](const std::string& text) {
    return Problem("ensemble: lab\nrelease: " + text + "\n" + kThreeServers);
  };
  EXPECT_EQ(release("{version: 3.9, source: a, sha512: b}"),
            "/srv/lab/e.yaml:2:20: release.version must be a release such as 3.9.4, not '3.9'");
  EXPECT_EQ(release("{version: 3.9.4-beta, source: a, sha512: b}"),
            "/srv/lab/e.yaml:2:20: release.version must be a release such as 3.9.4, not "
            "'3.9.4-beta'");
  EXPECT_EQ(release("{version: 3.9.4, source: a, sha512: b}"),
            "/srv/lab/e.yaml:2:46: release.sha512 must be the 128 hexadecimal digits of the "
            "archive's SHA-512");
}

TEST(EnsembleFileTest, WithoutASourceTheAgentsTakeTheReleaseFromTheirOwn) {
  const auto loaded =
      Parse("ensemble: lab\nrelease: {version: 3.9.4, sha512: " + kDigest + "}\n" + kThreeServers);
  ASSERT_TRUE(loaded) << loaded.error().message();
  EXPECT_EQ(loaded->spec.release.source, "");
  const auto empty =
      Parse("ensemble: lab\nrelease: {version: 3.9.4, source: \"\", sha512: " + kDigest + "}\n" +
            kThreeServers);
  ASSERT_TRUE(empty) << empty.error().message();
  EXPECT_EQ(empty->spec.release.source, "");
}

TEST(EnsembleFileTest, WhatZooKeeperWouldNotStartWithIsRefusedWhereItStands) {
  const auto config = [](const std::string& text) {
    return Problem("ensemble: lab\n" + kRelease + "config: {" + text + "}\n" + kThreeServers);
  };
  EXPECT_EQ(config("settings: {tickTime: fast}"),
            "/srv/lab/e.yaml:3:31: config.settings.tickTime must be a whole number of at most 32 "
            "bits, not 'fast'");
  EXPECT_EQ(config("settings: {syncLimit: 0}"),
            "/srv/lab/e.yaml:3:32: config.settings.syncLimit must be at least 1, not '0'");
  EXPECT_EQ(config("java: {options: [-javaagent:x.jar]}"),
            "/srv/lab/e.yaml:3:27: config.java.options[0] is '-javaagent:x.jar', which would load "
            "code that is not the release's");
}

TEST(EnsembleFileTest, WhatRanBeforeAdoptionHasNoArchive) {
  const auto parse = [](const std::string& release) {
    return Problem("ensemble: lab\nrelease: " + release + "\n" + kThreeServers);
  };
  EXPECT_EQ(parse("{version: 3.8.4, source: \"\", sha512: adopted}"), "");
  EXPECT_EQ(parse("{version: 3.8.4, sha512: adopted}"), "");
  EXPECT_EQ(parse("{version: 3.8.4, source: a.tar.gz, sha512: adopted}"),
            "/srv/lab/e.yaml:2:35: release.source must be empty where sha512 is adopted: there is "
            "no archive of that release");
  EXPECT_EQ(parse("{version: 3.8.4, source: a, sha512: \"" + std::string(128, '0') + "\"}"),
            "/srv/lab/e.yaml:2:46: release.sha512 must be the 128 hexadecimal digits of the "
            "archive's SHA-512")
      << "no archive has this digest: the word says what is meant";
}

TEST(EnsembleFileTest, TheNameIsPartOfIdentitiesAndHeldToTheirAlphabet) {
  EXPECT_EQ(Problem("ensemble: my/lab\n" + kRelease + kThreeServers),
            "/srv/lab/e.yaml:1:11: ensemble must be made of lower-case letters, digits and '-', at "
            "most 60");
  EXPECT_EQ(Problem(kRelease + kThreeServers),
            "/srv/lab/e.yaml:1:1: the file needs the key 'ensemble'");
}

TEST(EnsembleFileTest, AMissingFileIsAnError) {
  EXPECT_FALSE(LoadEnsembleFile("/nonexistent/ensemble.yaml"));
}

}  // namespace
}  // namespace zoowarden::config
