// The commands that change an ensemble, from the typed words to the exit status, on modelled
// servers in virtual time.
#pragma once

#include "controller/run/prepare.h"
#include "sys/digest.h"
#include "tests/sim/roll.h"
#include "tests/unit/controller/cli/fake_world.h"

#include <algorithm>

namespace zoowarden::sim {

class RollCommandTest : public controller::CommandLineTest {
 protected:
  void SetUp() override {
    CommandLineTest::SetUp();
    own_ensemble_ = "sim";
    Write("zk-3.8.4.tar.gz", "old archive");
    Write("zk-3.9.4.tar.gz", "new archive");
    before_ = "# kept\nensemble: sim\nrelease: {version: 3.8.4, source: zk-3.8.4.tar.gz, sha512: " +
              sys::Digest(sys::Hash::kSha512, "old archive") +
              "}  # kept too\n"
              "servers:\n"
              "  - {id: 1, host: server1, agent: \"server1:1\"}\n"
              "  - {id: 2, host: server2, agent: \"server2:1\"}\n"
              "  - {id: 3, host: server3, agent: \"server3:1\"}\n"
              "policy: {soak: 2s, step_timeout: 30s}\n";
    Write("ensemble.yaml", before_);
    agents_ = std::shared_ptr<controller::Agents>(std::shared_ptr<void>(), &roll_.agents);
    writes_ = std::shared_ptr<controller::WriteStream>(std::shared_ptr<void>(), &roll_.writes);
    hooks_ = &roll_.hooks;
    clock_ = &roll_.clock;
    Offer(Behaviour::kGood);
  }

  // What the new release turns out to be on these servers.
  void Offer(Behaviour behaviour, const std::vector<model::ServerId>& servers = {{1}, {2}, {3}}) {
    const auto loaded = config::LoadEnsembleFile(Path("ensemble.yaml"));
    ASSERT_TRUE(loaded) << loaded.error().message();
    auto spec = loaded->spec;
    spec.release.version = {3, 9, 4};
    spec.release.sha512 = sys::Digest(sys::Hash::kSha512, "new archive");
    for (const auto& [id, generation] : controller::WantedGenerations(spec)) {
      if (std::find(servers.begin(), servers.end(), id) != servers.end()) {
        roll_.world.Install(id, generation, behaviour);
      }
    }
  }

  // An open run that has stopped its first server.
  void InterruptAnUpgrade() {
    interrupted_ = [this] { return !roll_.Proceeded().empty(); };
    ASSERT_EQ(Upgrade().code, 130);
    interrupted_ = [] { return false; };
  }

  Outcome Upgrade(const std::vector<std::string>& more = {}) {
    std::vector<std::string> line{
        "upgrade", "--to", "3.9.4", "--release", Path("zk-3.9.4.tar.gz"), "--yes"};
    line.insert(line.end(), more.begin(), more.end());
    return Run(line);
  }

  [[nodiscard]] std::string File() const {
    return sys::ReadFile(Path("ensemble.yaml"), 10'000).value_or("");
  }

  Roll roll_;
  std::string before_;
};

}  // namespace zoowarden::sim
