#include "config/fleet_windows.h"

#include "base/text.h"
#include "sys/files.h"

#include <absl/time/civil_time.h>
#include <absl/time/time.h>

#include <algorithm>
#include <optional>

namespace zoowarden::config {
namespace {

using model::TimeInterval;
using model::WallTime;
using std::chrono::minutes;

constexpr minutes kDay{24 * 60};
constexpr std::array<const char*, 7> kDays{"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
constexpr std::size_t kMaxZoneList = 1024 * 1024;

// All names that tzdata knows: its rules in one text, "Z NAME …" a zone, "L ZONE NAME" another
// name of one (zic(8)).
std::vector<std::string> ZoneNames() {
  std::vector<std::string> names;
  const auto text = sys::ReadFile("/usr/share/zoneinfo/tzdata.zi", kMaxZoneList);
  if (!text) {
    return names;
  }
  for (const auto line : base::Split(*text, '\n')) {
    const auto words = base::Split(line, ' ');
    if (words.size() > 1 && words[0] == "Z") {
      names.emplace_back(words[1]);
    } else if (words.size() > 2 && words[0] == "L") {
      names.emplace_back(words[2]);
    }
  }
  return names;
}

// A name below /usr/share/zoneinfo and no other file, and none that means this machine's zone.
bool IsZoneName(const std::string& name) {
  return name.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
             "+-_/") == std::string::npos &&
         name.front() != '/' && name != "localtime";
}

base::Status ReadZone(const YamlMap& map, std::string& zone) {
  ZW_ASSIGN(const auto value, map.Need("zone"));
  ZW_ASSIGN(zone, value.Text());
  absl::TimeZone loaded;
  if (IsZoneName(zone) && absl::LoadTimeZone(zone, &loaded)) {
    return base::Ok();
  }
  const auto names = ZoneNames();
  if (names.empty()) {
    return base::Fail(value.Refuse(
        "unknown_zone",
        "cannot be read: /usr/share/zoneinfo is not there; install the package tzdata"));
  }
  const auto nearest = base::NearestName(zone, names);
  return base::Fail(value.Refuse("unknown_zone",
                                 "is '" + base::Printable(zone, 60) + "', which is no time zone; " +
                                     (nearest ? "did you mean '" + *nearest + "'?"
                                              : "name one such as Europe/Berlin or UTC")));
}

base::Status ReadDays(const YamlMap& map, std::array<bool, 7>& days) {
  const auto value = map.Find("days");
  if (!value) {
    days.fill(true);
    return base::Ok();
  }
  ZW_ASSIGN(const auto items, value->List());
  for (const auto& item : items) {
    ZW_ASSIGN(const auto name, item.Text());
    const auto found = std::find(kDays.begin(), kDays.end(), name);
    if (found == kDays.end()) {
      return base::Fail(item.Refuse("bad_value",
                                    "must be one of mon, tue, wed, thu, fri, sat, sun, not '" +
                                        base::Printable(name, 60) + "'"));
    }
    days[static_cast<std::size_t>(found - kDays.begin())] = true;
  }
  return items.empty() ? base::Fail(value->Refuse("bad_value", "names no day")) : base::Ok();
}

std::optional<minutes> ParseClock(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') {
    return std::nullopt;
  }
  const auto hours = base::ParseUnsigned(text.substr(0, 2));
  const auto rest = base::ParseUnsigned(text.substr(3));
  if (!hours || !rest || *rest > 59 || *hours * 60 + *rest > 24 * 60) {
    return std::nullopt;
  }
  return minutes(static_cast<int>(*hours * 60 + *rest));
}

base::Status ReadClock(const YamlMap& map, const char* key, minutes& clock) {
  ZW_ASSIGN(const auto value, map.Need(key));
  ZW_ASSIGN(const auto text, value.Text());
  const auto parsed = ParseClock(text);
  if (!parsed) {
    return base::Fail(value.Refuse(
        "bad_value",
        "must be a time such as \"22:30\", in quotes, not '" + base::Printable(text, 60) + "'"));
  }
  clock = *parsed;
  return base::Ok();
}

base::Result<FleetWindow> ReadWindow(const YamlValue& value, WallTime time_needed) {
  ZW_ASSIGN(const auto map, value.Map({"days", "from", "until", "zone"}));
  FleetWindow window;
  ZW_TRY(ReadDays(map, window.days));
  ZW_TRY(ReadClock(map, "from", window.from));
  ZW_TRY(ReadClock(map, "until", window.until));
  ZW_TRY(ReadZone(map, window.zone));
  if (window.from == window.until) {
    return base::Fail(value.Refuse("bad_value",
                                   "begins when it ends; a whole day is from \"00:00\" until "
                                   "\"24:00\""));
  }
  const auto length = (window.until - window.from + kDay) % kDay;
  if (length.count() > 0 && length < time_needed) {
    return base::Fail(value.Refuse("bad_value",
                                   "is " + std::to_string(length.count()) +
                                       " minutes long, which is less than policy.time_needed: "
                                       "nothing could ever begin in it"));
  }
  return window;
}

// What the clocks of the zone say, as a moment.
absl::Time MomentOf(const absl::TimeZone& zone, absl::CivilDay day, minutes after_midnight) {
  const auto at = zone.At(absl::CivilMinute(day) + after_midnight.count());
  return at.kind == absl::TimeZone::TimeInfo::SKIPPED ? at.trans : at.pre;
}

void AddIntervals(const FleetWindow& window,
                  TimeInterval between,
                  std::vector<TimeInterval>& intervals) {
  absl::TimeZone zone;
  if (!absl::LoadTimeZone(window.zone, &zone)) {
    return;  // it was known when the file was read: tzdata has gone since, nothing is open
  }
  const bool next_day = window.until <= window.from;
  const auto first = absl::ToCivilDay(absl::FromUnixMillis(between.from.count()), zone) - 1;
  const auto last = absl::ToCivilDay(absl::FromUnixMillis(between.until.count()), zone);
  for (auto day = first; day <= last; ++day) {
    if (!window.days[static_cast<std::size_t>(absl::GetWeekday(day))]) {
      continue;
    }
    const auto from = MomentOf(zone, day, window.from);
    const auto until = MomentOf(zone, next_day ? day + 1 : day, window.until);
    const TimeInterval interval{std::max(WallTime(absl::ToUnixMillis(from)), between.from),
                                std::min(WallTime(absl::ToUnixMillis(until)), between.until)};
    if (interval.from < interval.until) {
      intervals.push_back(interval);
    }
  }
}

}  // namespace

base::Result<std::vector<FleetWindow>> ReadWindows(const YamlValue& value, WallTime time_needed) {
  ZW_ASSIGN(const auto items, value.List());
  std::vector<FleetWindow> windows;
  for (const auto& item : items) {
    ZW_ASSIGN(auto window, ReadWindow(item, time_needed));
    windows.push_back(std::move(window));
  }
  if (windows.empty()) {
    return base::Fail(value.Refuse("bad_value", "has none; leave the key away for any time"));
  }
  return windows;
}

std::vector<TimeInterval> OpenIntervals(const std::vector<FleetWindow>& windows,
                                        TimeInterval between) {
  std::vector<TimeInterval> intervals;
  for (const auto& window : windows) {
    AddIntervals(window, between, intervals);
  }
  std::sort(intervals.begin(), intervals.end(), [](const auto& a, const auto& b) {
    return a.from < b.from;
  });
  std::vector<TimeInterval> apart;
  for (const auto& interval : intervals) {
    if (!apart.empty() && interval.from <= apart.back().until) {
      apart.back().until = std::max(apart.back().until, interval.until);
    } else {
      apart.push_back(interval);
    }
  }
  return apart;
}

}  // namespace zoowarden::config
