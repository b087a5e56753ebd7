#include "zk/key_effects.h"

#include "zk/known_keys.h"

#include <gtest/gtest.h>

namespace zoowarden::zk {
namespace {

constexpr model::Version k34{3, 4, 14};
constexpr model::Version k35{3, 5, 10};
constexpr model::Version k39{3, 9, 5};

TEST(KeyEffectsTest, WhatJmxCanSetIsLiveFromTheReleaseThatCan) {
  const auto tick = EffectOf("tickTime", k34);
  EXPECT_EQ(tick.effect, Effect::kLive);
  EXPECT_EQ(tick.attribute, "TickTime of ZooKeeperServerMXBean");
  EXPECT_EQ(EffectOf("syncLimit", k35).effect, Effect::kRestart);
  const auto sync = EffectOf("syncLimit", k39);
  EXPECT_EQ(sync.effect, Effect::kLive);
  EXPECT_EQ(sync.since, (model::Version{3, 6, 0}));
  EXPECT_EQ(EffectOf("throttled_op_wait_time", {3, 6, 4}).effect, Effect::kRestart);
}

TEST(KeyEffectsTest, MembersAndTheirPortsAreReconfiguredSince35) {
  for (const auto* key : {"clientPort", "clientPortAddress", "server.3", "weight.1", "group.1"}) {
    EXPECT_EQ(EffectOf(key, k39).effect, Effect::kReconfiguration) << key;
    EXPECT_EQ(EffectOf(key, k34).effect, Effect::kRestart) << key;
  }
}

TEST(KeyEffectsTest, TheRestIsReadAtTheStart) {
  const auto count = EffectOf("snapCount", k39);
  EXPECT_EQ(count.effect, Effect::kRestart);
  EXPECT_EQ(count.since, (model::Version{3, 4, 0}));
  EXPECT_EQ(EffectOf("metricsProvider.httpPort", k39).since, (model::Version{3, 6, 0}));
  EXPECT_EQ(EffectOf("myOwnKey", k39).since, std::nullopt);
}

// A key that is read by two lines with a gap between them.
TEST(KeyEffectsTest, SinceIsOfTheLineThatTheReleaseBelongsTo) {
  EXPECT_EQ(EffectOf("4lw.commands.whitelist", k34).since, (model::Version{3, 4, 10}));
  EXPECT_EQ(EffectOf("4lw.commands.whitelist", k39).since, (model::Version{3, 5, 3}));
  EXPECT_EQ(EffectOf("admin.needClientAuth", k35).since, (model::Version{3, 9, 0}));
}

// Nothing can be set live before it is read.
TEST(KeyEffectsTest, EveryLiveKeyIsAKnownKeyOfItsRelease) {
  for (const auto& known : KnownKeys()) {
    const auto effect = EffectOf(known.name, k39);
    if (effect.effect == Effect::kLive) {
      EXPECT_TRUE(IsKnownKey(known.name, *effect.since)) << known.name;
    }
  }
  EXPECT_EQ(EffectName(Effect::kLive), "live");
  EXPECT_EQ(EffectName(Effect::kReconfiguration), "reconfiguration");
  EXPECT_EQ(EffectName(Effect::kRestart), "restart");
}

}  // namespace
}  // namespace zoowarden::zk
