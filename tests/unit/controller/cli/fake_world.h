// The command line with everything around it made by hand: streams, environment, clock, agents.
#pragma once

#include "controller/cli/commands.h"
#include "sys/files.h"
#include "sys/manual_clock.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <streambuf>
#include <string>
#include <utility>
#include <vector>

namespace zoowarden::controller {

// What agents say is what the test put here; shared, because a command owns the Agents it got.
struct AgentWords {
  std::vector<Answer<CrlInUse>> lists;
  std::string pushed;  // the last list that was pushed
  std::string request_pem;
  std::vector<std::pair<model::ServerId, std::string>> installed;
  std::string install_error;           // of each installation, empty = it is answered
  bool installs_all_the_same = false;  // and server 1 shows it
  std::vector<model::MemberObservation> seen;
  std::vector<Answer<Lease>> leases;
  std::string holder;  // who asked for the ensemble last
  int released = 0;    // times
  std::vector<Answer<std::vector<RunRecord>>> records;
  std::vector<Answer<RunRecord>> record;
  std::map<model::ServerId, std::vector<journal::AuditRow>> audit;
};

class SpokenAgents : public Agents {
 public:
  explicit SpokenAgents(AgentWords& words) : words_(words) {}

  std::vector<model::MemberObservation> GetStatus(std::chrono::milliseconds) override {
    return words_.seen;
  }
  std::vector<model::MemberObservation> Observe(const ObserveOptions&) override {
    return words_.seen;
  }
  base::Result<Canary> CommitCanary(model::ServerId,
                                    const RunIdentity&,
                                    std::chrono::milliseconds,
                                    const std::string&) override {
    return base::Fail(base::ErrorCode::kUnavailable, "no canary here");
  }
  base::Status Upload(model::ServerId, const RunIdentity&, const model::ReleaseSpec&) override {
    return base::Ok();
  }
  base::Status Begin(model::ServerId, const Call&, const BeginOptions&) override {
    return base::Ok();
  }
  base::Result<Permit> RequestPermit(model::ServerId, const Call&) override {
    return base::Fail(base::ErrorCode::kUnavailable, "no permit here");
  }
  base::Status Proceed(model::ServerId, const Call&, const std::string&) override {
    return base::Ok();
  }
  base::Status Commit(model::ServerId, const Call&) override { return base::Ok(); }
  base::Status RollBack(model::ServerId, const Call&, const std::string&) override {
    return base::Ok();
  }
  base::Status Close(model::ServerId, const Call&) override { return base::Ok(); }
  std::vector<Answer<Lease>> GetLeases() override { return words_.leases; }
  std::vector<Answer<Lease>> Acquire(const RunIdentity& run, bool) override {
    words_.holder = run.holder;
    return words_.leases;
  }
  std::vector<Answer<Lease>> Release(const RunIdentity&) override {
    ++words_.released;
    return words_.leases;
  }
  std::vector<Answer<std::uint64_t>> PutRecord(const RunIdentity&,
                                               std::uint64_t,
                                               const std::string&,
                                               const std::vector<RunEvent>&) override {
    return {};
  }
  std::vector<Answer<std::vector<RunRecord>>> ListRecords() override { return words_.records; }
  std::vector<Answer<RunRecord>> GetRecord(const std::string&) override { return words_.record; }
  base::Result<std::vector<journal::AuditRow>> GetAudit(model::ServerId server) override {
    const auto found = words_.audit.find(server);
    if (found == words_.audit.end()) {
      return base::Fail(base::ErrorCode::kUnavailable, "no answer");
    }
    return found->second;
  }

 private:
  AgentWords& words_;
};

class SpokenCertificates final : public CertificateCalls {
 public:
  explicit SpokenCertificates(AgentWords& words) : words_(words) {}

