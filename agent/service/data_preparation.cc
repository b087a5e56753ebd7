#include "agent/service/data_preparation.h"

#include "sys/errno_error.h"
#include "sys/files.h"
#include "sys/temporaries.h"

#include <unistd.h>

#include <cerrno>
#include <filesystem>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::Fail;

constexpr const char* kMyId = "myid";

base::Status Give(const fs::path& path, const std::optional<Generations::Owner>& owner) {
  if (owner && lchown(path.c_str(), owner->user, owner->group) != 0) {
    return Fail(sys::ErrnoError("change the owner of", path.string(), errno));
  }
  return base::Ok();
}

}  // namespace

base::Status PrepareDataDirectories(const Instance& instance) {
  const config::InstanceConfig& layout = instance.config().instance;
  for (const std::string& directory : {layout.data_directory, layout.data_log_directory}) {
    ZW_TRY(sys::EnsureDirectory(fs::path(directory) / "version-2", 0750));
    ZW_TRY(Give(directory, instance.owner()));
    ZW_TRY(Give(fs::path(directory) / "version-2", instance.owner()));
  }
  const std::string unfinished = kMyId + std::string(sys::kTemporaryMark);
  ZW_TRY(sys::RemoveLeftovers(layout.data_directory, {unfinished}));
  const fs::path myid = fs::path(layout.data_directory) / kMyId;
  base::Status written = sys::WriteFileAtomically(
      myid, model::ToString(instance.config().server) + "\n", 0644, sys::IfPresent::kRefuse);
  // An earlier call's; before the start it is compared with this server's id.
  if (!written && !written.error().Is(ErrorCode::kAlreadyExists)) {
    return written;
  }
  return Give(myid, instance.owner());
}

}  // namespace zoowarden::agent
