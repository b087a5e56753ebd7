#include "agent/lifecycle/data_judge.h"

#include "agent/lifecycle/process_rights.h"
#include "base/text.h"
#include "sys/files.h"
#include "zk/zoo_cfg.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <system_error>
#include <utility>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxConfiguration = 1024UL * 1024;
constexpr std::array kMainClasses = {
    std::string_view("org.apache.zookeeper.server.quorum.QuorumPeerMain"),
    std::string_view("org.apache.zookeeper.server.ZooKeeperServerMain")};

bool IsSame(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

// Whoever may read our files could hold them open. True also where it is not told.
bool MayWriteThrough(const fs::path& descriptor) {
  constexpr std::size_t kMaxInfo = 64UL * 1024;
  constexpr std::string_view kFlags = "flags:";
  const fs::path info = descriptor.parent_path().parent_path() / "fdinfo" / descriptor.filename();
  const auto text = sys::ReadFile(info, kMaxInfo);
  const auto at = text ? text->find(kFlags) : std::string::npos;
  if (at == std::string::npos) {
    return true;
  }
  const std::string_view line = std::string_view(*text).substr(at + kFlags.size());
  const auto flags = base::ParseUnsigned(base::Trim(line.substr(0, line.find('\n'))), 8);
  return !flags || (*flags & O_ACCMODE) != O_RDONLY;
}

Verdict Unclear(const ZooKeeperProcess& process, const std::string& what) {
  return {.ours = Ours::kUnclear,
          .why = "process " + std::to_string(process.pid) +
                 " is a ZooKeeper that may serve this server's data: its configuration " +
                 process.configuration.string() + " " + what};
}

fs::path Resolved(const fs::path& path) {
  std::error_code error;
  const fs::path real = fs::weakly_canonical(path, error);
  return error ? path : real;
}

// The data directory of a ZooKeeper that was started with a port and a directory in place of a
// configuration file, else empty.
std::string DataArgument(const std::vector<std::string>& command_line) {
  const std::string port = ConfigurationArgument(command_line);
  const auto at = std::find(command_line.begin(), command_line.end(), port);
  const bool two = base::ParseUnsigned(port).has_value() && at + 1 < command_line.end();
  return two ? *(at + 1) : std::string();
}

}  // namespace

std::string ConfigurationArgument(const std::vector<std::string>& command_line) {
  for (std::size_t i = 0; i + 1 < command_line.size(); ++i) {
    if (std::find(kMainClasses.begin(), kMainClasses.end(), command_line[i]) !=
        kMainClasses.end()) {
      return command_line[i + 1];
    }
  }
  return "";
}

DataJudge::DataJudge(fs::path proc,
                     const fs::path& data_directory,
                     const fs::path& data_log_directory)
    : proc_(std::move(proc)) {
  for (const fs::path* directory : {&data_directory, &data_log_directory}) {
    if (!directory->empty()) {
      ours_.push_back(Resolved(*directory));
    }
  }
}

Verdict DataJudge::Judge(const ZooKeeperProcess& process, const ProcessView& view) const {
  const Ours holds = HoldsOurFiles(process.pid, view);
  if (holds == Ours::kYes) {
    return {.ours = Ours::kYes, .why = ""};
  }
  Verdict verdict;
  if (const auto data = DataArgument(process.command_line); !data.empty()) {
    verdict = ByDirectories(view, {data});
    if (verdict.ours == Ours::kUnclear) {
      verdict.why = "process " + std::to_string(process.pid) +
                    " is a ZooKeeper that may serve this server's data: " + verdict.why;
    }
  } else {
    verdict = ByConfiguration(process, view, holds);
  }
  // A command line is what its process says of itself: who could not write our data serves none.
  const bool excluded =
      verdict.ours != Ours::kNo &&
      std::none_of(ours_.begin(), ours_.end(), [&](const fs::path& directory) {
        return view.MayReach(directory) && MayWrite(proc_, process.pid, directory);
      });
  return excluded ? Verdict{.ours = Ours::kNo, .why = ""} : verdict;
}

