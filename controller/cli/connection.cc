#include "controller/cli/connection.h"

#include "controller/cli/desired.h"

namespace zoowarden::controller {

base::Result<Connected> Connect(Context& context, const config::LoadedEnsemble& file) {
  ZW_ASSIGN(const auto pki, context.PkiDirectory());
  ZW_ASSIGN(auto connected,
            context.world().connect({.spec = file.spec, .pki = pki, .crl = context.CrlFile()}));
  ZW_TRY(CheckEnsemble(file, connected.ensemble, pki));
  return connected;
}

base::Status CheckEnsemble(const config::LoadedEnsemble& file,
                           const std::string& own,
                           const std::filesystem::path& pki) {
  if (own == file.spec.name) {
    return base::Ok();
  }
  return base::Fail(base::ErrorCode::kInvalidArgument,
                    "config.other_ensemble",
                    file.name_at + ": ensemble is '" + file.spec.name +
                        "', but the certificate in " + pki.native() + " is of ensemble '" + own +
                        "'; mend the name, or name that ensemble's certificate with --pki");
}

base::Result<std::unique_ptr<RunJournal>> OpenJournalToRead(Context& context,
                                                            const std::string& ensemble) {
  ZW_ASSIGN(const auto directory, context.StateDirectory(ensemble));
  return StoredRunJournal::OpenToRead(directory);
}

base::Result<std::unique_ptr<RunJournal>> OpenJournalToWrite(Context& context,
                                                             const std::string& ensemble) {
  ZW_ASSIGN(const auto directory, context.StateDirectory(ensemble));
  return StoredRunJournal::OpenToWrite(directory);
}

base::Result<Records> OpenRecords(Context& context) {
  ZW_ASSIGN(const auto loaded, LoadEnsemble(context));
  Records records;
  ZW_ASSIGN(records.journal, OpenJournalToRead(context, loaded.spec.name));
  if (auto connected = Connect(context, loaded)) {
    records.agents = std::move(connected->agents);
  } else {
    context.Warn("only this machine's records are shown: " + connected.error().message());
  }
  return records;
}

}  // namespace zoowarden::controller
