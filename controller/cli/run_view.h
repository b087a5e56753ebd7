// How runs are shown. Pure; everything comes from the record.
#pragma once

#include "controller/cli/document.h"
#include "controller/cli/run_records.h"

#include <string>

namespace zoowarden::controller {

// "open", or the outcome's name: what a list shows.
[[nodiscard]] std::string RunStateText(const KnownRun& run);

[[nodiscard]] Document RunSummaryDocument(const KnownRun& run);
// "open run 2026...: upgrade to 3.9.4, rolling; `zoowarden resume` continues it"
[[nodiscard]] std::string RunSummaryLine(const KnownRun& run, bool going_on);
[[nodiscard]] std::string RunTable(const std::vector<KnownRun>& runs);

// As an element of RunDocument's `events`.
[[nodiscard]] Document EventDocument(const RunEvent& event);
// With servers and events.
[[nodiscard]] Document RunDocument(const KnownRun& run);
[[nodiscard]] std::string RunText(const KnownRun& run, bool with_evidence);

}  // namespace zoowarden::controller
