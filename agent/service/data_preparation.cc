#include "agent/service/data_preparation.h"

#include "sys/beneath.h"
#include "sys/files.h"
#include "sys/temporaries.h"

#include <filesystem>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;

constexpr const char* kVersion2 = "version-2";
constexpr const char* kMyId = "myid";

// The directory belongs to the user who runs ZooKeeper, who may be less trusted than the agent.
base::Status Prepare(const fs::path& directory, const std::optional<Generations::Owner>& owner) {
  ZW_TRY(sys::EnsureDirectory(directory, 0750));
  ZW_ASSIGN(const auto data, sys::Beneath::Open(directory));
  const std::string unfinished = kVersion2 + std::string(sys::kTemporaryMark);
  ZW_TRY(sys::RemoveLeftovers(data, {unfinished}));
  ZW_TRY(data.MakeDirectory(kVersion2, 0750));
  ZW_TRY(data.Sync());
  if (!owner) {
    return base::Ok();
  }
  ZW_TRY(data.Give(".", owner->user, owner->group));
  return data.Give(kVersion2, owner->user, owner->group);
}

}  // namespace

base::Status PrepareDataDirectories(const Instance& instance) {
  const config::InstanceConfig& layout = instance.config().instance;
  for (const std::string& directory : {layout.data_directory, layout.data_log_directory}) {
    ZW_TRY(Prepare(directory, instance.owner()));
  }
  ZW_ASSIGN(const auto data, sys::Beneath::Open(layout.data_directory));
  const std::string unfinished = kMyId + std::string(sys::kTemporaryMark);
  ZW_TRY(sys::RemoveLeftovers(data, {unfinished}));
  base::Status written = data.Write(
      kMyId, model::ToString(instance.config().server) + "\n", 0644, sys::IfPresent::kRefuse);
  // An earlier call's; before the start it is compared with this server's id.
  if (!written && !written.error().Is(ErrorCode::kAlreadyExists)) {
    return written;
  }
  const auto& owner = instance.owner();
  return owner ? data.Give(kMyId, owner->user, owner->group) : base::Ok();
}

}  // namespace zoowarden::agent
