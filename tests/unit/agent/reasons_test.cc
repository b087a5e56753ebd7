// docs/needs-operator.md against the sources: every reason with which an operation can come to wait
// for a person is there, and none that no source gives any more.
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>
#include <string_view>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;
using Reasons = std::set<std::string>;
using testing::IsEmpty;

// Whatever is called while an operation stops, switches, starts, verifies or goes back.
constexpr const char* kPlaces[] = {"agent/install/carry_over.cc",
                                   "agent/install/conf_files.cc",
                                   "agent/install/generation_record.cc",
                                   "agent/install/generations.cc",
                                   "agent/install/generations_carry_over.cc",
                                   "agent/install/generations_ran.cc",
                                   "agent/install/installed_releases.cc",
                                   "agent/install/release_record.cc",
                                   "agent/lifecycle",
                                   "agent/operation",
                                   "agent/render/start_check.cc",
                                   "agent/service/data_preparation.cc",
                                   "agent/service/instance_host.cc",
                                   "lib/core/operation_step.cc",
                                   "lib/sys/beneath.cc",
                                   "lib/systemd"};

// Refusals of a call, an agent that does not start, and staging: nothing has been stopped by then.
const Reasons kEndNoOperation = {"commit.not_current",
                                 "commit.not_running",
                                 "operation.current_unreadable",
                                 "stop.not_wanted",
                                 "stop.unanswered",
                                 "call.sequence_reused",
                                 "config.file_name",
                                 "config.no_zoo_cfg",
                                 "fence.not_acquired",
                                 "fence.stale_epoch",
                                 "generation.current",
                                 "install.process_runs",
                                 "lease.held",
                                 "lease.incomplete",
                                 "operation.id_reused",
                                 "operation.in_progress",
                                 "operation.other_generation",
                                 "operation.still_runs",
                                 "operation.unknown",
                                 "operation.unknown_kind",
                                 "operation.wrong_state",
                                 "permit.other_process",
                                 "permit.unknown",
                                 "remove.nothing_installed",
                                 "remove.process_runs",
                                 "staging.interrupted",
                                 "staging.unexpected_digest",
                                 "start.no_launcher"};
// Given under names that the page does not list one by one.
constexpr std::string_view kWholeFamilies[] = {"file.", "journal.", "process."};

std::string TextOf(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void AddMatches(const std::string& text, const std::regex& pattern, Reasons& reasons) {
  for (std::sregex_iterator at(text.begin(), text.end(), pattern), end; at != end; ++at) {
    reasons.insert((*at)[1]);
  }
}

// Literals of the form "word.words", but names of files and of points for faults.
Reasons InSources() {
  const std::regex literal("\"([a-z]+\\.[a-z_0-9]+)\"");
  const std::regex no_reason("\"[a-z]+\\.(json|cfg|db|yaml)\"|ZW_FAULT_POINT\\([^)]*\\)");
  Reasons reasons;
  for (const char* place : kPlaces) {
    const fs::path path = fs::path(ZOOWARDEN_SOURCES) / place;
    std::string text;
    if (fs::is_directory(path)) {
      for (const auto& entry : fs::recursive_directory_iterator(path)) {
        text += entry.path().extension() == ".cc" ? TextOf(entry.path()) : "";
      }
    } else {
      text = TextOf(path);
    }
    EXPECT_NE(text, "") << place << " is not there any more";
    AddMatches(std::regex_replace(text, no_reason, ""), literal, reasons);
  }
  return reasons;
}

// In the first column of the table of step 2.
Reasons OnPage() {
  Reasons reasons;
  const std::string page = TextOf(fs::path(ZOOWARDEN_SOURCES) / "docs/needs-operator.md");
  const std::regex quoted("`([a-z]+\\.[a-z_0-9*]+)`");
  for (auto at = page.find("\n| `"); at != std::string::npos; at = page.find("\n| `", at + 1)) {
    const auto column = page.substr(at + 3, page.find(" | ", at + 3) - at - 3);
    AddMatches(column, quoted, reasons);
  }
  return reasons;
}

bool IsOfAWholeFamily(const std::string& reason) {
  return std::any_of(std::begin(kWholeFamilies), std::end(kWholeFamilies), [&](auto family) {
    return reason.starts_with(family);
  });
}

TEST(ReasonsTest, EveryReasonThatCanBeTheFailureShownIsOnThePage) {
  const Reasons page = OnPage();
  Reasons missing;
  for (const std::string& reason : InSources()) {
    if (!page.contains(reason) && !kEndNoOperation.contains(reason) && !IsOfAWholeFamily(reason)) {
      missing.insert(reason);
    }
  }
  EXPECT_THAT(missing, IsEmpty());
  for (const std::string_view family : kWholeFamilies) {
    EXPECT_TRUE(page.contains(std::string(family) + "*")) << family;
  }
}

TEST(ReasonsTest, ThePageNamesNoneThatNobodyGives) {
  const Reasons sources = InSources();
  Reasons stale;
  for (const std::string& reason : OnPage()) {
    if (!sources.contains(reason) && !IsOfAWholeFamily(reason)) {
      stale.insert(reason);
    }
  }
  EXPECT_THAT(stale, IsEmpty());
}

TEST(ReasonsTest, TheExceptionsAreStillGiven) {
  const Reasons sources = InSources();
  for (const std::string& reason : kEndNoOperation) {
    EXPECT_TRUE(sources.contains(reason)) << reason;
  }
}

}  // namespace
}  // namespace zoowarden::agent
