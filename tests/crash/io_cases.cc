#include "tests/crash/io_cases.h"

#include <array>
#include <cerrno>

namespace zoowarden::crash {
namespace {

constexpr std::array kOfCalls = {EIO, ENOSPC, EINTR};
constexpr std::array kOfWrites = {EIO, ENOSPC, EINTR, kShortWrite};

std::string ErrorName(int error) {
  switch (error) {
    case EIO:
      return "EIO";
    case ENOSPC:
      return "ENOSPC";
    case EINTR:
      return "EINTR";
    default:
      return "short";
  }
}

}  // namespace

std::string NameOf(Scene scene) {
  constexpr std::array<const char*, kScenes.size()> kNames = {
      "install", "upload", "switch", "rollback", "first"};
  return kNames.at(static_cast<std::size_t>(scene));
}

Case WayOf(Scene scene) {
  return {model::OperationState::kStaged,
          Fault::kKilledBefore,
          scene == Scene::kRollback ? Direction::kRollback : Direction::kForward,
          scene == Scene::kFirst ? Kind::kFirstInstallation : Kind::kUpgrade};
}

std::string IoCase::Name() const {
  return NameOf(scene) + "/" + kind + "/" + std::to_string(k) + "/" + ErrorName(error);
}

std::span<const int> ErrorsOf(const std::string& kind) {
  return kind == "write" ? std::span<const int>(kOfWrites) : std::span<const int>(kOfCalls);
}

std::vector<IoCase> CasesOf(Scene scene, const std::map<std::string, Range>& calls, bool all) {
  std::vector<IoCase> cases;
  for (const auto& [kind, range] : calls) {
    const auto errors = ErrorsOf(kind);
    const bool each = all || kind == "sync" || kind == "rename";
    for (int k = range.after + 1; k <= range.last; ++k) {
      for (std::size_t i = 0; i < errors.size(); ++i) {
        if (each || static_cast<std::size_t>(k) % errors.size() == i) {
          cases.push_back({scene, kind, k, errors[i]});
        }
      }
    }
  }
  return cases;
}

}  // namespace zoowarden::crash
