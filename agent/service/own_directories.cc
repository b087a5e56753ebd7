#include "agent/service/own_directories.h"

#include "agent/install/generation_record.h"
#include "agent/service/serving_user.h"
#include "base/log.h"
#include "base/shell_word.h"
#include "base/text.h"
#include "sys/errno_error.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;

constexpr mode_t kPermissions = 07777;
constexpr int kMostLinks = 40;  // as the kernel
constexpr std::size_t kMostTold = 12;

std::string Octal(mode_t mode) {
  std::string digits;
  for (unsigned rest = mode & kPermissions; rest > 0; rest /= 8) {
    digits.insert(digits.begin(), static_cast<char>('0' + rest % 8));
  }
  return "0" + digits;
}

// The group 0 is root's alone, whatever the umask of who made a directory.
bool GroupMayWrite(const struct stat& status) {
  return (status.st_mode & S_IWGRP) != 0 && status.st_gid != 0;
}

bool AnybodyMayWrite(const struct stat& status) { return (status.st_mode & S_IWOTH) != 0; }

enum class Weight { kProblem, kWarning };

// What somebody else could do, and where.
struct Place {
  fs::path path;
  std::string kept;  // "the agent keeps in /x"
  // The command that mends its owner; empty = chown of the path alone. Made when it is told only:
  // the user's name may come from the network.
  std::function<std::string()> mend = {};
  Weight weight = Weight::kProblem;
};

// All that is found of one agent, each place once.
class Findings {
 public:
  explicit Findings(uid_t user) : user_(user) {}

  // The directory (or file) itself and each one in which a name on the way to it is looked up;
  // those that are not there yet are the agent's to make.
  enum class Mend { kItself, kWithAllInIt };
  void Own(const fs::path& own, Mend mend = Mend::kItself);
  // What the agent only reads: warnings.
  void Trusted(const fs::path& trusted);
  // Those of one level: what somebody else owned before is not mended by giving the agent the
  // directory above it.
  void Releases(const fs::path& releases);
  void Generations(const fs::path& generations);

  [[nodiscard]] OwnDirectories Done(const fs::path& state) &&;

 private:
  [[nodiscard]] bool IsTrusted(uid_t user) const { return user == 0 || user == user_; }
  [[nodiscard]] std::function<std::string()> ChownAll(const fs::path& real) const {
    return [user = user_, real] {
      return "chown -R " + NameOfUser(user) + " " + base::ShellWord(real.native());
    };
  }
  fs::path Walk(const fs::path& path, const std::string& kept, Weight weight);
  // Whether nothing was found.
  bool Above(const Place& place);
  void Itself(const Place& place);
  void Writable(const Place& place, mode_t mode, const char* who);
  void Owner(const Place& place, uid_t owner);
  std::vector<fs::path> DirectoriesIn(const fs::path& directory);
  void Unseen(const fs::path& path, Weight weight, const char* doing, int error);
  void Add(const Place& place, const char* reason, std::string what, std::string command);

  uid_t user_;
  // Directories on several ways, no links and sound: a status looks at each once, not at each way.
  std::set<fs::path> sound_;
  std::set<std::string> told_;
  std::string reason_;  // of the first problem
  std::vector<std::string> problems_;
  std::vector<std::string> commands_;
  std::vector<std::string> warnings_;
};

void Findings::Add(const Place& place, const char* reason, std::string what, std::string command) {
  const bool warning = place.weight == Weight::kWarning;
  if (!told_.insert(place.path.native() + (warning ? " warned " : " ") + reason).second) {
    return;
  }
  if (warning) {
    warnings_.push_back(std::move(what) +
                        (command.empty() ? "" : "; look who has written there, type: " + command));
    return;
  }
  reason_ = reason_.empty() ? reason : reason_;
  problems_.push_back(std::move(what));
  if (!command.empty() &&
      std::find(commands_.begin(), commands_.end(), command) == commands_.end()) {
    commands_.push_back(std::move(command));
  }
}

void Findings::Writable(const Place& place, mode_t mode, const char* who) {
  Add(place,
      "directory.writable",
      place.path.native() + " has mode " + Octal(mode) +
          ", so others than its owner can exchange what " + place.kept,
      std::string("chmod ") + who + "-w " + base::ShellWord(place.path.native()));
}