  std::vector<Answer<CrlInUse>> PutCrl(const std::string& crl_pem) override {
    words_.pushed = crl_pem;
    return words_.lists;
  }
  base::Result<std::string> RequestCertificate(model::ServerId) override {
    return words_.request_pem;
  }
  base::Result<std::string> InstallCertificate(model::ServerId server,
                                               const std::string& certificate_pem) override {
    if (words_.installs_all_the_same) {
      words_.seen[0].certificate = {.serial =
                                        pki::ParseCertificate(certificate_pem).value().serial};
    }
    if (!words_.install_error.empty()) {
      return base::Fail(base::ErrorCode::kUnavailable, words_.install_error);
    }
    words_.installed.emplace_back(server, certificate_pem);
    return pki::ParseCertificate(certificate_pem).value().serial;
  }

 private:
  AgentWords& words_;
};

// Every ensemble says the same.
class SpokenFleet final : public FleetAgents {
 public:
  SpokenFleet(AgentWords& words, std::size_t ensembles) : words_(words), ensembles_(ensembles) {}
  std::vector<EnsembleAnswer> GetStatus(std::chrono::milliseconds) override {
    return std::vector<EnsembleAnswer>(ensembles_, EnsembleAnswer(words_.seen));
  }

 private:
  AgentWords& words_;
  std::size_t ensembles_;
};

class NoHooks final : public HookRunner {
 public:
  bool Start(const core::HookCall&, const RunFile&, const model::Round&) override { return true; }
  std::optional<core::HookReport> Take() override { return std::nullopt; }
};

class NoWrites final : public WriteStream {
 public:
  void Follow(const RunIdentity&, const std::vector<model::ServerId>&) override {}
  void Rest() override {}
  void End() override {}
  std::optional<core::WritesSeen> Take() override { return std::nullopt; }
};

inline constexpr const char* kEnsembleText = R"(ensemble: lab
release: {version: 3.9.4, source: a.tar.gz, sha512: ")"
                                             "0123456789abcdef0123456789abcdef0123456789abcdef"
                                             "0123456789abcdef0123456789abcdef0123456789abcdef"
                                             "0123456789abcdef0123456789abcdef"
                                             R"("}
config:
  settings: {tickTime: 2000, initLimit: 10, syncLimit: 5}
servers:
  - {id: 1, host: 127.0.11.1, agent: "127.0.11.1:17443"}
  - {id: 2, host: 127.0.11.2, agent: "127.0.11.2:17443"}
  - {id: 3, host: 127.0.11.3, agent: "127.0.11.3:17443", settings: {maxClientCnxns: 70}}
)";

inline model::MemberObservation Serving(std::uint32_t id, model::Mode mode) {
  model::MemberObservation seen;
  seen.id = {id};
  seen.answered = true;
  seen.processes_visible = true;
  seen.process = model::Process{.pid = static_cast<std::int32_t>(4000 + id), .start_time = 1};
  seen.mode = mode;
  seen.version = model::Version{3, 9, 4};
  seen.own_zxid = model::Zxid{0x100000005};
  seen.current = model::Generation{.digest = "aaaabbbbccccdddd", .version = {3, 9, 4}};
  return seen;
}

// What a person types, and what happens before he does.
class TypedText final : public std::streambuf {
 public:
  TypedText(std::string text, const std::function<void()>& before)
      : text_(std::move(text)), before_(before) {}

 private:
  int_type underflow() override {
    if (gptr() == nullptr) {
      before_();
      setg(text_.data(), text_.data(), text_.data() + text_.size());
    }
    return gptr() == egptr() ? traits_type::eof() : traits_type::to_int_type(*gptr());
  }

  std::string text_;
  const std::function<void()>& before_;
};

class CommandLineTest : public testing::Test {
 protected:
  struct Outcome {
    int code = 0;
    std::string out;
    std::string err;
  };

  void SetUp() override {
    auto directory = sys::TempDir::Create(testing::TempDir(), "cli.");
    ASSERT_TRUE(directory);
    directory_ = std::make_unique<sys::TempDir>(std::move(*directory));
    Write("ensemble.yaml", kEnsembleText);
    environment_ = {{"ZOOWARDEN_ENSEMBLE", Path("ensemble.yaml")},
                    {"ZOOWARDEN_PKI", Path("pki")},
                    {"ZOOWARDEN_STATE", Path("state")}};
    words_.seen = {Serving(1, model::Mode::kFollower),
                   Serving(2, model::Mode::kLeader),
                   Serving(3, model::Mode::kFollower)};
  }

