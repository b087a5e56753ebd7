#include "agent/lifecycle/process_finder.h"

#include "agent/lifecycle/data_judge.h"
#include "agent/lifecycle/process_rights.h"
#include "base/text.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>
#include <string_view>
#include <system_error>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;

struct Raw {
  std::string text;
  int error = 0;
};

// Files of /proc have no size, so they are read until their end; a process that ends meanwhile
// gives ESRCH, which a stream would turn into an exception.
Raw ReadProc(const fs::path& path) {
  const sys::UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) {
    return {.text = "", .error = errno};
  }
  Raw raw;
  std::array<char, 4096> block;
  while (true) {
    const auto size = read(file.get(), block.data(), block.size());
    if (size > 0) {
      raw.text.append(block.data(), static_cast<std::size_t>(size));
    } else if (size == 0) {
      return raw;
    } else if (errno != EINTR) {
      return {.text = "", .error = errno};
    }
  }
}

std::vector<std::string> SplitCommandLine(std::string_view raw) {
  std::vector<std::string> arguments;
  while (!raw.empty()) {
    const std::size_t end = std::min(raw.find('\0'), raw.size());
    arguments.emplace_back(raw.substr(0, end));
    raw.remove_prefix(std::min(end + 1, raw.size()));
  }
  return arguments;
}

// The name right below `parent` in `text`, empty when `parent` is not in it.
std::string NameBelow(std::string_view text, const fs::path& parent) {
  const std::string prefix = parent.string() + "/";
  const std::size_t at = text.find(prefix);
  if (at == std::string_view::npos) {
    return "";
  }
  const std::string_view rest = text.substr(at + prefix.size());
  return std::string(rest.substr(0, rest.find('/')));
}

fs::path Canonical(const fs::path& path) {
  std::error_code error;
  const fs::path real = fs::weakly_canonical(path, error);
  return error ? path : real;
}

// The generation that a configuration's path means, with `..` and links outside of `generations`
// resolved; empty when it is none, or was named through a link that may have meant another one
// when the process was started (`current`).
std::string GenerationOf(const fs::path& configuration, const fs::path& generations) {
  if (generations.empty()) {
    return "";
  }
  fs::path real = "/";
  for (const fs::path& part : configuration.relative_path()) {
    std::error_code error;
    const fs::path next = part == ".." ? real.parent_path() : real / part;
    if (fs::is_symlink(next, error) && next.parent_path() == generations) {
      return "";
    }
    real = part == "." || part.empty() ? real : Canonical(next);
  }
  return NameBelow(real.string(), generations);
}

// Where a whole machine is hidden each process would have its sentence.
constexpr std::size_t kLongestProblem = 600;

// What keeps the answer from being a proof is told.
void Blind(FinderAnswer& answer, const std::string& why) {
  answer.visible = false;
  if (answer.problem.size() < kLongestProblem) {
    answer.problem += (answer.problem.empty() ? "" : "; ") + why;
  }
}

// Of a process that has gone meanwhile there is nothing to see.
void BlindUnlessGone(FinderAnswer& answer, const std::string& what, int error) {
  if (error == 0 || error == ENOENT || error == ESRCH) {
    return;
  }
  const bool denied = error == EACCES || error == EPERM;
  Blind(answer,
        what + " cannot be read: " + std::generic_category().message(error) +
            (denied ? AskRoot() : ""));
}

// hidepid hides other users' processes or their command lines from everybody but root.
bool ProcIsRestricted(const fs::path& proc) {
  if (geteuid() == 0) {
    return false;
  }
  const Raw mounts = ReadProc(proc / "self" / "mounts");
  for (const std::string_view line : base::Split(mounts.text, '\n')) {
    const auto fields = base::Split(line, ' ');
    if (fields.size() > 3 && fields[2] == "proc" && fields[1] == "/proc" &&
        fields[3].find("hidepid=") != std::string_view::npos &&
        fields[3].find("hidepid=0") == std::string_view::npos &&
        fields[3].find("hidepid=off") == std::string_view::npos) {
      return true;
    }
  }
  return false;
}

