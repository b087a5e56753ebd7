// The parts of ensemble.yaml that say what a run may cost and whom it tells.
#include "config/ensemble_file.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace zoowarden::config {
namespace {

using std::chrono::milliseconds;

base::Result<LoadedEnsemble> Parse(const std::string& head) {
  const std::string text = head + "ensemble: lab\nrelease: {version: 3.8.4, source: r, sha512: " +
                           std::string(128, 'a') +
                           "}\nservers:\n"
                           "  - {id: 1, host: a, agent: \"a:1\"}\n"
                           "  - {id: 2, host: b, agent: \"b:1\"}\n"
                           "  - {id: 3, host: c, agent: \"c:1\"}\n";
  return ParseEnsemble(
      text, "/srv/lab/e.yaml", [](const std::string& path) -> base::Result<std::string> {
        return base::Fail(base::ErrorCode::kNotFound, "files.missing", path);
      });
}

std::string Problem(const std::string& head) {
  const auto loaded = Parse(head);
  return loaded ? "" : loaded.error().message();
}

TEST(EnsemblePolicyTest, WithoutABudgetNothingIsLimited) {
  EXPECT_EQ(Parse("")->spec.policy.client_impact, std::nullopt);
  EXPECT_EQ(Parse("policy: {soak: 1s}\n")->spec.policy.client_impact, std::nullopt);
}

TEST(EnsemblePolicyTest, ABudgetHaltsUnlessItSaysRollback) {
  EXPECT_EQ(Parse("policy: {client_impact: {max_write_gap: 3s}}\n")->spec.policy.client_impact,
            (model::ClientImpact{.max_write_gap = milliseconds(3'000)}));
  EXPECT_EQ(Parse("policy: {client_impact: {max_write_gap: 1ms, then: rollback}}\n")
                ->spec.policy.client_impact,
            (model::ClientImpact{.max_write_gap = milliseconds(1),
                                 .then = model::OverBudget::kRollback}));
}

TEST(EnsemblePolicyTest, RefusalsOfABudgetSayWhereAndWhatWouldBeRight) {
  EXPECT_EQ(Problem("policy: {client_impact: {}}\n"),
            "/srv/lab/e.yaml:1:25: policy.client_impact needs the key 'max_write_gap'");
  EXPECT_EQ(Problem("policy: {client_impact: {max_write_gap: 3}}\n"),
            "/srv/lab/e.yaml:1:41: policy.client_impact.max_write_gap must be a duration such as "
            "500ms, 10s or 5m, not '3'");
  EXPECT_EQ(Problem("policy: {client_impact: {max_write_gap: 3s, then: undo}}\n"),
            "/srv/lab/e.yaml:1:51: policy.client_impact.then must be halt or rollback, not 'undo'");
  EXPECT_EQ(Problem("policy: {client_impact: {max_writegap: 3s}}\n"),
            "/srv/lab/e.yaml:1:26: unknown key 'max_writegap' in policy.client_impact, did you "
            "mean 'max_write_gap'");
  EXPECT_NE(Problem("policy: {client_impact: {max_write_gap: 0s}}\n"), "");
}

TEST(EnsemblePolicyTest, HooksAreReadInTheirOrder) {
  const auto loaded = Parse(
      "hooks:\n"
      "  - {name: drain, when: before_step, command: [./drain.sh, -v], timeout: 5s}\n"
      "  - {name: tell, when: after_run, command: [/usr/bin/tell]}\n");
  ASSERT_TRUE(loaded) << loaded.error().message();
  EXPECT_EQ(
      loaded->spec.hooks,
      (std::vector<model::Hook>{
          {.name = "drain",
           .when = model::HookPoint::kBeforeStep,
           .command = {"/srv/lab/drain.sh", "-v"},
           .timeout = milliseconds(5'000)},
          {.name = "tell", .when = model::HookPoint::kAfterRun, .command = {"/usr/bin/tell"}}}));
}

TEST(EnsemblePolicyTest, RefusalsOfHooksSayWhereAndWhatWouldBeRight) {
  EXPECT_EQ(Problem("hooks: [{name: a, when: before, command: [./x]}]\n"),
            "/srv/lab/e.yaml:1:25: hooks[0].when must be before_run, before_step, after_step or "
            "after_run, not 'before'");
  EXPECT_EQ(Problem("hooks: [{name: a, command: [./x]}]\n"),
            "/srv/lab/e.yaml:1:9: hooks[0] needs the key 'when'");
  EXPECT_EQ(Problem("hooks: [{name: a, when: after_run, command: [x]}]\n"),
            "/srv/lab/e.yaml:1:45: hooks[0].command must begin with the program's path, for "
            "example ./x");
  EXPECT_EQ(Problem("hooks: [{name: a, when: after_run, command: [./x]},\n"
                    "        {name: a, when: after_step, command: [./x]}]\n"),
            "/srv/lab/e.yaml:2:16: hooks[1].name: 'a' names two hooks");
}

}  // namespace
}  // namespace zoowarden::config
