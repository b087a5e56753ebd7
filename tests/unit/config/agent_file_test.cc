#include "config/agent_file.h"

#include "sys/files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

namespace zoowarden::config {
namespace {

class AgentFileTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const auto* name : {"ca.pem", "cert.pem", "trusted.gpg"}) {
      ASSERT_TRUE(sys::WriteFileAtomically(directory_.path() / name, "x", 0644));
    }
    ASSERT_TRUE(sys::WriteFileAtomically(directory_.path() / "key.pem", "x", 0600));
    ASSERT_TRUE(sys::WriteFileAtomically(directory_.path() / "open.pem", "x", 0640));
  }

  // `text` with @ for the directory that holds the key files.
  [[nodiscard]] std::string Expand(std::string text) const {
    for (auto at = text.find('@'); at != std::string::npos; at = text.find('@', at)) {
      text.replace(at, 1, directory_.path().string());
    }
    return text;
  }
  [[nodiscard]] base::Result<AgentConfig> Parse(const std::string& text) const {
    return ParseAgent(Expand(text), "a.yaml");
  }
  [[nodiscard]] std::string Problem(const std::string& text) const {
    const auto agent = Parse(text);
    return agent ? "" : agent.error().message();
  }

 private:
  sys::TempDir directory_ = sys::TempDir::Create(testing::TempDir(), "agent").value();
};

const std::string kHead =
    "ensemble: lab\n"
    "server: 1\n"
    "listen: 127.0.11.1:17443\n";
const std::string kPki = "pki: {ca: @/ca.pem, certificate: @/cert.pem, key: @/key.pem}\n";
const std::string kState = "state_directory: /srv/state\n";
const std::string kInstance =
    "instance:\n"
    "  releases: /srv/releases\n"
    "  generations: /srv/generations\n"
    "  data_directory: /srv/data\n"
    "  log_directory: /srv/logs\n";
const std::string kMinimal = kHead + kPki + kState + kInstance;

TEST_F(AgentFileTest, EverythingIsRead) {
  const auto agent =
      Parse(kMinimal +
            "  data_log_directory: /srv/datalog/\n"
            "  manager: zkserver\n"
            "  java_home: /usr/lib/jvm/java-17\n"
            "  user: zookeeper\n"
            "archive_directories: [/srv/archives]\n"
            "signatures: {required: true, keyring: @/trusted.gpg, fingerprints: [" +
            std::string(40, 'a') + "]}\n" +
            "releases: {floor: 3.8.4, deny: [3.9.3, 3.9.1], keep: 2, uploads_limit_mib: 300}\n" +
            "download: {from: ['https://m.example/zk-{version}/'], ca: @/ca.pem, "
            "size_limit_mib: 64, stall: 5s, timeout: 10m}\n" +
            "records: {keep: 20, keep_days: 30}\n"
            "lease_lapse: 3s\n");
  ASSERT_TRUE(agent) << agent.error().message();
  EXPECT_EQ(agent->ensemble, "lab");
  EXPECT_EQ(agent->server.value, 1U);
  EXPECT_EQ(agent->listen, "127.0.11.1:17443");
  EXPECT_EQ(agent->pki.key, Expand("@/key.pem"));
  EXPECT_EQ(agent->state_directory, "/srv/state");
  EXPECT_EQ(agent->instance.releases, "/srv/releases");
  EXPECT_EQ(agent->instance.data_log_directory, "/srv/datalog");
  EXPECT_EQ(agent->instance.java_home, "/usr/lib/jvm/java-17");
  EXPECT_EQ(agent->instance.user, "zookeeper");
  EXPECT_EQ(agent->archive_directories, (std::vector<std::string>{"/srv/archives"}));
  EXPECT_TRUE(agent->signatures.required);
  EXPECT_EQ(agent->signatures.fingerprints, (std::vector<std::string>{std::string(40, 'A')}));
  EXPECT_EQ(agent->releases.floor, (model::Version{3, 8, 4}));
  EXPECT_EQ(agent->releases.deny, (std::vector<model::Version>{{3, 9, 3}, {3, 9, 1}}));
  EXPECT_EQ(agent->releases.keep, 2U);
  EXPECT_EQ(agent->releases.most_upload_bytes, 300ULL * 1024 * 1024);
  EXPECT_EQ(agent->download.from, (std::vector<std::string>{"https://m.example/zk-{version}/"}));
  EXPECT_EQ(agent->download.ca, Expand("@/ca.pem"));
  EXPECT_EQ(agent->download.most_bytes, 64ULL * 1024 * 1024);
  EXPECT_EQ(agent->download.stall, std::chrono::seconds(5));
  EXPECT_EQ(agent->download.timeout, std::chrono::minutes(10));
  EXPECT_EQ(agent->records.keep, 20U);
  EXPECT_EQ(agent->records.keep_for, std::chrono::hours(24 * 30));
  EXPECT_EQ(agent->lease_lapse, std::chrono::seconds(3));
}