void Findings::Owner(const Place& place, uid_t owner) {
  Add(place,
      "directory.owner",
      place.path.native() + " belongs to " + NameOfUser(owner) + ", who can exchange what " +
          place.kept,
      place.mend ? place.mend()
                 : "chown " + NameOfUser(user_) + " " + base::ShellWord(place.path.native()));
}

void Findings::Unseen(const fs::path& path, Weight weight, const char* doing, int error) {
  Add({.path = path, .kept = "", .weight = weight},
      "directory.unseen",
      sys::ErrnoError(doing, path.native(), error).message(),
      "");
}

void Findings::Itself(const Place& place) {
  struct stat status {};
  if (::lstat(place.path.c_str(), &status) != 0) {
    if (errno != ENOENT) {
      Unseen(place.path, place.weight, "look at", errno);
    }
    return;
  }
  if (!IsTrusted(status.st_uid)) {
    Owner(place, status.st_uid);
  }
  if (GroupMayWrite(status) || AnybodyMayWrite(status)) {
    Writable(place, status.st_mode, GroupMayWrite(status) ? "go" : "o");
  }
}

bool Findings::Above(const Place& place) {
  struct stat status {};
  if (::stat(place.path.c_str(), &status) != 0) {
    Unseen(place.path, place.weight, "look at", errno);
    return false;
  }
  if ((status.st_mode & S_ISVTX) != 0 && IsTrusted(status.st_uid)) {
    return true;
  }
  if (AnybodyMayWrite(status)) {
    Writable(place, status.st_mode, "o");
    return false;
  }
  Place above = place;
  above.weight = Weight::kWarning;
  if (!IsTrusted(status.st_uid)) {
    Owner(above, status.st_uid);
  } else if (GroupMayWrite(status)) {
    Writable(above, status.st_mode, "g");
  } else {
    return true;
  }
  return false;
}

fs::path Findings::Walk(const fs::path& path, const std::string& kept, Weight weight) {
  std::vector<fs::path> rest;  // the last one is next
  const auto go_on_by = [&rest](const fs::path& more) {
    const std::vector<fs::path> names(more.begin(), more.end());
    rest.insert(rest.end(), names.rbegin(), names.rend());
  };
  fs::path at = "/";
  int links = 0;
  for (go_on_by(path); !rest.empty();) {
    const fs::path name = rest.back();
    rest.pop_back();
    if (name.empty() || name == ".") {
      continue;
    }
    if (!sound_.contains(at) && Above({.path = at, .kept = kept, .weight = weight})) {
      sound_.insert(at);
    }
    const fs::path next = name == ".." ? at.parent_path() : at / name;
    if (sound_.contains(next)) {
      at = next;
      continue;
    }
    struct stat status {};
    if (::lstat(next.c_str(), &status) != 0) {
      if (errno != ENOENT) {
        Unseen(next, weight, "look at", errno);
      }
      return {};
    }
    if (!S_ISLNK(status.st_mode)) {
      at = next;
      continue;
    }
    std::error_code error;
    const fs::path target = fs::read_symlink(next, error);
    if (error || ++links > kMostLinks) {
      Unseen(next, weight, "follow", error ? error.value() : ELOOP);
      return {};
    }
    if (target.is_absolute()) {
      at = "/";
    }
    go_on_by(target.relative_path());
  }
  return at;
}

void Findings::Own(const fs::path& own, Mend mend) {
  const std::string kept = "the agent keeps in " + own.native();
  const fs::path real = Walk(own, kept, Weight::kProblem);
  if (!real.empty()) {
    Itself({.path = real, .kept = kept, .mend = mend == Mend::kItself ? nullptr : ChownAll(real)});
  }
}

void Findings::Trusted(const fs::path& trusted) {
  const std::string kept = "the agent reads from " + trusted.native();
  const fs::path real = Walk(trusted, kept, Weight::kWarning);
  if (!real.empty()) {
    Itself({.path = real, .kept = kept, .weight = Weight::kWarning});
  }
}

