// Generation 0: what ran before Zoowarden came, described and never touched.
#include "agent/install/generations.h"
#include "agent/lifecycle/launcher/start_file.h"
#include "config/digests.h"
#include "sys/errno_error.h"
#include "sys/files.h"

#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace zoowarden::agent {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::Fail;
using base::Result;

namespace {

constexpr std::string_view kAdoptPrefix = ".new-";

base::Status Describe(const fs::path& stage,
                      const AdoptRequest& request,
                      const std::optional<Generations::Owner>& owner) {
  if (request.start) {
    const fs::path start = stage / kStartFile;
    ZW_TRY(sys::WriteFileAtomically(start, *request.start, 0600));
    if (owner && ::lchown(start.c_str(), owner->user, owner->group) != 0) {
      return Fail(sys::ErrnoError("change the owner of", start.native(), errno));
    }
  }
  ZW_TRY(sys::WriteFileAtomically(
      stage / "generation.json", PrintGenerationRecord(request.record), 0644));
  std::error_code error;
  fs::permissions(stage, fs::perms(0755), error);
  if (error) {
    return Fail(sys::ErrnoError("set the mode of", stage.native(), error.value()));
  }
  return sys::SyncDirectory(stage);
}

}  // namespace

Result<model::Generation> Generations::Adopt(AdoptRequest request) {
  auto& generation = request.record.generation;
  generation.digest = config::GenerationDigest(
      generation.version, generation.release_sha512, generation.configuration_digest);
  ZW_ASSIGN(const auto current, Current());
  if (current && !current->foreign) {
    return Fail(ErrorCode::kFailedPrecondition,
                "adopt.not_first",
                "generation " + current->generation.digest +
                    " is this server's already, and Zoowarden made it; there is nothing to adopt");
  }
  ZW_ASSIGN(auto stage, sys::TempDir::Create(directory_, kAdoptPrefix));
  ZW_TRY(Describe(stage.path(), request, owner_));
  ZW_TRY(Place(stage.path(), generation.digest));
  static_cast<void>(stage.Release());
  ZW_TRY(SwitchTo(generation.digest));
  // An earlier description, of before somebody changed what it described.
  if (current && current->generation.digest != generation.digest) {
    ZW_TRY(sys::RemoveTree(directory_ / current->generation.digest));
  }
  return generation;
}

std::optional<StoredGeneration> Generations::Adopted() const {
  std::error_code error;
  for (fs::directory_iterator entry(directory_, error), end; !error && entry != end;
       entry.increment(error)) {
    auto found = Find(entry->path().filename().native());
    if (found && found->foreign) {
      return *std::move(found);
    }
  }
  return std::nullopt;
}

}  // namespace zoowarden::agent
