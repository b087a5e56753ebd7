#include "config/fleet_windows.h"

#include <absl/time/time.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace zoowarden::config {
namespace {

using model::TimeInterval;
using model::WallTime;
using Intervals = std::vector<TimeInterval>;

WallTime At(const std::string& rfc3339) {
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, rfc3339, &time, &error)) << error;
  return WallTime(absl::ToUnixMillis(time));
}

base::Result<std::vector<FleetWindow>> Read(const std::string& text, WallTime needed = {}) {
  const auto root = ReadYaml("windows: " + text, "f.yaml");
  EXPECT_TRUE(root);
  const auto map = root->Map({"windows"});
  return ReadWindows(*map->Find("windows"), needed);
}

std::string Problem(const std::string& text, WallTime needed = {}) {
  const auto read = Read(text, needed);
  return read ? "" : read.error().message();
}

Intervals Open(const std::string& text, const std::string& from, const std::string& until) {
  const auto windows = Read(text);
  EXPECT_TRUE(windows) << windows.error().message();
  return OpenIntervals(*windows, {At(from), At(until)});
}

TEST(FleetWindowsTest, AWindowOverMidnightBelongsToTheDayOnWhichItBegins) {
  // 2026-11-23 is a Monday; Berlin is one hour before UTC in winter.
  const auto open = Open("[{days: [mon], from: '22:00', until: '04:00', zone: Europe/Berlin}]",
                         "2026-11-20T00:00:00Z",
                         "2026-12-01T00:00:00Z");
  EXPECT_EQ(open,
            (Intervals{{At("2026-11-23T22:00:00+01:00"), At("2026-11-24T04:00:00+01:00")},
                       {At("2026-11-30T22:00:00+01:00"), At("2026-12-01T00:00:00Z")}}));
}

TEST(FleetWindowsTest, OneThatIsOpenAtTheBeginningIsSeenAndNeighboursAreJoined) {
  const auto open = Open(
      "[{from: '20:00', until: '02:00', zone: UTC}, {from: '01:00', until: "
      "'03:00', zone: UTC}]",
      "2026-11-23T01:30:00Z",
      "2026-11-23T21:00:00Z");
  EXPECT_EQ(open,
            (Intervals{{At("2026-11-23T01:30:00Z"), At("2026-11-23T03:00:00Z")},
                       {At("2026-11-23T20:00:00Z"), At("2026-11-23T21:00:00Z")}}));
}

TEST(FleetWindowsTest, AWholeDayIsFromMidnightToMidnight) {
  const auto open = Open("[{days: [sat, sun], from: '00:00', until: '24:00', zone: Asia/Tokyo}]",
                         "2026-11-23T00:00:00Z",
                         "2026-12-01T00:00:00Z");
  EXPECT_EQ(open, (Intervals{{At("2026-11-28T00:00:00+09:00"), At("2026-11-30T00:00:00+09:00")}}));
}

// Berlin, 2026-03-29: after 01:59:59 comes 03:00:00.
TEST(FleetWindowsTest, WhereClocksAreSetForwardAWindowIsShorterThanItReads) {
  const auto day = [](const std::string& from, const std::string& until) {
    return Open("[{from: '" + from + "', until: '" + until + "', zone: Europe/Berlin}]",
                "2026-03-28T23:00:00Z",
                "2026-03-29T22:00:00Z");
  };
  EXPECT_EQ(day("01:00", "04:00"),
            (Intervals{{At("2026-03-29T00:00:00Z"), At("2026-03-29T02:00:00Z")}}));
  EXPECT_EQ(day("02:30", "04:00"),
            (Intervals{{At("2026-03-29T01:00:00Z"), At("2026-03-29T02:00:00Z")}}));
  EXPECT_EQ(day("01:00", "02:30"),
            (Intervals{{At("2026-03-29T00:00:00Z"), At("2026-03-29T01:00:00Z")}}));
  EXPECT_EQ(day("02:10", "02:50"), Intervals{});
}

// Berlin, 2026-10-25: after 02:59:59 comes 02:00:00 once more.
TEST(FleetWindowsTest, WhereClocksAreSetBackTheFirstTimeCounts) {
  const auto day = [](const std::string& from, const std::string& until) {
    return Open("[{from: '" + from + "', until: '" + until + "', zone: Europe/Berlin}]",
                "2026-10-24T22:00:00Z",
                "2026-10-25T22:00:00Z");
  };
  EXPECT_EQ(day("01:00", "04:00"),
            (Intervals{{At("2026-10-24T23:00:00Z"), At("2026-10-25T03:00:00Z")}}));
  EXPECT_EQ(day("01:00", "02:30"),
            (Intervals{{At("2026-10-24T23:00:00Z"), At("2026-10-25T00:30:00Z")}}));
  EXPECT_EQ(day("02:30", "04:00"),
            (Intervals{{At("2026-10-25T00:30:00Z"), At("2026-10-25T03:00:00Z")}}));
}

TEST(FleetWindowsTest, TheHoursOfOtherZonesAreTheirs) {
  EXPECT_EQ(Open("[{from: '02:00', until: '03:00', zone: America/New_York}]",
                 "2026-07-01T00:00:00Z",
                 "2026-07-02T00:00:00Z"),
            (Intervals{{At("2026-07-01T06:00:00Z"), At("2026-07-01T07:00:00Z")}}));
}

TEST(FleetWindowsTest, WhatIsNoWindowIsRefusedWithItsPlace) {
  EXPECT_EQ(Problem("[{from: '22:00', until: '04:00', zone: Europe/Berln}]"),
            "f.yaml:1:49: windows[0].zone is 'Europe/Berln', which is no time zone; did you mean "
            "'Europe/Berlin'?");
  for (const char* zone : {"../../etc/passwd", "/etc/localtime", "localtime", "libc:localtime"}) {
    EXPECT_NE(Problem("[{from: '22:00', until: '04:00', zone: '" + std::string(zone) + "'}]")
                  .find("which is no time zone"),
              std::string::npos)
        << zone;
  }
  EXPECT_EQ(Problem("[{from: '22:00', until: '04:00'}]"),
            "f.yaml:1:11: windows[0] needs the key 'zone'");
  EXPECT_EQ(Problem("[{from: '22:00', until: '22:00', zone: UTC}]"),
            "f.yaml:1:11: windows[0] begins when it ends; a whole day is from \"00:00\" until "
            "\"24:00\"");
  EXPECT_EQ(Problem("[{from: 1320, until: '22:00', zone: UTC}]"),
            "f.yaml:1:18: windows[0].from must be a time such as \"22:30\", in quotes, not '1320'");
  EXPECT_EQ(Problem("[{days: [montag], from: '20:00', until: '22:00', zone: UTC}]"),
            "f.yaml:1:19: windows[0].days[0] must be one of mon, tue, wed, thu, fri, sat, sun, not "
            "'montag'");
  EXPECT_EQ(Problem("[]"), "f.yaml:1:10: windows has none; leave the key away for any time");
  EXPECT_EQ(Problem("[{from: '23:30', until: '00:15', zone: UTC}]", std::chrono::hours(1)),
            "f.yaml:1:11: windows[0] is 45 minutes long, which is less than policy.time_needed: "
            "nothing could ever begin in it");
}

}  // namespace
}  // namespace zoowarden::config