// A JVM's first thread is a zombie while others still tear it down, with its files and locks. What
// cannot be listed, for want of descriptors say, may have some.
bool MayHaveThreads(const fs::path& proc, std::int32_t pid) {
  std::error_code error;
  int threads = 0;
  for (fs::directory_iterator task(proc / std::to_string(pid) / "task", error), end;
       !error && task != end;
       task.increment(error)) {
    ++threads;
  }
  const bool known = !error || error == std::errc::no_such_file_or_directory ||
                     error == std::errc::no_such_process;
  return !known || threads > 1;
}

}  // namespace

FinderAnswer ProcessFinder::FindAgain() {
  const bool fresh = std::chrono::steady_clock::now() - last_look_ < settings_.whole_look_every;
  if (last_ && last_->found && fresh) {
    const model::Process& process = last_->found->process;
    if (StartTime(process.pid) == process.start_time) {
      return *last_;
    }
  }
  return Find();
}

FinderAnswer ProcessFinder::Find() {
  FinderAnswer answer = Scan();
  if (answer.several || !answer.visible) {
    answer =
        Scan();  // a child between its fork and its exec looks like its parent; a file is written
  }
  KeepWhatIsOnItsWayOut(answer);
  last_ = answer;
  last_look_ = std::chrono::steady_clock::now();
  return answer;
}

// While the kernel takes a large heap down no thread of the process has a command line any more,
// and its ports, files and lock are still its own: 0.07 s for each GiB that was measured.
void ProcessFinder::KeepWhatIsOnItsWayOut(FinderAnswer& answer) const {
  if (answer.found || !last_ || !last_->found) {
    return;
  }
  const FoundProcess& before = *last_->found;
  const bool judged_anew =
      std::any_of(answer.others.begin(), answer.others.end(), [&](const FoundProcess& other) {
        return other.process.pid == before.process.pid;
      });
  if (!judged_anew && StartTime(before.process.pid) == before.process.start_time) {
    answer.found = before;
  }
}

FinderAnswer ProcessFinder::Scan() const {
  FinderAnswer answer;
  answer.visible = true;
  if (ProcIsRestricted(settings_.proc)) {
    Blind(answer, "/proc is mounted with hidepid" + AskRoot());
  }
  std::error_code error;
  for (fs::directory_iterator entry(settings_.proc, error), end; !error && entry != end;
       entry.increment(error)) {
    const auto pid = base::ParseUnsigned(entry->path().filename().string());
    if (pid && *pid <= 0x7fffffff) {
      LookAt(static_cast<std::int32_t>(*pid), answer);
    }
  }
  if (error) {
    Blind(answer, "cannot list " + settings_.proc.string() + ": " + error.message());
  }
  return answer;
}

// Field 22 of /proc/PID/stat; nullopt for a process that is gone or a zombie. The name in the
// second field may hold blanks and brackets, so counting begins behind its last bracket.
std::optional<std::uint64_t> ProcessFinder::StartTime(std::int32_t pid) const {
  const Raw stat = ReadProc(settings_.proc / std::to_string(pid) / "stat");
  const std::size_t bracket = stat.text.rfind(')');
  if (bracket == std::string::npos || bracket + 2 >= stat.text.size()) {
    return std::nullopt;
  }
  const auto fields = base::Split(std::string_view(stat.text).substr(bracket + 2), ' ');
  constexpr std::size_t kStartTime = 19;  // the state is field 3, and the first here
  const bool ended = fields[0] == "Z" || fields[0] == "X";
  if (fields.size() <= kStartTime || (ended && !MayHaveThreads(settings_.proc, pid))) {
    return std::nullopt;
  }
  return base::ParseUnsigned(fields[kStartTime]);
}

// Of a process whose first thread has ended; the kernel tells nothing of it through that one.
std::optional<ProcessFinder::Thread> ProcessFinder::LivingThread(std::int32_t pid,
                                                                 FinderAnswer& answer) const {
  const fs::path directory = settings_.proc / std::to_string(pid);
  const Raw stat = ReadProc(directory / "stat");
  const std::size_t bracket = stat.text.rfind(')');
  if (bracket == std::string::npos || stat.text.compare(bracket, 3, ") Z") != 0) {
    return std::nullopt;  // a thread of the kernel
  }
  std::error_code error;
  for (fs::directory_iterator task(directory / "task", error), end; !error && task != end;
       task.increment(error)) {
    const auto id = base::ParseUnsigned(task->path().filename().string());
    std::string text = ReadProc(task->path() / "cmdline").text;
    if (id && *id <= 0x7fffffff && !text.empty()) {
      return Thread{.id = static_cast<std::int32_t>(*id), .text = std::move(text)};
    }
  }
  BlindUnlessGone(answer, "the threads of process " + std::to_string(pid), error.value());
  return std::nullopt;
}