Verdict DataJudge::ByConfiguration(const ZooKeeperProcess& process,
                                   const ProcessView& view,
                                   Ours holds) const {
  const auto text = view.Read(process.configuration, kMaxConfiguration);
  if (!text && text.error().Is(base::ErrorCode::kNotFound)) {
    // Removed under a running server; the ports of one whose data cannot be told any more are
    // looked at, too.
    if (process.of_our_generation && view.HasOurRoot()) {
      return {.ours = Ours::kYes, .why = ""};
    }
    return holds == Ours::kNo
               ? Verdict{.ours = Ours::kNo, .why = ""}
               : Unclear(process, "is gone, and the files that it holds open cannot be listed");
  }
  if (!text) {
    return Unclear(process, "cannot be read (" + text.error().message() + ")");
  }
  const auto parsed = zk::ZooCfg::Parse(*text, process.configuration.string());
  if (!parsed) {
    return Unclear(process,
                   "cannot be understood (" + parsed.error().message() +
                       "); correct that file, or end the process");
  }
  const auto data = parsed->Get("dataDir");
  if (!data || data->empty()) {
    return Unclear(process, "names no dataDir; correct that file, or end the process");
  }
  Verdict verdict = ByDirectories(view, {*data, parsed->Get("dataLogDir").value_or(*data)});
  return verdict.ours == Ours::kUnclear
             ? Unclear(process, "names a directory that cannot be looked at: " + verdict.why)
             : verdict;
}

Verdict DataJudge::ByDirectories(const ProcessView& view,
                                 const std::vector<std::string>& directories) const {
  Verdict verdict{.ours = Ours::kNo, .why = ""};
  for (const std::string& name : directories) {
    const auto theirs = view.Look(name);
    if (!theirs && !theirs.error().Is(base::ErrorCode::kNotFound)) {
      verdict = {.ours = Ours::kUnclear, .why = theirs.error().message()};
      continue;
    }
    for (const fs::path& directory : ours_) {
      struct stat status {};
      if (theirs && stat(directory.c_str(), &status) == 0 && IsSame(status, *theirs)) {
        return {.ours = Ours::kYes, .why = ""};
      }
    }
  }
  return verdict;
}

// What a running server holds open. The descriptor of the lock on the directory itself is none.
Ours DataJudge::HoldsOurFiles(std::int32_t pid, const ProcessView& view) const {
  const bool our_root = view.HasOurRoot();
  std::error_code error;
  const fs::path descriptors = proc_ / std::to_string(pid) / "fd";
  for (fs::directory_iterator entry(descriptors, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code ignored;
    if (MayWriteThrough(entry->path()) &&
        IsOurFile(entry->path(), fs::read_symlink(entry->path(), ignored), our_root)) {
      return Ours::kYes;
    }
  }
  return !error || error == std::errc::no_such_file_or_directory ||
                 error == std::errc::no_such_process
             ? Ours::kNo
             : Ours::kUnclear;
}

// By the file itself, which may bear our file's path in a mount namespace of its own; one that was
// removed, or cannot be looked at, by its path. Theirs is looked at last: it may lie on a file
// system that does not answer, and of the thousands of a busy server most are sockets.
bool DataJudge::IsOurFile(const fs::path& descriptor, const fs::path& target, bool our_root) const {
  if (target.string().find('/') == std::string::npos) {
    return false;
  }
  const fs::path in_version = target.parent_path().filename() / target.filename();
  return std::any_of(ours_.begin(), ours_.end(), [&](const fs::path& directory) {
    const bool named = our_root && target.string().starts_with(directory.string() + "/");
    const fs::path place = named ? target : directory / in_version;
    struct stat status {};
    const bool there = stat(place.c_str(), &status) == 0;
    if (!there && !named) {
      return false;
    }
    struct stat theirs {};
    const bool linked = stat(descriptor.c_str(), &theirs) == 0 && theirs.st_nlink > 0;
    return linked ? there && IsSame(status, theirs) : named;
  });
}

}  // namespace zoowarden::agent
