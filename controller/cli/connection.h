// How commands reach the agents and the records.
#pragma once

#include "base/error.h"
#include "controller/cli/context.h"
#include "controller/cli/run_records.h"

#include <memory>
#include <string>

namespace zoowarden::controller {

[[nodiscard]] base::Result<Connected> Connect(Context& context, const config::LoadedEnsemble& file);

// Whether the certificate in the directory `pki`, of ensemble `own`, is of this one:
// kInvalidArgument `config.other_ensemble`. Asked before any agent is spoken to.
[[nodiscard]] base::Status CheckEnsemble(const config::LoadedEnsemble& file,
                                         const std::string& own,
                                         const std::filesystem::path& pki);

[[nodiscard]] base::Result<std::unique_ptr<RunJournal>> OpenJournalToRead(
    Context& context, const std::string& ensemble);
[[nodiscard]] base::Result<std::unique_ptr<RunJournal>> OpenJournalToWrite(
    Context& context, const std::string& ensemble);

struct Records {
  std::unique_ptr<RunJournal> journal;
  std::shared_ptr<Agents> agents;  // nullptr: no certificate here, the journal must do
};

// For looking at runs: what this machine knows, and the agents when they can be spoken to.
[[nodiscard]] base::Result<Records> OpenRecords(Context& context);

}  // namespace zoowarden::controller
