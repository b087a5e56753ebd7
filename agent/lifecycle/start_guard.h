// The last look before a start: whether this server may be started on the data that is there, with
// the release that was unpacked, byte by byte.
//
// A member that lost its data, or finds older data than it has acknowledged, is worse than one that
// is down: it votes with amnesia. Reads only; blocks on the disk.
#pragma once

#include "agent/install/generations.h"
#include "agent/lifecycle/file_system.h"
#include "base/error.h"
#include "model/ids.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace zoowarden::agent {

struct StartInputsOnDisk {
  std::filesystem::path data_directory;
  std::filesystem::path data_log_directory;
  StoredGeneration generation;
  FileSystem file_system;  // of the data directory now
  std::string boot_id;     // of now; empty = not known
};

// What this agent remembers of the time when its member was proved.
struct ProvedBefore {
  model::Zxid canary;      // highest one that was durable here
  FileSystem file_system;  // of the data directory then
  std::string boot_id;     // of then: another boot numbers devices anew; empty = not known
};

// Errors, all kFailedPrecondition: `start.no_data_directory`, `start.myid`, `start.other_device`,
// `start.data_missing`, `start.data_older`, `config.standalone`, `config.invalid`; and those of
// VerifyInstalled (installed_releases.h), which reads the whole release: tens of milliseconds.
// The device counts within one known boot only, and the name of the file system across boots; where
// there is neither, the zxid alone tells the right data.
// `proved` empty: the member was never proved by this agent, so only myid and configuration count.
[[nodiscard]] base::Status CheckStart(const StartInputsOnDisk& inputs,
                                      const std::optional<ProvedBefore>& proved);

}  // namespace zoowarden::agent
