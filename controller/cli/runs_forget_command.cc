#include "base/counted.h"
#include "controller/cli/commands.h"
#include "controller/cli/desired.h"
#include "controller/cli/pki_options.h"
#include "controller/cli/run_records.h"

#include <memory>

namespace zoowarden::controller {

namespace {

using journal::RunRetention;

constexpr std::uint64_t kMostRecords = 10'000;
constexpr std::uint64_t kMostDays = 3'650;

struct ForgetOptions {
  std::string keep = "100";
  std::string keep_days = "180";
};

struct Old {
  std::filesystem::path path;
  std::vector<std::string> ids;
  std::size_t all = 0;
};

base::Result<RunRetention> RetentionOf(const ForgetOptions& options) {
  ZW_ASSIGN(const auto most, NumberOption("--keep", options.keep, kMostRecords));
  if (most < RunRetention::kLeast) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "usage.bad_value",
                      "--keep cannot be " + options.keep + ": " +
                          std::to_string(RunRetention::kLeast) + " stay at the least");
  }
  ZW_ASSIGN(const auto days, NumberOption("--keep-days", options.keep_days, kMostDays));
  return RunRetention{.most = most, .age = std::chrono::hours(24 * days)};
}

// Beside a controller that writes there: nothing that is open is among them.
base::Result<Old> FindOld(Context& context, const ForgetOptions& options) {
  ZW_ASSIGN(const auto keep, RetentionOf(options));
  ZW_ASSIGN(const auto loaded, LoadEnsemble(context));
  ZW_ASSIGN(const auto directory, context.StateDirectory(loaded.spec.name));
  Old old{.path = RecordsPath(directory)};
  const auto store = journal::OpenRunStore(old.path, journal::Access::kRead);
  if (!store) {
    return store.error().Is(base::ErrorCode::kNotFound) ? base::Result<Old>(old)
                                                        : base::Fail(store.error());
  }
  ZW_ASSIGN(const auto all, (*store)->List());
  ZW_ASSIGN(old.ids, (*store)->ListOld(keep));
  old.all = all.size();
  return old;
}

base::Status ForgetThem(const Old& old) {
  ZW_ASSIGN(const auto store, journal::OpenRunStore(old.path, journal::Access::kOwn));
  return store->Forget(old.ids);
}

ExitCode Forget(Context& context, const ForgetOptions& options) {
  const auto old = FindOld(context, options);
  if (!old) {
    return context.Fail(old.error());
  }
  const auto count = std::to_string(old->ids.size()) + " of " + base::Counted(old->all, "record");
  if (!old->ids.empty()) {
    const auto sure = context.Confirm("forget " + count + " on this machine, from " +
                                      old->ids.back() + " to " + old->ids.front() + "?");
    if (!sure) {
      return context.Fail(sure.error());
    }
    if (!*sure) {
      return ExitCode::kError;
    }
    if (const auto forgotten = ForgetThem(*old); !forgotten) {
      return context.Fail(forgotten.error());
    }
  }
  Document ids{Document::List()};
  for (const auto& id : old->ids) {
    ids.Add(id);
  }
  context.Print(Document::Map({{"schema_version", 1},
                               {"forgotten", std::move(ids)},
                               {"kept", old->all - old->ids.size()}}),
                "forgot " + count + "\n");
  return ExitCode::kOk;
}

}  // namespace

Command RunsForgetCommand() {
  auto options = std::make_shared<ForgetOptions>();
  return {
      .name = "runs forget",
      .summary = "remove old records of runs from this machine",
      .examples = {{"zoowarden runs forget",
                    "what is beyond the newest 100, or 180 days older than they"},
                   {"zoowarden runs forget --keep 20 --keep-days 30 --yes", "from cron"}},
      .details =
          "The ten newest stay, and what is open, halted or stuck until a later run has brought "
          "the whole ensemble in order. Ages count from the time that half of the ten newest have "
          "reached, so that one wrong clock forgets nothing. The agents keep copies by rules of "
          "their own (records: in agent.yaml). That a plan was carried out, or a desired state "
          "rolled back, is known as long as a record says so.",
      .options = {{.name = "--keep",
                   .value_name = "N",
                   .help = "this many at the most (100)",
                   .target = &options->keep},
                  {.name = "--keep-days",
                   .value_name = "N",
                   .help = "none older than this many days, counted as said above (180)",
                   .target = &options->keep_days}},
      .run = [options](Context& context) { return Forget(context, *options); }};
}

}  // namespace zoowarden::controller
