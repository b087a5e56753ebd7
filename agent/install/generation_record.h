// generation.json: what a generation says of itself. Format 1, documented in docs/formats.md.
#pragma once

#include "base/error.h"
#include "model/ensemble.h"
#include "model/ids.h"
#include "model/observation.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace zoowarden::agent {

struct GenerationRecord {
  model::Generation generation;
  model::ServerId server;
  std::uint32_t declared_servers = 0;
  model::Settings settings;  // secrets masked already
  bool operator==(const GenerationRecord&) const = default;
};

[[nodiscard]] std::string PrintGenerationRecord(const GenerationRecord& record);

// `digest` is the directory's name: a record that computes to another one is damaged. Errors:
// kDataLoss `generation.damaged`, kFailedPrecondition `generation.unknown_format`.
[[nodiscard]] base::Result<GenerationRecord> ParseGenerationRecord(std::string_view text,
                                                                   std::string_view digest);

}  // namespace zoowarden::agent
