// generation.json: what a generation says of itself. Format 1, and 2 for one that was adopted;
// documented in docs/formats.md.
#pragma once

#include "base/error.h"
#include "model/discovery.h"
#include "model/ensemble.h"
#include "model/ids.h"
#include "model/observation.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace zoowarden::agent {

// Its name in the generation.
inline constexpr std::string_view kGenerationFile = "generation.json";

// What ran before adoption, where it lies: nothing of it is Zoowarden's.
struct ForeignPaths {
  std::string configuration;  // zoo.cfg as an absolute path, spelled as on the command line
  std::string release_directory;
  std::string server_jar;  // on the class path, spelled as there
  model::ForeignLauncher launcher = model::ForeignLauncher::kUnknown;
  std::string unit;  // with launcher kUnit
  bool operator==(const ForeignPaths&) const = default;
};

struct GenerationRecord {
  model::Generation generation;
  model::ServerId server;
  std::uint32_t declared_servers = 0;
  model::Settings settings;             // secrets masked already
  std::optional<ForeignPaths> foreign;  // of an adopted generation
  bool operator==(const GenerationRecord&) const = default;
};

[[nodiscard]] std::string PrintGenerationRecord(const GenerationRecord& record);

// `digest` is the directory's name: a record that computes to another one is damaged. Errors:
// kDataLoss `generation.damaged`, kFailedPrecondition `generation.unknown_format`.
[[nodiscard]] base::Result<GenerationRecord> ParseGenerationRecord(std::string_view text,
                                                                   std::string_view digest);

}  // namespace zoowarden::agent
