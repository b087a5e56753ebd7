#include "controller/run/hooks.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace zoowarden::controller {
namespace {

using model::HookPoint;
using nlohmann::json;
using std::chrono::milliseconds;

class HooksTest : public ::testing::Test {
 protected:
  HooksTest() {
    run_.kind = "upgrade";
    run_.spec.name = "lab";
    run_.spec.config.settings["a.password"] = "hunter2";
    run_.spec.servers = {{.id = {3}, .host = "zk3.example", .client_port = 2181}};
    run_.state.run_id = "r";
    run_.state.servers = {{.id = {3},
                           .origin = {.digest = "old", .version = {3, 8, 4}},
                           .target = {.digest = "new", .version = {3, 9, 4}}}};
  }
  void Have(const std::string& name, HookPoint when, const std::string& script) {
    run_.spec.hooks.push_back({.name = name,
                               .when = when,
                               .command = {"/bin/sh", "-c", script},
                               .timeout = milliseconds(20'000)});
  }
  core::HookReport Call(const core::HookCall& call) {
    EXPECT_TRUE(runner_.Start(call, run_, {}));
    while (true) {
      if (auto report = runner_.Take()) {
        return *std::move(report);
      }
      std::this_thread::yield();
    }
  }

  RunFile run_;
  SubprocessHookRunner runner_;
};

TEST_F(HooksTest, OnlyThoseOfThePointAreCalledInTheirOrder) {
  Have("first", HookPoint::kAfterStep, "cat >/dev/null; echo one; echo two >&2");
  Have("other", HookPoint::kBeforeStep, "exit 1");
  Have("second", HookPoint::kAfterStep, "exit 3");
  Have("third", HookPoint::kAfterStep, "exit 0");
  const auto report = Call({.when = HookPoint::kAfterStep, .server = {3}});
  ASSERT_EQ(report.results.size(), 3U);
  EXPECT_EQ(report.results[0].name, "first");
  EXPECT_TRUE(report.results[0].passed);
  EXPECT_EQ(report.results[0].output, "two one");
  EXPECT_FALSE(report.results[1].passed);
  EXPECT_EQ(report.results[1].text, "exit 3");
  EXPECT_TRUE(report.results[2].passed) << "what was done is told to all";
}

TEST_F(HooksTest, AfterAVetoNobodyElseIsAskedButOnTheWayBackAllAreTold) {
  Have("no", HookPoint::kBeforeStep, "exit 1");
  Have("yes", HookPoint::kBeforeStep, "exit 0");
  EXPECT_EQ(Call({.when = HookPoint::kBeforeStep, .server = {3}}).results.size(), 1U);
  EXPECT_EQ(Call({.when = HookPoint::kBeforeStep, .server = {3}, .back = true}).results.size(), 2U);
}

TEST_F(HooksTest, ADeadlineIsNoPass) {
  Have("slow", HookPoint::kBeforeRun, "sleep 500");
  run_.spec.hooks[0].timeout = milliseconds(100);
  const auto report = Call({.when = HookPoint::kBeforeRun});
  ASSERT_EQ(report.results.size(), 1U);
  EXPECT_FALSE(report.results[0].passed);
  EXPECT_NE(report.results[0].text, "");
}

TEST_F(HooksTest, WhatItPrintsIsCutAndHasNoControlCharacters) {
  Have("loud", HookPoint::kBeforeRun, "printf '\\033[31mred'; yes | head -c 5000");
  const auto result = Call({.when = HookPoint::kBeforeRun}).results.at(0);
  EXPECT_TRUE(result.passed);
  EXPECT_EQ(result.output.find('\x1b'), std::string::npos);
  EXPECT_LT(result.output.size(), 2'100U);
}

TEST_F(HooksTest, ItIsToldTheStepAndNoSecretAndNothingOfTheEnvironment) {
  ASSERT_EQ(::setenv("HOOKS_TEST_SECRET", "hunter2", 1), 0);
  Have("tell", HookPoint::kBeforeStep, "cat; env");
  const auto result = Call({.when = HookPoint::kBeforeStep, .server = {3}}).results.at(0);
  EXPECT_EQ(result.output.find("hunter2"), std::string::npos) << result.output;
  EXPECT_NE(result.output.find("\"id\":\"r/before_step/3/forward\""), std::string::npos);
}

TEST_F(HooksTest, TheDocumentSaysWhatGoesFromWhereToWhere) {
  const model::Hook hook{.name = "drain", .when = HookPoint::kBeforeStep};
  const auto forward = json::parse(HookInput(
      hook, {.when = HookPoint::kBeforeStep, .server = {3}}, run_, {.members = {{.id = {3}}}}));
  EXPECT_EQ(forward.at("schema_version"), 1);
  EXPECT_EQ(forward.at("hook"), "drain");
  EXPECT_EQ(forward.at("when"), "before_step");
  EXPECT_EQ(forward.at("direction"), "forward");
  EXPECT_EQ(forward.at("server").at("host"), "zk3.example");
  EXPECT_EQ(forward.at("server").at("from").at("version"), "3.8.4");
  EXPECT_EQ(forward.at("server").at("to").at("version"), "3.9.4");
  EXPECT_EQ(forward.at("members").size(), 1U);
  const auto back = json::parse(
      HookInput(hook, {.when = HookPoint::kBeforeStep, .server = {3}, .back = true}, run_, {}));
  EXPECT_EQ(back.at("server").at("to").at("version"), "3.8.4");
  run_.state.outcome = core::RunOutcome::kHalted;
  const auto end = json::parse(HookInput(hook, {.when = HookPoint::kAfterRun}, run_, {}));
  EXPECT_EQ(end.at("outcome"), "halted");
  EXPECT_TRUE(end.at("server").is_null());
  const auto after = json::parse(
      HookInput(hook, {.when = HookPoint::kAfterStep, .server = {3}, .failed = true}, run_, {}));
  EXPECT_EQ(after.at("result"), "failed");
}

}  // namespace
}  // namespace zoowarden::controller
