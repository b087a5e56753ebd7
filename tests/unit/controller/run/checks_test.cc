#include "controller/run/checks.h"

#include "sys/files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

namespace zoowarden::controller {
namespace {

using std::chrono::seconds;

class BackgroundChecksTest : public testing::Test {
 protected:
  void SetUp() override {
    auto directory = sys::TempDir::Create(testing::TempDir(), "checks.");
    ASSERT_TRUE(directory);
    directory_ = std::make_unique<sys::TempDir>(std::move(*directory));
    ASSERT_EQ(::mkfifo(Gate().c_str(), 0600), 0);
  }
  [[nodiscard]] std::string Gate() const { return directory_->path() / "gate"; }

  // Ends with the exit status that is written to the gate.
  [[nodiscard]] std::vector<model::HealthCheck> Waiting() const {
    return {{.name = "gated",
             .command = {"/bin/sh", "-c", "read code <" + Gate() + "; exit $code"},
             .timeout = seconds(500)}};
  }
  std::vector<core::CheckVerdict> Wait() {
    while (true) {
      if (auto verdicts = checks_.Take()) {
        return *std::move(verdicts);
      }
      std::this_thread::yield();
    }
  }

  std::unique_ptr<sys::TempDir> directory_;
  SubprocessCheckRunner checks_;
};

TEST_F(BackgroundChecksTest, RunBesideTheCallerOneRunAtATime) {
  EXPECT_FALSE(checks_.Take());
  ASSERT_TRUE(checks_.Start(Waiting(), {}));
  EXPECT_FALSE(checks_.Take());
  EXPECT_FALSE(checks_.Start(Waiting(), {}));
  std::ofstream(Gate()) << "3\n";
  const auto verdicts = Wait();
  ASSERT_EQ(verdicts.size(), 1U);
  EXPECT_FALSE(verdicts[0].passed);
  EXPECT_EQ(verdicts[0].text, "exit 3");
  EXPECT_FALSE(checks_.Take());
  ASSERT_TRUE(checks_.Start({{.name = "true", .command = {"/bin/true"}}}, {}));
  EXPECT_TRUE(Wait().front().passed);
}

TEST_F(BackgroundChecksTest, WhatAProgramSaysInLatin1BecomesUtf8) {
  const auto verdicts =
      checks_.Run({{.name = "smoke",
                    .command = {"/bin/sh", "-c", "printf 'caf\\351 closed'; exit 1"},
                    .timeout = seconds(500)}},
                  {});
  ASSERT_EQ(verdicts.size(), 1U);
  EXPECT_EQ(verdicts[0].text, "exit 1: caf? closed");
}

TEST_F(BackgroundChecksTest, OneThatNobodyWaitsForAnyLongerIsKilled) {
  SubprocessCheckRunner forgotten;
  ASSERT_TRUE(forgotten.Start(Waiting(), {}));  // its end would wait for 500 s
}

}  // namespace
}  // namespace zoowarden::controller