TEST_F(AgentFileTest, Defaults) {
  const auto agent = Parse(kMinimal);
  ASSERT_TRUE(agent) << agent.error().message();
  EXPECT_EQ(agent->instance.data_log_directory, "/srv/data");
  EXPECT_EQ(agent->instance.manager, "zkserver");
  EXPECT_FALSE(agent->signatures.required);
  EXPECT_FALSE(agent->releases.floor);
  EXPECT_TRUE(agent->releases.deny.empty());
  EXPECT_EQ(agent->releases.keep, 3U);
  EXPECT_EQ(agent->releases.most_upload_bytes, 1024ULL * 1024 * 1024);
  EXPECT_TRUE(agent->download.from.empty());
  EXPECT_EQ(agent->records.keep, 100U);
  EXPECT_EQ(agent->records.keep_for, std::chrono::hours(24 * 180));
  EXPECT_EQ(agent->lease_lapse, std::chrono::seconds(15));
}

TEST_F(AgentFileTest, AManagerThatNeedsAUnitHasOne) {
  const auto ours = Parse(kMinimal + "  manager: systemd\n");
  ASSERT_TRUE(ours) << ours.error().message();
  EXPECT_EQ(ours->instance.unit, "zoowarden-zookeeper.service");
  const auto theirs = Parse(kMinimal + "  manager: systemd\n  unit: zookeeper-1.service\n");
  ASSERT_TRUE(theirs) << theirs.error().message();
  EXPECT_EQ(theirs->instance.unit, "zookeeper-1.service");
  const auto script = Parse(kMinimal +
                            "  manager: sysv\n"
                            "  init_script: /etc/init.d/zookeeper\n"
                            "  pid_file: /run/zookeeper/zookeeper.pid\n");
  ASSERT_TRUE(script) << script.error().message();
  EXPECT_EQ(script->instance.unit, "zookeeper.service");
  EXPECT_EQ(script->instance.pid_file, "/run/zookeeper/zookeeper.pid");
}

TEST_F(AgentFileTest, FewerThanTenRecordsAreNotKept) {
  EXPECT_NE(Problem(kMinimal + "records: {keep: 9}\n")
                .find("records.keep must be a whole number from 10 to 10000, not '9'"),
            std::string::npos)
      << Problem(kMinimal + "records: {keep: 9}\n");
  EXPECT_NE(Problem(kMinimal + "records: {kep: 20}\n").find("did you mean 'keep'"),
            std::string::npos);
}