  [[nodiscard]] std::string Path(const std::string& name) const {
    return directory_->path() / name;
  }
  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(Path(name)) << text;
  }

  Outcome Run(const std::vector<std::string>& line) {
    TypedText typed(typed_, before_answer_);
    std::istream in(&typed);
    std::ostringstream out;
    std::ostringstream err;
    Console console{.out = out,
                    .err = err,
                    .in = in,
                    .in_is_terminal = terminal_,
                    .out_is_terminal = terminal_,
                    .err_is_terminal = terminal_,
                    .environment = [this](const std::string& name) -> std::optional<std::string> {
                      const auto found = environment_.find(name);
                      return found == environment_.end() ? std::nullopt
                                                         : std::optional(found->second);
                    }};
    World world{
        .clock = *clock_,
        .checks = checks_,
        .hooks = *hooks_,
        .connect = [this](const ConnectRequest& request) -> base::Result<Connected> {
          connected_to_ = request.spec.servers;
          if (!connect_error_.empty()) {
            return base::Fail(base::ErrorCode::kNotFound, "pki.no_identity", connect_error_);
          }
          for (const auto& step : steps_) {
            if (request.on_step) {
              request.on_step(step);
            }
          }
          return Connected{.agents = agents_,
                           .identity = identity_,
                           .ensemble = own_ensemble_,
                           .certificates = certificates_,
                           .releases = spoken_releases_,
                           .writes = writes_};
        },
        .connect_foreign = [this](const ConnectForeign& request) -> base::Result<ConnectedForeign> {
          asked_ = request.agents;
          return ConnectedForeign{.servers = foreign_, .ensemble = own_ensemble_};
        },
        .watch_interrupt = [this](const InterruptWords&) { return interrupted_; },
        .random = [this] { return random_; },
        .detach = detach_,
        .find_detached = [this](const std::string& process) -> std::optional<Detached> {
          return alive_.contains(process) ? std::optional<Detached>(Detached{.process = process})
                                          : std::nullopt;
        },
        .find_begun_with = [](const std::vector<std::string>&) { return std::nullopt; },
        .connect_fleet =
            [this](const std::vector<ConnectRequest>& asked) {
              return std::make_shared<SpokenFleet>(words_, asked.size());
            },
        .plugin_directories = {}};
    const int code = RunProgramLine(line, console, world);
    return {.code = code, .out = out.str(), .err = err.str()};
  }

  std::unique_ptr<sys::TempDir> directory_;
  std::map<std::string, std::string> environment_;
  std::string typed_;
  std::function<void()> before_answer_ = [] {};  // once the question is there
  bool terminal_ = false;
  std::uint32_t random_ = 0x3f9aU;
  std::vector<StepEvent> steps_;  // told as soon as a command listens
  std::string connect_error_;
  std::string identity_ = "zoowarden://lab/operator";
  std::string own_ensemble_ = "lab";
  AgentWords words_;
  std::shared_ptr<ForeignServers> foreign_;
  std::vector<AgentAt> asked_;
  std::vector<model::ServerSpec> connected_to_;
  std::shared_ptr<Agents> agents_ = std::make_shared<SpokenAgents>(words_);
  std::shared_ptr<SpokenCertificates> certificates_ = std::make_shared<SpokenCertificates>(words_);
  std::shared_ptr<ReleaseAgents> spoken_releases_;
  std::shared_ptr<WriteStream> writes_ = std::make_shared<NoWrites>();
  std::function<bool()> interrupted_ = [] { return false; };
  std::function<base::Result<Detached>(const DetachRequest&)> detach_;
  std::set<std::string> alive_;  // processes of earlier lives
  sys::ManualClock manual_clock_;
  sys::Clock* clock_ = &manual_clock_;
  NoCheckRunner checks_;
  NoHooks no_hooks_;
  HookRunner* hooks_ = &no_hooks_;
};

}  // namespace zoowarden::controller