std::vector<fs::path> Findings::DirectoriesIn(const fs::path& directory) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    std::error_code ignored;
    if (!entry->path().filename().native().starts_with('.') &&
        fs::is_directory(entry->symlink_status(ignored))) {
      found.push_back(entry->path());
    }
  }
  if (error) {
    Unseen(directory, Weight::kProblem, "list", error.value());
  }
  std::sort(found.begin(), found.end());
  return found;
}

void Findings::Releases(const fs::path& releases) {
  const std::string kept = "the agent keeps in " + releases.native();
  const fs::path real = Walk(releases, kept, Weight::kProblem);
  if (real.empty()) {
    return;
  }
  Place place{.path = real, .kept = kept, .mend = ChownAll(real)};
  Itself(place);
  for (fs::path& release : DirectoriesIn(real)) {
    place.path = std::move(release);
    Itself(place);
  }
}

// Not what ZooKeeper's user owns with right: the configurations, and how an adopted server is
// started.
void Findings::Generations(const fs::path& generations) {
  const std::string kept = "the agent keeps in " + generations.native();
  const fs::path real = Walk(generations, kept, Weight::kProblem);
  if (real.empty()) {
    return;
  }
  Place place{.path = real, .kept = kept, .mend = [user = user_, real] {
                return "find " + base::ShellWord(real.native()) +
                       " -maxdepth 2 ! -type l ! -name conf ! -name start -exec chown " +
                       NameOfUser(user) + " {} +";
              }};
  Itself(place);
  for (const fs::path& generation : DirectoriesIn(real)) {
    for (const fs::path& path : {generation, generation / kGenerationFile, generation / "ran"}) {
      place.path = path;
      Itself(place);
    }
  }
}

OwnDirectories Findings::Done(const fs::path& state) && {
  OwnDirectories found{.sound = base::Ok(), .warnings = std::move(warnings_)};
  if (problems_.empty()) {
    return found;
  }
  const std::size_t more = problems_.size() - std::min(problems_.size(), kMostTold);
  problems_.resize(problems_.size() - more);
  std::string message = base::Join(problems_, "; ");
  if (more > 0) {
    message += "; and " + std::to_string(more) + " more";
  }
  struct stat status {};
  if (user_ == 0 && ::stat(state.c_str(), &status) == 0 && status.st_uid != 0) {
    message += "; where the agent is to serve as " + NameOfUser(status.st_uid) +
               ", start it as that user, else";
  } else if (!commands_.empty()) {
    message += ";";
  }
  if (!commands_.empty()) {
    message += " look who has written there, and type: " + base::Join(commands_, " && ");
  }
  found.sound = base::Fail(ErrorCode::kFailedPrecondition, reason_, message);
  return found;
}

}  // namespace

OwnDirectories LookAtOwnDirectories(const config::AgentConfig& config, uid_t user, LookAlso also) {
  const fs::path state = config.state_directory;
  const fs::path key = config.pki.key;
  Findings findings(user);
  findings.Own(state, Findings::Mend::kWithAllInIt);
  findings.Own(state / "uploads");
  findings.Releases(config.instance.releases);
  findings.Generations(config.instance.generations);
  for (const fs::path& own :
       {fs::path(config.pki.certificate).parent_path(), key.parent_path(), key}) {
    if (!own.empty()) {
      findings.Own(own);
    }
  }
  std::vector<std::string> trusted;
  if (also != LookAlso::kNothing) {
    trusted = {config.pki.ca, config.pki.crl, config.signatures.keyring};
  }
  if (also == LookAlso::kAtAllThatIsTrusted) {
    trusted.insert(
        trusted.end(), config.archive_directories.begin(), config.archive_directories.end());
  }
  for (const std::string& path : trusted) {
    if (!path.empty()) {
      findings.Trusted(path);
    }
  }
  return std::move(findings).Done(state);
}

base::Status CheckOwnDirectories(const config::AgentConfig& config) {
  const OwnDirectories found = LookAtOwnDirectories(config, ::geteuid(), LookAlso::kAtTrustedFiles);
  for (const std::string& warning : found.warnings) {
    base::LogWarn(warning);
  }
  return found.sound;
}

}  // namespace zoowarden::agent
