#include "controller/cli/connection.h"

#include "controller/cli/desired.h"

namespace zoowarden::controller {

base::Result<Connected> Connect(Context& context, const model::EnsembleSpec& spec) {
  ZW_ASSIGN(auto pki, context.PkiDirectory());
  return context.world().connect({.spec = spec, .pki = std::move(pki), .crl = context.CrlFile()});
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
  if (auto connected = Connect(context, loaded.spec)) {
    records.agents = std::move(connected->agents);
  } else {
    context.Warn("only this machine's records are shown: " + connected.error().message());
  }
  return records;
}

}  // namespace zoowarden::controller
