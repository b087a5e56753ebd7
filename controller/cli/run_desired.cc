#include "controller/cli/run_desired.h"

#include "base/text.h"
#include "controller/cli/ensemble_writer.h"
#include "controller/run/desired_values.h"

#include <fmt/format.h>

#include <set>

namespace zoowarden::controller {

namespace {

std::string Shown(const core::DesiredValues& values, const std::string& key) {
  const auto found = values.find(key);
  return found == values.end() ? "not set" : "'" + found->second + "'";
}

}  // namespace

std::vector<std::string> DifferencesFrom(const RunFile& run, const config::LoadedEnsemble& file) {
  const auto wanted = WithApproval(DesiredValues(run.spec), run.approval_required);
  const auto here = WithApproval(DesiredValues(file.spec), file.approval_required);
  std::set<std::string> keys;
  for (const auto* values : {&wanted, &here}) {
    for (const auto& entry : *values) {
      keys.insert(entry.first);
    }
  }
  std::vector<std::string> differences;
  for (const auto& key : keys) {
    const auto in_run = Shown(wanted, key);
    const auto in_file = Shown(here, key);
    if (in_run != in_file) {
      differences.push_back(
          fmt::format("{} is {} in the run and {} in {}", key, in_run, in_file, file.path));
    }
  }
  return differences;
}

void TellDesired(Context& context, const KnownRun& run, const config::LoadedEnsemble& here) {
  const auto differences = DifferencesFrom(run.file, here);
  context.Say("run " + run.record.run_id +
              (differences.empty()
                   ? " leads to what " + here.path + " says"
                   : " leads to another desired state than " + here.path + " says:"));
  for (const auto& difference : differences) {
    context.Say("  " + base::Printable(difference, 1'000));
  }
}

base::Status WriteDesired(Context& context, const KnownRun& run, const std::string& write_to) {
  ZW_TRY(WriteEnsemble(run.file, write_to));
  context.Say("the desired state of the run is in " + write_to);
  return base::Ok();
}

}  // namespace zoowarden::controller
