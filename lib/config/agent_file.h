// agent.yaml: what one agent is and which instance it looks after. Everything that may be touched
// on this machine is declared here, so that a call from a controller never carries a path.
//
// All paths are absolute: an agent is started by an init system whose directory is nobody's choice.
#pragma once

#include "base/error.h"
#include "model/ids.h"
#include "model/version.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zoowarden::config {

struct PkiFiles {
  std::string ca;
  std::string certificate;
  std::string key;
  std::string crl;  // the revocation list; empty = none is looked at
};

struct InstanceConfig {
  std::string releases;     // unpacked releases, one directory each
  std::string generations;  // generations/<digest> and the link "current"
  std::string data_directory;
  std::string data_log_directory;  // = data_directory when the file names none
  std::string log_directory;
  std::string manager = "zkserver";  // or systemd, sysv: who starts and stops ZooKeeper
  std::string unit;                  // of systemd and sysv, else empty; has a default
  std::string init_script;           // of sysv, else empty
  std::string pid_file;              // of sysv, else empty
  std::string java_home;             // empty = what zkServer.sh finds
  std::string user;                  // empty = the agent's own user
};

struct SignaturePolicy {
  bool required = false;
  std::string keyring;
  std::vector<std::string> fingerprints;  // upper-case hexadecimal, 40 or 64 digits
};

// Floor and deny list bind the way forward only: a generation that ran here may be returned to.
struct ReleasePolicy {
  std::optional<model::Version> floor;  // nothing older is installed
  std::vector<model::Version> deny;
  std::size_t keep = 3;                                     // releases, when a run is closed
  std::uint64_t most_upload_bytes = 1024ULL * 1024 * 1024;  // archives on disk, all together
};

// Records of runs. What is open stays whatever this says, and so do the newest ten.
struct RecordPolicy {
  std::size_t keep = 100;
  std::chrono::hours keep_for{24 * 180};  // before the newest one
};

// Mirrors that archives may be fetched from over https; nothing else is ever fetched.
struct DownloadConfig {
  std::vector<std::string> from;  // prefixes ending with '/', "{version}" stands for the release's
  std::string ca;                 // trusted instead of the system's; empty = the system's
  std::uint64_t most_bytes = 1024ULL * 1024 * 1024;
  std::chrono::milliseconds stall{30'000};       // under 1 KiB/s for so long ends it
  std::chrono::milliseconds timeout{3'600'000};  // of one attempt
};

struct AgentConfig {
  std::string ensemble;
  model::ServerId server;
  std::string listen;  // HOST:PORT
  PkiFiles pki;
  std::string state_directory;
  InstanceConfig instance;
  std::vector<std::string> archive_directories;
  SignaturePolicy signatures;
  ReleasePolicy releases;
  DownloadConfig download;
  RecordPolicy records;
  std::chrono::milliseconds lease_lapse{15'000};
};

// Before a server is enrolled its certificate files are not there yet.
enum class PkiFilesMust { kBeReadable, kBeNamed };

// Errors: "file:line:column: ..." with a reason "config.*" (kInvalidArgument). Also refused: key
// and certificate files that cannot be read, a private key that others may read, own directories
// inside the data directories.
[[nodiscard]] base::Result<AgentConfig> LoadAgentFile(
    const std::string& path, PkiFilesMust must = PkiFilesMust::kBeReadable);
// The same from text; still looks at the files it names.
[[nodiscard]] base::Result<AgentConfig> ParseAgent(std::string_view text,
                                                   const std::string& path,
                                                   PkiFilesMust must = PkiFilesMust::kBeReadable);

}  // namespace zoowarden::config
