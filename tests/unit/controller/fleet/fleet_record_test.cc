#include "controller/fleet/fleet_record.h"

#include "controller/fleet/fleet_store.h"
#include "sys/files.h"

#include <gtest/gtest.h>

#include <thread>

namespace zoowarden::controller {
namespace {

// As schema version 1 was written first; it must be read for as long as that number stands.
constexpr const char* kFirst = R"({
 "schema_version": 1,
 "fleet": "production",
 "rollout": "20261123-190501-3f9a",
 "verb": "upgrade",
 "to": "3.9.4",
 "release": "/srv/zk-3.9.4.tar.gz",
 "allow_outage": true,
 "created_ms": 1795460701000,
 "closed": false,
 "ensembles": [
  {
   "ensemble": "orders",
   "state": "rolled_back",
   "run": "20261123-190502-0001",
   "began_ms": 1795460702000,
   "ended_ms": 1795460732000,
   "exit_code": 6,
   "process": "",
   "message": "server 2 did not come back",
   "verified": false,
   "retry": true
  },
  {
   "ensemble": "users",
   "state": "waiting",
   "run": "",
   "began_ms": 0,
   "ended_ms": 0,
   "exit_code": null,
   "process": "",
   "message": "",
   "verified": false,
   "retry": false
  }
 ]
}
)";

// The same as this program writes it: `approved` was added.
std::string Now() {
  std::string text = kFirst;
  for (const std::string retry : {"\"retry\": true", "\"retry\": false"}) {
    text.replace(text.find(retry), retry.size(), retry + ",\n   \"approved\": \"\"");
  }
  return text;
}

TEST(FleetRecordTest, WhatTheFirstProgramStoredIsReadAndNothingOfItIsLost) {
  const auto read = DecodeFleet(kFirst);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->to, "3.9.4");
  ASSERT_EQ(read->ensembles.size(), 2U);
  EXPECT_EQ(read->ensembles[0].state, core::EnsembleState::kRolledBack);
  EXPECT_EQ(read->ensembles[0].exit_code, 6);
  EXPECT_EQ(read->ensembles[1].exit_code, std::nullopt);
  EXPECT_EQ(read->ensembles[0].approved, "");
  EXPECT_EQ(EncodeFleet(*read), Now());
}

TEST(FleetRecordTest, WhatWasApprovedIsStored) {
  auto record = *DecodeFleet(kFirst);
  record.ensembles[1].approved = "0123abcd";
  EXPECT_EQ(DecodeFleet(EncodeFleet(record))->ensembles[1].approved, "0123abcd");
}

TEST(FleetRecordTest, AFieldThatIsNotKnownIsNoDamageAndAStateThatIsNotKnownIsAskedOfTheAgents) {
  std::string text = kFirst;
  text.replace(text.find("\"verified\""), 10, "\"colour\": 5, \"verified\"");
  text.replace(text.find("rolled_back"), 11, "levitating");
  const auto read = DecodeFleet(text);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->ensembles[0].state, core::EnsembleState::kRunning);
}

TEST(FleetRecordTest, DamageAndANewerProgramsRecordAreNamed) {
  const std::string text = kFirst;
  EXPECT_EQ(DecodeFleet(text.substr(0, 200)).error().reason(), "fleet.damaged");
  EXPECT_EQ(DecodeFleet("{}").error().reason(), "fleet.damaged");
  EXPECT_EQ(DecodeFleet("{\"schema_version\": 2}").error().reason(), "fleet.newer");
}

TEST(FleetStoreTest, WhatWasSavedIsLoadedAndASecondOwnerIsRefused) {
  const auto directory = sys::TempDir::Create(testing::TempDir(), "rollout.");
  ASSERT_TRUE(directory);
  const auto place = directory->path() / "fleet";
  EXPECT_FALSE(FleetStore::Beside(place).InUse());
  EXPECT_FALSE(FleetStore::Beside(place).Load()->has_value());
  {
    const auto owner = FleetStore::Own(place);
    ASSERT_TRUE(owner) << owner.error().message();
    ASSERT_TRUE(owner->Save(*DecodeFleet(kFirst)));
    const auto second = FleetStore::Own(place);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().reason(), "fleet.in_use");
    EXPECT_TRUE(FleetStore::Beside(place).InUse());
  }
  const auto beside = FleetStore::Beside(place);
  EXPECT_FALSE(beside.InUse());
  const auto loaded = beside.Load();
  ASSERT_TRUE(loaded && loaded->has_value());
  EXPECT_EQ(EncodeFleet(**loaded), Now());
}

TEST(FleetStoreTest, WhoOnlyAsksKeepsNobodyFromOwningIt) {
  const auto directory = sys::TempDir::Create(testing::TempDir(), "rollout.");
  ASSERT_TRUE(directory);
  const auto place = directory->path() / "fleet";
  ASSERT_TRUE(FleetStore::Own(place));
  const std::jthread asking([&place](const std::stop_token& stop) {
    const auto beside = FleetStore::Beside(place);
    while (!stop.stop_requested()) {
      static_cast<void>(beside.InUse());
    }
  });
  for (int i = 0; i < 200; ++i) {
    EXPECT_TRUE(FleetStore::Own(place)) << i;
  }
}

}  // namespace
}  // namespace zoowarden::controller