TEST_F(AgentFileTest, AMirrorIsAnHttpsDirectory) {
  for (const char* bad : {"http://m.example/zk/",
                          "https://m.example/zk",
                          "https:///zk/",
                          "https://user%40m.example/",
                          "https://m.example/zk/?x=/",
                          "https://m.example/../",
                          "https://{version}.example/zk/",
                          "https://m.example{version}/",
                          "file:///srv/"}) {
    const auto problem = Problem(kMinimal + "download: {from: ['" + bad + "']}\n");
    EXPECT_NE(problem.find("download.from[0] must be an https:// address"), std::string::npos)
        << bad << ": " << problem;
  }
  EXPECT_EQ(Problem(kMinimal + "download: {ca: @/ca.pem}\n"),
            "a.yaml:11:11: download needs the key 'from'");
  EXPECT_EQ(Problem(kMinimal + "download: {from: ['https://m.example/'], size_limit_mib: 0}\n"),
            "a.yaml:11:58: download.size_limit_mib must be a whole number from 1 to 1024, not '0'");
}

TEST_F(AgentFileTest, RefusalsSayWhereAndWhatWouldBeRight) {
  const std::vector<std::pair<std::string, std::string>> refusals = {
      {"ensemble: Lab\n",
       "1:11: ensemble must be made of lower-case letters, digits and '-', at most 60"},
      {"ensemble: lab\nserver: one\n",
       "2:9: server must be a whole number from 1 to 255, not 'one'"},
      {"ensemble: lab\nserver: 1\nlisten: 17443\n", "3:9: listen must be HOST:PORT, not '17443'"},
      {kHead + "pky: {}\n", "4:1: unknown key 'pky', did you mean 'pki'"},
      {kHead + "pki: {ca: ca.pem, certificate: x, key: x}\n",
       "4:11: pki.ca must be an absolute path, not 'ca.pem'"},
      {kHead + "pki: {ca: /nonexistent/ca.pem, certificate: x, key: x}\n",
       "4:11: pki.ca names /nonexistent/ca.pem, which cannot be read: No such file or directory; "
       "get it by 'zoowarden-agent enroll'"},
      {kHead + "pki: {ca: /, certificate: x, key: x}\n",
       "4:11: pki.ca names /, which is no regular file"},
      {kHead + "pki:\n  ca: @/ca.pem\n  certificate: @/cert.pem\n  key: @/open.pem\n",
       "7:8: pki.key names @/open.pem, which others may read: chmod 600 @/open.pem"},
      {kHead + "pki:\n  ca: @/ca.pem\n  certificate: @/cert.pem\n  key: @/key.pem\n  crl: x.pem\n",
       "8:8: pki.crl must be an absolute path, not 'x.pem'"},
      {kHead + "pki:\n  ca: @/ca.pem\n  certificate: @/cert.pem\n  key: @/key.pem\n  crl: [x]\n",
       "8:8: pki.crl must be text, not a list"},
      {kHead + kPki + "state_directory: state\n",
       "5:18: state_directory must be an absolute path, not 'state'"},
      {kHead + kPki + kState + "instance: {relases: /r}\n",
       "6:12: unknown key 'relases' in instance, did you mean 'releases'"},
      {kHead + kPki + kState + "instance: {releases: r}\n",
       "6:22: instance.releases must be an absolute path, not 'r'"},
      {kHead + kPki + kState +
           "instance: {releases: /d/x/../r, generations: /g, data_directory: /d, log_directory: "
           "/l}\n",
       "6:22: instance.releases must not be inside the data directory /d"},
      {kHead + kPki + "state_directory: /srv/data\n" + kInstance,
       "5:18: state_directory must not be inside the data directory /srv/data"},
      {kHead + kPki + "state_directory: /srv\n" + kInstance,
       "5:18: state_directory must not contain the server's /srv/data"},
      {kMinimal + "  manager: upstart\n",
       "11:12: instance.manager must be zkserver, systemd or sysv, not 'upstart'"},
      {kMinimal + "  manager: [systemd]\n", "11:12: instance.manager must be text, not a list"},
      {kMinimal + "  unit: zookeeper.service\n",
       "11:9: instance.unit does not go with manager: zkserver"},
      {kMinimal + "  manager: systemd\n  unit: zookeeper\n",
       "12:9: instance.unit must be the name of a service unit such as zookeeper.service, not "
       "'zookeeper'"},
      {kMinimal + "  manager: systemd\n  unit: ../zookeeper.service\n",
       "12:9: instance.unit must be the name of a service unit such as zookeeper.service, not "
       "'../zookeeper.service'"},
      {kMinimal + "  manager: systemd\n  pid_file: /run/zookeeper.pid\n",
       "12:13: instance.pid_file does not go with manager: systemd"},
      {kMinimal + "  manager: sysv\n  init_script: /etc/init.d/zookeeper\n",
       "7:3: instance needs the key 'pid_file'"},
      {kMinimal + "  manager: sysv\n  init_script: zookeeper\n",
       "12:16: instance.init_script must be an absolute path, not 'zookeeper'"},
      {kMinimal + "archive_directories: [archives]\n",
       "11:23: archive_directories[0] must be an absolute path, not 'archives'"},
      {kMinimal + "signatures: {required: true}\n",
       "11:13: signatures needs a keyring and at least one of fingerprints when required is true"},
      {kMinimal + "signatures: {required: yes}\n",
       "11:24: signatures.required must be true or false, not 'yes'"},
      {kMinimal + "signatures: {fingerprints: [ABCD1234]}\n",
       "11:29: signatures.fingerprints[0] must be a whole OpenPGP fingerprint of 40 or 64 "
       "hexadecimal digits, not 'ABCD1234'"},
      {kMinimal + "releases: {flor: 3.8.4}\n",
       "11:12: unknown key 'flor' in releases, did you mean 'floor'"},
      {kMinimal + "releases: {floor: 3.8}\n",
       "11:19: releases.floor must be a version such as 3.8.4, not '3.8'"},
      {kMinimal + "releases: {deny: [3.9.3-beta]}\n",
       "11:19: releases.deny[0] must be a version such as 3.8.4, not '3.9.3-beta'"},
      {kMinimal + "releases: {deny: 3.9.3}\n", "11:18: releases.deny must be a list, not '3.9.3'"},
      {kMinimal + "releases: {uploads_limit_mib: 0}\n",
       "11:31: releases.uploads_limit_mib must be a whole number from 1 to 1048576, not '0'"},
      {kMinimal + "releases: {uploads_limit_mib: many}\n",
       "11:31: releases.uploads_limit_mib must be a whole number from 1 to 1048576, not 'many'"},
      {kMinimal + "releases: {keep: 0}\n",
       "11:18: releases.keep must be a whole number from 1 to 1000, not '0'"},
      {kMinimal + "lease_lapse: 15\n",
       "11:14: lease_lapse must be a duration such as 500ms, 10s or 5m, not '15'"},
      {kHead + kPki, "1:1: the file needs the key 'state_directory'"},
  };
  for (const auto& [text, problem] : refusals) {
    EXPECT_EQ(Problem(text), Expand("a.yaml:" + problem)) << text;
  }
}

// Root reads everything, so as root this is nobody for a while.
class WithoutRoot {
 public:
  WithoutRoot() { EXPECT_EQ(root_ ? ::setresuid(kNobody, kNobody, 0) : 0, 0); }
  ~WithoutRoot() { EXPECT_EQ(root_ ? ::setresuid(0, 0, 0) : 0, 0); }
  WithoutRoot(const WithoutRoot&) = delete;
  WithoutRoot& operator=(const WithoutRoot&) = delete;

 private:
  static constexpr uid_t kNobody = 65534;
  const bool root_ = ::geteuid() == 0;
};

TEST_F(AgentFileTest, AKeyThatMayNotBeReadIsRefused) {
  ASSERT_EQ(::chmod(Expand("@").c_str(), 0755), 0);
  ASSERT_EQ(::chmod(Expand("@/key.pem").c_str(), 0), 0);
  const WithoutRoot without_root;
  EXPECT_NE(Problem(kMinimal).find(Expand("@/key.pem, which cannot be read: Permission denied")),
            std::string::npos)
      << Problem(kMinimal);
}

}  // namespace
}  // namespace zoowarden::config
