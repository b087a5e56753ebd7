// Generations: what runs on this server is one directory that binds a release and a configuration.
//
//   generations/<digest>/{release -> <release directory>, conf/..., generation.json, ran}
//   generations/current -> <digest>
//
// What ran before adoption (generation 0) is a directory without release and conf/: generation.json
// says where its files lie, which stay as they are, and `start` how its script was started.
//
// A generation appears complete or not at all: it is made beside its place, synced and renamed.
// `current` is switched by one rename, so a power cut can never pair an old release with a new
// configuration. ZooKeeper may rewrite zoo.cfg inside conf/ (reconfigEnabled=true moves the members
// and the client port into zoo.cfg.dynamic.<hex zxid>), which is why a generation is identified by
// generation.json and never by the bytes of its zoo.cfg.
//
// `current` and `release` are links that are read, never followed; below the directory no symbolic
// link is (sys/beneath.h), but for the files that an adopted generation describes.
//
// All functions block on the disk and look at it afresh. One thread at a time.
#pragma once

#include "agent/install/generation_record.h"
#include "agent/install/retention.h"
#include "base/error.h"
#include "model/ensemble.h"
#include "model/ids.h"
#include "model/observation.h"
#include "model/version.h"
#include "sys/beneath.h"
#include "sys/files.h"

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zoowarden::agent {

// File name inside conf/ → its bytes.
using ConfigurationFiles = std::map<std::string, std::string>;

struct GenerationRequest {
  model::Version version;
  std::string release_sha512;
  std::filesystem::path release_directory;  // absolute, what Releases::Unpack returned
  std::string configuration_digest;         // config::ConfigurationDigest
  model::ServerId server;
  std::uint32_t declared_servers = 0;  // in the ensemble: only a single one may run standalone
  model::Settings settings;            // kept for status, secrets masked
  ConfigurationFiles files;            // rendered, zoo.cfg among them
};

// What runs and was not installed by Zoowarden.
struct AdoptRequest {
  GenerationRecord record;           // foreign, without its digest
  std::optional<std::string> start;  // content of the file `start`, for the launcher kScript
};

struct StoredGeneration {
  model::Generation generation;
  model::ServerId server;
  std::uint32_t declared_servers = 0;
  model::Settings settings;  // secrets masked
  // Real paths: what the launcher executes with and /proc/PID/cmdline shows.
  std::filesystem::path release_directory;
  std::filesystem::path configuration_directory;
  std::optional<ForeignPaths> foreign;  // adopted: both directories are somebody else's
};

struct GenerationOfUnknownUse {
  std::string digest;
  base::Error why;
};

struct GenerationUses {
  std::vector<GenerationUse> known;
  // Each may be of any release: while there is one, no release is nobody's.
  std::vector<GenerationOfUnknownUse> unknown;
};

class Generations {
 public:
  // Who runs ZooKeeper: it must be able to rewrite its zoo.cfg. Only root can give files away.
  using Owner = sys::Owner;

  // Creates the directory when it is missing. `owner` empty = the agent's own user.
  [[nodiscard]] static base::Result<Generations> Open(const std::filesystem::path& directory,
                                                      std::optional<Owner> owner);

  // For a look from another process: makes, removes and gives away nothing.
  [[nodiscard]] static base::Result<Generations> ForReading(const std::filesystem::path& directory);

  // Idempotent. The current generation is returned as it is, whatever ZooKeeper has made of its
  // zoo.cfg. Another one is returned when it is exactly what the request renders, else replaced in
  // one step: it may hold a membership from the time when it ran.
  [[nodiscard]] base::Result<model::Generation> Make(const GenerationRequest& request);

  // Describes what runs as a generation, and makes it `current`. Repeatable: a new description
  // takes the place of an older one. Touches nothing of what it describes. kFailedPrecondition
  // `adopt.not_first` when a generation is current that Zoowarden made.
  [[nodiscard]] base::Result<model::Generation> Adopt(AdoptRequest request);

  // The one that was adopted, current or not; nullopt when there is none. Of two, as they are after
  // a kill inside Adopt, the current one, else the one that was described last.
  [[nodiscard]] std::optional<StoredGeneration> Adopted() const;

  // What `current` names; nullopt before the first installation.
  [[nodiscard]] base::Result<std::optional<StoredGeneration>> Current() const;

  // Errors: kNotFound `generation.unknown`, kDataLoss `generation.damaged`,
  // kFailedPrecondition `generation.unknown_format`.
  [[nodiscard]] base::Result<StoredGeneration> Find(std::string_view digest) const;

  // Complete and readable ones, sorted by digest.
  [[nodiscard]] base::Result<std::vector<model::Generation>> List() const;

  // All that bear a digest's name but the adopted one and what may be it, damaged ones too, sorted
  // by digest.
  [[nodiscard]] base::Result<GenerationUses> Uses() const;

  // Renamed aside at once, gone from the disk with what is returned; nothing when it was not there.
  // kFailedPrecondition `generation.current` for that one.
  [[nodiscard]] base::Result<std::optional<sys::TempDir>> Remove(std::string_view digest);

  // Idempotent. Empty removes `current`. Refuses a generation that Find refuses. Notes in the
  // generation that it ran.
  [[nodiscard]] base::Status SwitchTo(std::string_view digest);

  // When it became current for the last time, seconds since 1970 by the clock of then, later in any
  // case than all before; nullopt for one that was only staged. 0 where that is not known, as for
  // one that an older agent started.
  [[nodiscard]] std::optional<std::int64_t> LastRan(std::string_view digest) const;

  // The real path of its conf directory.
  [[nodiscard]] base::Result<std::filesystem::path> ConfigurationDirectory(
      std::string_view digest) const;

  // zoo.cfg and its dynamic files as they are on disk now, whoever wrote them last.
  [[nodiscard]] base::Result<ConfigurationFiles> ReadZooCfg(std::string_view digest) const;

  // ReadZooCfg(to) as CarryOverDynamicFile would leave it, for judging it (ValidateStart) while
  // nothing has been stopped yet. Changes nothing.
  [[nodiscard]] base::Result<ConfigurationFiles> PreviewCarryOver(std::string_view from_digest,
                                                                  std::string_view to_digest) const;

  // Brings the membership that the ensemble has committed along: call it with the member down,
  // before SwitchTo, forward and back. `from` is the generation that ran. Where it left a dynamic
  // file, `to` gets the newest one, or, when `to` is a 3.4 that ignores dynamic files (and would
  // start standalone), its server lines inside zoo.cfg. Nothing to carry over is success; an own
  // dynamic file of `to` that is as new stays. Where the membership of `from` cannot be read, `to`
  // keeps its own if carry_over.h lets it (with a warning in the log), else this is
  // `config.membership_unreadable`. Idempotent; `from` empty does nothing.
  [[nodiscard]] base::Status CarryOverDynamicFile(std::string_view from_digest,
                                                  std::string_view to_digest);

 private:
  Generations(std::filesystem::path directory, std::optional<Owner> owner)
      : directory_(std::move(directory)), owner_(owner) {}
  [[nodiscard]] base::Status Fill(const sys::Beneath& stage,
                                  const GenerationRequest& request,
                                  const std::string& digest) const;
  [[nodiscard]] base::Status Place(const std::string& stage, const std::string& digest) const;
  [[nodiscard]] base::Status NoteRun(const std::string& digest, std::int64_t when) const;
  [[nodiscard]] std::int64_t LaterThanAll(const sys::Beneath& root, std::int64_t now) const;
  [[nodiscard]] base::Result<std::string> CurrentDigest() const;  // empty = there is none
  [[nodiscard]] base::Result<std::filesystem::path> ReleaseOf(std::string_view digest) const;
  [[nodiscard]] base::Result<GenerationRecord> ReadRecord(std::string_view digest) const;
  // None of the adopted one.
  [[nodiscard]] base::Result<std::optional<GenerationUse>> UseOf(const std::string& digest) const;
  [[nodiscard]] base::Result<bool> MayBeAdopted(std::string_view digest) const;
  [[nodiscard]] base::Result<std::vector<std::string>> AdoptedDigests() const;
  [[nodiscard]] base::Status CheckNothingOfOurs() const;
  [[nodiscard]] base::Status RemoveOtherAdopted(const std::string& digest);
  [[nodiscard]] base::Status GiveToOwner(const sys::Beneath& generation) const;
  // Looked up afresh: whoever restores a server by hand may have exchanged it.
  [[nodiscard]] base::Result<sys::Beneath> Root() const { return sys::Beneath::Open(directory_); }

  std::filesystem::path directory_;  // real path
  std::optional<Owner> owner_;
};

}  // namespace zoowarden::agent
