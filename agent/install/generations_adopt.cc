// Generation 0: what ran before Zoowarden came, described and never touched.
#include "agent/install/generations.h"
#include "agent/lifecycle/launcher/start_file.h"
#include "config/digests.h"
#include "sys/errno_error.h"
#include "sys/files.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

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
  ZW_TRY(CheckNothingOfOurs());
  ZW_ASSIGN(auto stage, sys::TempDir::Create(directory_, kAdoptPrefix));
  ZW_TRY(Describe(stage.path(), request, owner_));
  ZW_TRY(Place(stage.path(), generation.digest));
  static_cast<void>(stage.Release());
  ZW_TRY(SwitchTo(generation.digest));
  ZW_TRY(RemoveOtherAdopted(generation.digest));
  return generation;
}

// By its record: the files of an earlier description may be gone by now, which is why there is a
// new one.
base::Status Generations::CheckNothingOfOurs() const {
  ZW_ASSIGN(const std::string current, CurrentDigest());
  if (current.empty()) {
    return base::Ok();
  }
  ZW_ASSIGN(const GenerationRecord record, ReadRecord(current));
  if (!record.foreign) {
    return Fail(ErrorCode::kFailedPrecondition,
                "adopt.not_first",
                "generation " + current +
                    " is this server's already, and Zoowarden made it; there is nothing to adopt");
  }
  return base::Ok();
}

Result<std::vector<std::string>> Generations::AdoptedDigests() const {
  std::vector<std::string> digests;
  std::error_code error;
  for (fs::directory_iterator entry(directory_, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string digest = entry->path().filename();
    if (const auto record = ReadRecord(digest); record && record->foreign) {
      digests.push_back(digest);
    }
  }
  if (error) {
    return Fail(sys::ErrnoError("list", directory_.native(), error.value()));
  }
  return digests;
}

// Earlier descriptions, of before somebody changed what they described.
base::Status Generations::RemoveOtherAdopted(const std::string& digest) {
  ZW_ASSIGN(const auto adopted, AdoptedDigests());
  for (const std::string& other : adopted) {
    if (other != digest) {
      ZW_TRY(Remove(other));
    }
  }
  return base::Ok();
}

std::optional<StoredGeneration> Generations::Adopted() const {
  auto digests = AdoptedDigests().value_or(std::vector<std::string>());
  const std::string current = CurrentDigest().value_or("");
  const auto rank = [&](const std::string& digest) {
    return std::pair(digest == current, LastRan(digest));
  };
  const auto newest =
      std::max_element(digests.begin(), digests.end(), [&](const auto& a, const auto& b) {
        return rank(a) < rank(b);
      });
  auto found = newest == digests.end() ? base::Fail(ErrorCode::kNotFound, "") : Find(*newest);
  return found ? std::optional(*std::move(found)) : std::nullopt;
}

}  // namespace zoowarden::agent
