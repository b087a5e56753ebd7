#include "zk/known_keys.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace zoowarden::zk {
namespace {

constexpr model::Version k34{3, 4, 14};
constexpr model::Version k39{3, 9, 5};

TEST(KnownKeysTest, TableIsSorted) {
  const auto keys = KnownKeys();
  EXPECT_TRUE(std::is_sorted(
      keys.begin(), keys.end(), [](const auto& a, const auto& b) { return a.name < b.name; }));
}

TEST(KnownKeysTest, KeysOfTheOfficialExampleAreKnown) {
  for (const auto* key : {"tickTime",
                          "initLimit",
                          "syncLimit",
                          "dataDir",
                          "clientPort",
                          "maxClientCnxns",
                          "autopurge.purgeInterval",
                          "server.1",
                          "4lw.commands.whitelist",
                          "snapCount",
                          "forceSync"}) {
    EXPECT_TRUE(IsKnownKey(key, k34)) << key;
    EXPECT_TRUE(IsKnownKey(key, k39)) << key;
    EXPECT_EQ(KeyAdvice(key, k39), std::nullopt) << key;
  }
  EXPECT_TRUE(IsKnownKey("metricsProvider.httpPort", k39));
  EXPECT_TRUE(IsKnownKey("admin.serverPort", k39));
}

TEST(KnownKeysTest, AdviceNamesTheNearestKeyOrTheVersion) {
  EXPECT_EQ(KeyAdvice("tickTme", k39),
            "unknown key 'tickTme' for ZooKeeper 3.9.5, did you mean 'tickTime'?");
  EXPECT_EQ(KeyAdvice("reconfigEnabled", k34),
            "unknown key 'reconfigEnabled' for ZooKeeper 3.4.14, it is read from 3.5.3 on");
  EXPECT_EQ(KeyAdvice("leader.maxConcurrentSnapshots", k39),
            "unknown key 'leader.maxConcurrentSnapshots' for ZooKeeper 3.9.5, it is not read after "
            "3.5.10");
  EXPECT_EQ(KeyAdvice("something.else.entirely", k39),
            "unknown key 'something.else.entirely' for ZooKeeper 3.9.5");
}

}  // namespace
}  // namespace zoowarden::zk
