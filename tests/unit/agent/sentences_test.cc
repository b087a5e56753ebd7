// The sentences of refusals, in the sources: each one goes on to a next step after "; ".
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
using testing::IsEmpty;

// The agent and what it refuses by. Not lib/zk and lib/zknet: what a member answered is a gate's
// to tell, with the member's name and what to do.
constexpr const char* kPlaces[] = {"agent",
                                   "lib/config/ensemble_edit.cc",
                                   "lib/core/operation_step.cc",
                                   "lib/journal",
                                   "lib/pki",
                                   "lib/rpc",
                                   "lib/sys",
                                   "lib/systemd"};

// Their sentence is put together elsewhere: the step comes from the error that they hand on, from
// Findings::Check, from a row of ErrorMeaning, or is added by the one who answers for them.
const std::set<std::string> kStepComesFromElsewhere = {"adopt.configuration",
                                                       "config.membership_unreadable",
                                                       "directory.owner",
                                                       "directory.unseen",
                                                       "directory.writable",
                                                       "listener.not_looked",
                                                       "listener.refused",
                                                       "listener.silent",
                                                       "listener.turned_away",
                                                       "operation.current_unreadable",
                                                       "pki.crl_unreadable",
                                                       "rpc.no_identity",
                                                       "staging.way_back",
                                                       "start.processes_hidden",
                                                       "stop.processes_hidden",
                                                       "stop.signal_failed",
                                                       "switch.current_unreadable"};
// Keys of agent.yaml, which look the same.
const std::set<std::string> kNoReasons = {"instance.generations", "instance.releases"};
// audit_chain.cc: Broken() ends each of them.
constexpr std::string_view kBroken = "audit.";

std::string TextOf(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// The rest of the call or list that `text` begins in the middle of.
std::string_view RestOfCall(std::string_view text) {
  int depth = 0;
  bool quoted = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (quoted) {
      at += c == '\\' ? 1 : 0;
      quoted = c != '"';
    } else if (c == '"') {
      quoted = true;
    } else if (c == '(' || c == '{' || c == '[') {
      ++depth;
    } else if ((c == ')' || c == '}' || c == ']') && --depth < 0) {
      return text.substr(0, at);
    }
  }
  return text;
}

bool IsListOfReasons(std::string_view rest) {
  return std::regex_search(rest.begin(), rest.end(), std::regex("^\\s*\"[a-z]+\\.[a-z_]+\""));
}

// `reason: sentence` of each refusal whose sentence names no step.
std::set<std::string> WithoutStep(const std::string& text) {
  const std::regex reason("\"([a-z]+\\.[a-z_0-9]+)\",");
  const std::regex file_name("[a-z]+\\.(json|cfg|db|yaml|env|pem|key|xml|xsl)");
  std::set<std::string> found;
  for (std::sregex_iterator at(text.begin(), text.end(), reason), end; at != end; ++at) {
    const std::string name = (*at)[1];
    const auto rest = RestOfCall(std::string_view(text).substr(at->position() + at->length()));
    const bool elsewhere = kStepComesFromElsewhere.contains(name) || kNoReasons.contains(name) ||
                           name.starts_with(kBroken);
    if (rest.find("; ") == std::string_view::npos && !elsewhere && !IsListOfReasons(rest) &&
        !std::regex_match(name, file_name)) {
      found.insert(name + ":" + std::string(rest));
    }
  }
  return found;
}

template <typename F>
void ForEachSource(F look) {
  for (const char* place : kPlaces) {
    const fs::path path = fs::path(ZOOWARDEN_SOURCES) / place;
    if (!fs::is_directory(path)) {
      ASSERT_NE(TextOf(path), "") << place << " is not there any more";
      look(path);
      continue;
    }
    for (const auto& entry : fs::recursive_directory_iterator(path)) {
      if (entry.path().extension() == ".cc" && entry.path().filename() != "errno_error.cc" &&
          entry.path().filename() != "sqlite_adapter.cc") {  // tables of ErrorMeaning
        look(entry.path());
      }
    }
  }
}

TEST(SentencesTest, EachRefusalNamesANextStep) {
  ForEachSource(
      [](const fs::path& path) { EXPECT_THAT(WithoutStep(TextOf(path)), IsEmpty()) << path; });
}

TEST(SentencesTest, ASentenceWithoutAStepIsFound) {
  EXPECT_EQ(WithoutStep("Fail(kCode, \"a.b\", \"x is bad\")").size(), 1U);
  EXPECT_THAT(WithoutStep("Fail(kCode, \"a.b\", F(\"x (\") + \" is bad; mend it\")"), IsEmpty());
}

TEST(SentencesTest, TheExceptionsAreStillGiven) {
  std::string all;
  ForEachSource([&](const fs::path& path) { all += TextOf(path); });
  for (const std::string& reason : kStepComesFromElsewhere) {
    EXPECT_NE(all.find('"' + reason + '"'), std::string::npos) << reason;
  }
}

}  // namespace
}  // namespace zoowarden::agent
