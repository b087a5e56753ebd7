#include "base/text.h"
#include "controller/cli/commands.h"
#include "controller/cli/connection.h"
#include "controller/cli/event_tail.h"
#include "controller/cli/run_view.h"
#include "controller/cli/times.h"

#include <fmt/format.h>

#include <map>
#include <memory>
#include <ostream>
#include <set>
#include <utility>

namespace zoowarden::controller {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kBetweenLooks{1'000};
constexpr std::size_t kLongText = 8'000;

struct EventsOptions {
  std::optional<std::string> run_id;
  bool follow = false;
};

std::string Line(const std::string& run_id, const RunEvent& event) {
  return fmt::format("{}  {}  {:8}  {}: {}\n",
                     Timestamp(milliseconds(event.time_ms)),
                     base::Printable(run_id),
                     event.server.value == 0 ? "" : "server " + ToString(event.server),
                     base::Printable(event.kind),
                     base::Printable(event.text, kLongText));
}

// One line an event whatever the form, so that a reader can follow.
void Tell(Context& context, const KnownRun& run, const std::vector<RunEvent>& events) {
  for (const auto& event : events) {
    if (context.structured()) {
      auto document = Document::Map({{"schema_version", 1}, {"run", run.record.run_id}});
      const auto fields = EventDocument(event);
      for (const auto& [key, value] : std::get<Document::Fields>(fields.value())) {
        document.Set(key, value);
      }
      context.console().out << document.ToJsonLine();
    } else {
      context.console().out << Line(run.record.run_id, event);
    }
  }
  context.console().out << std::flush;
}

// Newest last. With events only where the record is newer than at the look before.
class Look {
 public:
  Look(RunJournal* journal, Agents* agents) : journal_(journal), agents_(agents) {}

  void TellNews(Context& context, const std::optional<std::string>& only) {
    auto known = CollectRuns(journal_, agents_);
    Warn(context, known.problems);
    for (auto run = known.runs.rbegin(); run != known.runs.rend(); ++run) {
      const auto& record = run->record;
      const std::pair position{record.epoch, record.sequence};
      if ((only && record.run_id != *only) || seen_[record.run_id] == position) {
        continue;
      }
      if (const auto whole = FindRun(journal_, agents_, record.run_id)) {
        seen_[record.run_id] = position;
        Tell(context, *whole, tail_.Take(*whole));
      }
    }
  }

 private:
  // Once while it lasts: what cannot be seen is not shown.
  void Warn(Context& context, const std::vector<RunsProblem>& problems) {
    std::set<std::pair<model::ServerId, std::string>> now;
    for (const auto& [server, text] : problems) {
      if (now.emplace(server, text).second && !warned_.contains({server, text})) {
        context.Warn("events may be missing: " + text);
      }
    }
    warned_ = std::move(now);
  }

  RunJournal* journal_;
  Agents* agents_;
  EventTail tail_;
  std::set<std::pair<model::ServerId, std::string>> warned_;
  std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> seen_;
};

ExitCode Events(Context& context, const EventsOptions& options) {
  const auto records = OpenRecords(context);
  if (!records) {
    return context.Fail(records.error());
  }
  auto* journal = records->journal.get();
  auto* agents = records->agents.get();
  if (options.run_id) {
    if (const auto run = FindRun(journal, agents, *options.run_id); !run) {
      return context.Fail(run.error());
    }
  }
  Look look(journal, agents);
  look.TellNews(context, options.run_id);
  // Until Ctrl-C, or until nobody reads any more.
  while (options.follow && context.console().out.good()) {
    context.world().clock.SleepFor(kBetweenLooks);
    look.TellNews(context, options.run_id);
  }
  return ExitCode::kOk;
}

}  // namespace

Command EventsCommand() {
  auto options = std::make_shared<EventsOptions>();
  return {
      .name = "events",
      .summary = "what happened in runs, a line each, oldest run first",
      .examples = {{"zoowarden events", "of all runs that are recorded"},
                   {"zoowarden events -f", "and go on until Ctrl-C"},
                   {"zoowarden events 20261122-140501-3f9a -o json", "of one run, for scripts"}},
      .details = "With -o json or yaml each line is a JSON object, as an event of `runs show`.",
      .options = {{.name = "ID",
                   .value_name = "ID",
                   .help = "of this run only",
                   .target = &options->run_id},
                  {.name = "-f,--follow",
                   .help = "go on with what happens from now",
                   .target = &options->follow}},
      .run = [options](Context& context) { return Events(context, *options); }};
}

}  // namespace zoowarden::controller
