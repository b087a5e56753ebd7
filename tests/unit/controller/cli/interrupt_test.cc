#include "controller/cli/interrupt.h"

#include <gtest/gtest.h>

#include <csignal>

namespace zoowarden::controller {
namespace {

TEST(InterruptTest, TheFirstSignalOnlyAsks) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    const Interrupt interrupt(kRunInterrupted);
    EXPECT_FALSE(interrupt.requested());
    testing::internal::CaptureStderr();
    ASSERT_EQ(std::raise(signal), 0);
    EXPECT_NE(testing::internal::GetCapturedStderr().find("next safe point"), std::string::npos);
    EXPECT_TRUE(interrupt.requested());
  }
}

TEST(InterruptTest, TheSecondSignalEndsTheProgramAtOnceWith130) {
  EXPECT_EXIT(
      {
        const Interrupt interrupt(kRunInterrupted);
        std::raise(SIGINT);
        std::raise(SIGINT);
      },
      testing::ExitedWithCode(130),
      "zoowarden resume");
}

TEST(InterruptTest, WhatHasNoRunSpeaksOfNone) {
  const Interrupt interrupt(kOnlyEnded);
  testing::internal::CaptureStderr();
  ASSERT_EQ(std::raise(SIGINT), 0);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "\nending; once more to leave at once\n");
}

TEST(InterruptTest, WhoIgnoresTheTerminalsEndGoesOn) {
  const auto before = std::signal(SIGHUP, SIG_IGN);
  {
    const Interrupt interrupt(kRunInterrupted);
    ASSERT_EQ(std::raise(SIGHUP), 0);
    EXPECT_FALSE(interrupt.requested());
  }
  std::signal(SIGHUP, before);
}

TEST(InterruptTest, TheHandlersOfBeforeComeBack) {
  struct sigaction before {};
  ASSERT_EQ(::sigaction(SIGINT, nullptr, &before), 0);
  { const Interrupt interrupt(kRunInterrupted); }
  struct sigaction after {};
  ASSERT_EQ(::sigaction(SIGINT, nullptr, &after), 0);
  EXPECT_EQ(before.sa_handler, after.sa_handler);
}

}  // namespace
}  // namespace zoowarden::controller
