// Generation 0: what ran before Zoowarden came, described and not touched but for the membership
// that a way back takes along.
#include "agent/install/generations.h"
#include "agent/lifecycle/launcher/start_file.h"
#include "config/digests.h"
#include "sys/files.h"

#include <algorithm>
#include <utility>

namespace zoowarden::agent {

using base::ErrorCode;
using base::Fail;
using base::Result;

namespace {

constexpr std::string_view kAdoptPrefix = ".new-";

base::Status Describe(const sys::Beneath& stage,
                      const AdoptRequest& request,
                      const std::optional<Generations::Owner>& owner) {
  if (request.start) {
    ZW_TRY(stage.Write(kStartFile, *request.start, 0600));
    if (owner) {
      ZW_TRY(stage.Give(kStartFile, owner->user, owner->group));
    }
  }
  ZW_TRY(stage.Write(kGenerationFile, PrintGenerationRecord(request.record), 0644));
  ZW_TRY(stage.SetMode(0755));
  return stage.Sync();
}

}  // namespace

Result<model::Generation> Generations::Adopt(AdoptRequest request) {
  auto& generation = request.record.generation;
  generation.digest = config::GenerationDigest(
      generation.version, generation.release_sha512, generation.configuration_digest);
  ZW_TRY(CheckNothingOfOurs());
  ZW_ASSIGN(auto stage, sys::TempDir::Create(directory_, kAdoptPrefix));
  const std::string staged = stage.path().filename();
  ZW_ASSIGN(const auto root, Root());
  ZW_ASSIGN(const auto inside, root.Directory(staged));
  ZW_TRY(Describe(inside, request, owner_));
  ZW_TRY(Place(staged, generation.digest));
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
  ZW_ASSIGN(const auto root, Root());
  ZW_ASSIGN(auto names, root.Names());
  std::erase_if(names, [this](const std::string& name) {
    const auto record = ReadRecord(name);
    return !record || !record->foreign;
  });
  return names;
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