void ProcessFinder::LookAt(std::int32_t pid, FinderAnswer& answer) const {
  const fs::path directory = settings_.proc / std::to_string(pid);
  const Raw raw = ReadProc(directory / "cmdline");
  if (raw.error != 0) {
    BlindUnlessGone(answer, "the command line of process " + std::to_string(pid), raw.error);
    return;
  }
  const auto thread = raw.text.empty() ? LivingThread(pid, answer) : std::nullopt;
  const Candidate candidate{.pid = pid,
                            .seen_through = thread ? thread->id : pid,
                            .command_line = SplitCommandLine(thread ? thread->text : raw.text)};
  const std::string argument = ConfigurationArgument(candidate.command_line);
  if (argument.empty()) {
    return;
  }
  const auto start_time = StartTime(pid);
  if (!start_time) {
    BlindUnlessGone(
        answer, "the state of process " + std::to_string(pid), ReadProc(directory / "stat").error);
    return;
  }
  const fs::path configuration = Absolute(candidate.seen_through, argument);
  const Verdict verdict = ServesOurData(candidate, argument, configuration);
  if (verdict.ours == Ours::kUnclear) {
    if (ReadProc(directory / "cmdline").text != raw.text && !StartTime(pid)) {
      return;  // it was on its way out, and its files went before it
    }
    Blind(answer, verdict.why);
  }
  if (verdict.ours != Ours::kYes) {
    answer.others.push_back({.process = {.pid = pid, .start_time = *start_time},
                             .configuration = configuration,
                             .command_line = candidate.command_line,
                             .unclear = verdict.why});
    return;
  }
  if (answer.found) {
    answer.several = true;
    answer.problem = "processes " + std::to_string(answer.found->process.pid) + " and " +
                     std::to_string(pid) + " serve the same data directory";
    return;
  }
  answer.found = FoundProcess{.process = Describe(candidate, *start_time, configuration),
                              .configuration = configuration,
                              .command_line = candidate.command_line};
}

Verdict ProcessFinder::ServesOurData(const Candidate& candidate,
                                     const std::string& argument,
                                     const fs::path& configuration) const {
  const std::string generation = GenerationOf(configuration, Canonical(settings_.generations));
  return DataJudge(settings_.proc, settings_.data_directory, settings_.data_log_directory)
      .Judge({.pid = candidate.seen_through,
              .command_line = candidate.command_line,
              .configuration = argument,
              .of_our_generation = !generation.empty()},
             ProcessView(settings_.proc, candidate.seen_through));
}

// For people, and to know a generation by: the process may have a root of its own.
fs::path ProcessFinder::Absolute(std::int32_t pid, const fs::path& path) const {
  if (path.empty() || path.is_absolute()) {
    return path;
  }
  std::error_code ignored;
  return fs::read_symlink(settings_.proc / std::to_string(pid) / "cwd", ignored) / path;
}

std::string ProcessFinder::GenerationNamed(const Candidate& candidate,
                                           const fs::path& configuration) const {
  std::string own = GenerationOf(configuration, Canonical(settings_.generations));
  if (!own.empty() || !settings_.adopted) {
    return own;
  }
  const auto adopted = settings_.adopted();
  if (!adopted || adopted->configuration != configuration) {
    return "";
  }
  const auto& words = candidate.command_line;
  const bool same_jar = std::any_of(words.begin(), words.end(), [&](const std::string& word) {
    const auto entries = base::Split(word, ':');
    return std::find(entries.begin(), entries.end(), adopted->server_jar) != entries.end();
  });
  return same_jar ? adopted->generation : "";
}

model::Process ProcessFinder::Describe(const Candidate& candidate,
                                       std::uint64_t start_time,
                                       const fs::path& configuration) const {
  model::Process process{.pid = candidate.pid, .start_time = start_time};
  process.generation = GenerationNamed(candidate, configuration);
  const fs::path releases = Canonical(settings_.releases);
  for (const std::string& argument : candidate.command_line) {
    if (process.release = NameBelow(argument, releases); !process.release.empty()) {
      break;
    }
  }
  return process;
}

}  // namespace zoowarden::agent
