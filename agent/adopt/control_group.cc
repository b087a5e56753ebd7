#include "agent/adopt/control_group.h"

#include "base/text.h"
#include "sys/files.h"

#include <algorithm>
#include <array>
#include <system_error>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxUnitBytes = 1024UL * 1024;
constexpr std::string_view kSourcePath = "SourcePath=";

// systemd.unit(5), "Unit File Load Path", those of the system's manager.
constexpr std::array kDirectories = {"etc/systemd/system.control",
                                     "run/systemd/system.control",
                                     "run/systemd/transient",
                                     "run/systemd/generator.early",
                                     "etc/systemd/system",
                                     "run/systemd/system",
                                     "run/systemd/generator",
                                     "usr/local/lib/systemd/system",
                                     "lib/systemd/system",
                                     "usr/lib/systemd/system",
                                     "run/systemd/generator.late"};

// "1:name=systemd:/system.slice/a.service" and "0::/system.slice/a.service" -> the path.
std::string_view PathOf(std::string_view line) {
  const auto parts = base::Split(line, ':');
  const bool of_systemd = parts.size() == 3 && (parts[1].empty() || parts[1] == "name=systemd");
  // "/../…" lies outside of this machine, as a container sees it: nothing of its own systemd.
  return of_systemd && !parts[2].starts_with("/..") ? parts[2] : std::string_view();
}

std::string SourceOf(const fs::path& file) {
  const auto text = sys::ReadFile(file, kMaxUnitBytes);
  if (!text) {
    return "";
  }
  for (const std::string_view line : base::Split(*text, '\n')) {
    if (line.starts_with(kSourcePath)) {
      return std::string(base::Trim(line.substr(kSourcePath.size())));
    }
  }
  return "";
}

}  // namespace

std::string ServiceOf(std::string_view cgroup) {
  for (const std::string_view line : base::Split(cgroup, '\n')) {
    for (const std::string_view part : base::Split(PathOf(line), '/')) {
      // A login's user@1000.service holds a manager of its own, whose services are not ours to see.
      if (part == "user.slice" || part.ends_with(".scope")) {
        break;
      }
      if (part.ends_with(".service")) {
        return std::string(part);
      }
    }
  }
  return "";
}

std::vector<std::string> UnitFiles(const fs::path& root, const std::string& unit) {
  std::vector<std::string> files;
  std::vector<std::string> drop_ins;
  std::string source;
  for (const char* const directory : kDirectories) {
    const fs::path file = root / directory / unit;
    std::error_code error;
    if (files.empty() && fs::exists(file, error)) {  // the first one hides the others
      files.push_back(file.string());
      source = SourceOf(file);
    }
    for (fs::directory_iterator entry(root / directory / (unit + ".d"), error), end;
         !error && entry != end;
         entry.increment(error)) {
      // /lib is /usr/lib on most machines: one file is told once.
      const bool known = std::any_of(drop_ins.begin(), drop_ins.end(), [&](const auto& other) {
        std::error_code ignored;
        return fs::equivalent(other, entry->path(), ignored);
      });
      if (!known && entry->path().extension() == ".conf") {
        drop_ins.push_back(entry->path().string());
      }
    }
  }
  std::sort(drop_ins.begin(), drop_ins.end());
  files.insert(files.end(), drop_ins.begin(), drop_ins.end());
  if (!source.empty()) {
    files.push_back(source);
  }
  return files;
}

}  // namespace zoowarden::agent
