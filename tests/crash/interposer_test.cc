// That the interposer reaches every call: those of a probe that makes each of them, and those that
// the agent and its libraries name.
#include "tests/crash/interposer/interposer.h"

#include "sys/files.h"
#include "sys/subprocess.h"
#include "tests/crash/io_calls.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace zoowarden::crash {
namespace {

namespace fs = std::filesystem;

fs::path Programs() { return fs::read_symlink("/proc/self/exe").parent_path(); }

std::string OutputOf(const fs::path& program,
                     std::vector<std::string> arguments,
                     std::vector<std::string> environment = {}) {
  const auto result = sys::RunProgram({.executable = program,
                                       .arguments = std::move(arguments),
                                       .environment = std::move(environment),
                                       .timeout = std::chrono::seconds(20)});
  EXPECT_TRUE(result && result->succeeded()) << program;
  return result ? result->output : "";
}

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    lines.push_back(line);
  }
  return lines;
}

// One call has several names in the C library.
std::string Plain(std::string name) {
  for (const char* suffix : {"_2", "64"}) {
    if (name.ends_with(suffix)) {
      name.erase(name.size() - 2);
    }
  }
  return name.starts_with("__") ? name.substr(2) : name;
}

class InterposerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto created = sys::TempDir::Create("/tmp", "zw-interposer-");
    ASSERT_TRUE(created);
    scratch_.emplace(std::move(*created));
    // LD_PRELOAD takes no name with a space, so not the checkout's.
    fs::create_symlink(Programs() / "libzoowarden-interposer.so", Library());
  }
  [[nodiscard]] fs::path Below() const { return scratch_->path() / "below"; }
  [[nodiscard]] fs::path Beside() const { return scratch_->path() / "below-and-beside"; }

  // What the probe made, with " failed" behind what failed.
  std::vector<std::string> Probe(const fs::path& where, const std::string& fault) {
    fs::remove(Log());
    fs::remove_all(where);
    fs::create_directory(where);
    return Lines(OutputOf(Programs() / "zoowarden-io-probe",
                          {where},
                          {"LD_PRELOAD=" + Library().string(),
                           std::string(kIoBelow) + "=/nowhere:" + Below().string(),
                           std::string(kIoLog) + "=" + Log().string(),
                           std::string(kIoFault) + "=" + fault}));
  }
  [[nodiscard]] std::vector<IoCall> Seen() const { return ReadIoLog(Log()); }

 private:
  [[nodiscard]] fs::path Library() const { return scratch_->path() / "interposer.so"; }
  [[nodiscard]] fs::path Log() const { return scratch_->path() / "log"; }
  std::optional<sys::TempDir> scratch_;
};

TEST_F(InterposerTest, SeesEachCallOfAProbeOnceAndNothingBesideItsDirectories) {
  std::set<std::string> made;
  for (const std::string& name : Probe(Below(), "")) {
    made.insert(name);
  }
  std::set<std::string> seen;
  for (const IoCall& call : Seen()) {
    seen.insert(Plain(call.name));
    EXPECT_TRUE(call.path.starts_with(Below().string())) << call.path;
  }
  EXPECT_EQ(seen, made);
  EXPECT_GT(seen.size(), 25U);
  Probe(Beside(), "");
  EXPECT_TRUE(Seen().empty());
}

TEST_F(InterposerTest, TheKthCallOfAKindFailsForEachKind) {
  Probe(Below(), "");
  const auto calls = CountByKind(Seen());
  ASSERT_EQ(calls.size(), 5U);
  for (const auto& [kind, count] : calls) {
    for (int k = 1; k <= count; ++k) {
      const std::string fault = kind + " " + std::to_string(k) + " " + std::to_string(EIO);
      std::string failed;
      for (const std::string& line : Probe(Below(), fault)) {
        failed =
            failed.empty() && line.ends_with(" failed") ? line.substr(0, line.find(' ')) : failed;
      }
      const auto seen = Seen();
      const auto hit = std::find_if(seen.begin(), seen.end(), [](const auto& c) { return c.hit; });
      ASSERT_NE(hit, seen.end()) << fault;
      EXPECT_EQ(failed, Plain(hit->name)) << fault;
    }
  }
}

TEST_F(InterposerTest, AWriteOfErrorZeroIsShort) {
  const auto lines = Probe(Below(), "write 2 0");
  EXPECT_NE(std::find(lines.begin(), lines.end(), "pwrite failed"), lines.end());
}

// What a program could change files by. Times, owners and attributes are left out: nothing of what
// an operation leaves behind depends on them.
const std::set<std::string> kChanging = {"open",      "openat",    "openat2",
                                         "creat",     "fopen",     "freopen",
                                         "write",     "writev",    "pwrite",
                                         "pwritev",   "pwritev2",  "fsync",
                                         "fdatasync", "syncfs",    "sync",
                                         "rename",    "renameat",  "renameat2",
                                         "link",      "linkat",    "symlink",
                                         "mkdir",     "mkdirat",   "symlinkat",
                                         "sendfile",  "splice",    "unlink",
                                         "unlinkat",  "rmdir",     "remove",
                                         "truncate",  "ftruncate", "chmod",
                                         "fchmod",    "fchmodat",  "mkstemp",
                                         "mkostemp",  "mkdtemp",   "copy_file_range",
                                         "syscall",   "fallocate", "posix_fallocate"};

// Undefined (of a program) or defined (of the interposer) dynamic symbols, as plain names.
std::set<std::string> Symbols(const fs::path& object, const char* which) {
  std::set<std::string> names;
  for (const std::string& line : Lines(OutputOf("/usr/bin/nm", {"-D", which, object}))) {
    const std::string symbol = line.substr(line.rfind(' ') + 1);
    names.insert(symbol.substr(0, symbol.find('@')));
  }
  return names;
}

TEST_F(InterposerTest, WrapsEachCallThatTheAgentAndItsLibrariesName) {
  const fs::path agent = Programs() / "zoowarden-agent";
  std::vector<fs::path> objects = {agent};
  for (const std::string& line : Lines(OutputOf("/usr/bin/ldd", {agent}))) {
    const auto path = line.find('/');
    if (path != std::string::npos && line.find("/libc.so") == std::string::npos) {
      objects.emplace_back(line.substr(path, line.rfind(" (") - path));
    }
  }
  const auto wrapped = Symbols(Programs() / "libzoowarden-interposer.so", "--defined-only");
  int named = 0;
  for (const fs::path& object : objects) {
    for (const std::string& symbol : Symbols(object, "--undefined-only")) {
      if (kChanging.contains(Plain(symbol))) {
        ++named;
        EXPECT_TRUE(wrapped.contains(symbol)) << object << " calls " << symbol;
      }
    }
  }
  EXPECT_GT(objects.size(), 10U);
  EXPECT_GT(named, 50);
}

}  // namespace
}  // namespace zoowarden::crash
