#include "agent/lifecycle/start_guard.h"

#include "agent/install/conf_files.h"
#include "agent/install/installed_releases.h"
#include "agent/render/start_check.h"
#include "base/text.h"
#include "sys/files.h"
#include "zk/durable_zxid.h"

namespace zoowarden::agent {
namespace {

using base::ErrorCode;
using base::Fail;

constexpr std::size_t kMaxMyId = 64;

base::Status CheckMyId(const StartInputsOnDisk& inputs) {
  const auto path = inputs.data_directory / "myid";
  const auto text = sys::ReadRegularFile(path, kMaxMyId);
  const auto number = text ? base::ParseUnsigned(base::Trim(*text)) : std::nullopt;
  if (!number || *number != inputs.generation.server.value) {
    return Fail(ErrorCode::kFailedPrecondition,
                "start.myid",
                path.string() +
                    (text ? " says '" + base::Printable(base::Trim(*text)) + "'"
                          : std::string(" cannot be read")) +
                    ", this server is " + model::ToString(inputs.generation.server) +
                    "; look whether the right disk is mounted");
  }
  return base::Ok();
}

bool IsOtherFileSystem(const StartInputsOnDisk& inputs, const ProvedBefore& proved) {
  const FileSystem& now = inputs.file_system;
  const FileSystem& then = proved.file_system;
  if (!now.name.empty() && now.name == then.name) {
    return false;  // whatever number it has by now
  }
  // btrfs, nfs, overlay and the device mapper may number the same file system anew at a boot.
  const bool same_boot = !inputs.boot_id.empty() && inputs.boot_id == proved.boot_id;
  return (same_boot && now.device != then.device) || AreOtherFileSystems(now.name, then.name);
}

base::Status CheckData(const StartInputsOnDisk& inputs, const ProvedBefore& proved) {
  if (IsOtherFileSystem(inputs, proved)) {
    return Fail(ErrorCode::kFailedPrecondition,
                "start.other_device",
                inputs.data_directory.string() +
                    " is on another file system than when this member last served; mount its disk, "
                    "or, when its data was moved there on purpose while it was stopped, start the "
                    "agent once with --accept-moved-data");
  }
  zk::DurableZxidReader reader(inputs.data_directory.string(), inputs.data_log_directory.string());
  const auto durable = reader.Read();
  if (!durable || !durable->found) {
    return Fail(ErrorCode::kFailedPrecondition,
                "start.data_missing",
                inputs.data_directory.string() +
                    " holds no readable transaction or snapshot, and this member has served" +
                    (durable ? "" : ": " + durable.error().message()) +
                    "; restore its data or replace the member");
  }
  if (durable->zxid < proved.canary) {
    return Fail(ErrorCode::kFailedPrecondition,
                "start.data_older",
                "the data of this member ends at " + durable->zxid.ToString() +
                    ", and it has acknowledged up to " + proved.canary.ToString() +
                    "; restore newer data or replace the member");
  }
  return base::Ok();
}

}  // namespace

base::Status CheckStart(const StartInputsOnDisk& inputs,
                        const std::optional<ProvedBefore>& proved) {
  ZW_TRY(CheckMyId(inputs));
  if (proved) {
    ZW_TRY(CheckData(inputs, *proved));
  }
  const StoredGeneration& generation = inputs.generation;
  if (!generation.foreign) {  // of what somebody else installed nobody knows how it should be
    ZW_TRY(VerifyInstalled(generation.release_directory,
                           generation.generation.version,
                           generation.generation.release_sha512));
  }
  ZW_ASSIGN(const ConfigurationFiles files, ReadZooCfgFilesOf(generation));
  return ValidateStart({.version = generation.generation.version,
                        .server = generation.server,
                        .declared_servers = generation.declared_servers},
                       files);
}

}  // namespace zoowarden::agent
