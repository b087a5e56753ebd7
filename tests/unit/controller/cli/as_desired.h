// The command line with an ensemble that is as it should be.
#pragma once

#include "controller/run/prepare.h"
#include "tests/unit/controller/cli/fake_world.h"

namespace zoowarden::controller {

// Every server runs exactly what ensemble.yaml asks for; server 2 leads.
class AsDesiredTest : public CommandLineTest {
 protected:
  void SetUp() override {
    CommandLineTest::SetUp();
    const auto loaded = config::LoadEnsembleFile(Path("ensemble.yaml"));
    ASSERT_TRUE(loaded);
    spec_ = loaded->spec;
    const auto wanted = WantedGenerations(spec_);
    for (auto& seen : words_.seen) {
      seen.current = wanted.at(seen.id);
      seen.process->generation = seen.current->digest;
      seen.settings = model::SettingsOf(spec_, *model::FindServer(spec_, seen.id));
    }
  }

  // The agents of this world let nobody hold them: a run that would begin ends there.
  bool WouldBegin(const Outcome& outcome) {
    return outcome.err.find("no agent takes this certificate") != std::string::npos;
  }

  model::EnsembleSpec spec_;
};

}  // namespace zoowarden::controller
