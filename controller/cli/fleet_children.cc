#include "controller/cli/fleet_children.h"

#include "base/text.h"
#include "controller/cli/connection.h"
#include "controller/cli/driving.h"
#include "controller/cli/last_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace zoowarden::controller {
namespace {

class DetachedCommand final : public EnsembleCommand {
 public:
  explicit DetachedCommand(Detached process) : process_(std::move(process)) {}
  bool Ended() override { return process_.ended(); }
  std::optional<int> ExitCode() override { return process_.exit_code(); }
  void Interrupt() override { process_.interrupt(); }
  [[nodiscard]] std::string Process() const override { return process_.process; }

 private:
  Detached process_;
};

// With it the process is found again while it has no run yet.
constexpr const char* kRunIdFlag = "--run-id";
// With it its run's record says whose command it is.
constexpr const char* kRolloutFlag = "--rollout";

// Since somebody began to carry it out last.
bool WasLeftOpen(const std::vector<RunEvent>& events) {
  const auto last = std::find_if(events.rbegin(), events.rend(), [](const RunEvent& event) {
    return event.kind == "run_started" || event.kind == "left_open";
  });
  return last != events.rend() && last->kind == "left_open";
}

// The certificate of who began to carry it out last. Empty where that was this rollout: the id is
// its own, so that the first to do so was its command.
std::string ByAnother(const RunRecord& record, const std::string& rollout) {
  const auto beginnings = std::count_if(record.events.begin(),
                                        record.events.end(),
                                        [](const auto& one) { return one.kind == "run_started"; });
  const auto who = LastControllerOf(record);
  const bool own = who.find(OfRollout(rollout) + ",") != std::string::npos;
  return beginnings < 2 || own ? "" : who.substr(0, who.find(' '));
}

bool IsHeld(Agents& agents, const std::string& run_id) {
  const auto leases = agents.GetLeases();
  return std::any_of(leases.begin(), leases.end(), [&](const auto& answer) {
    return answer.result && answer.result->run_id == run_id && answer.result->left.count() > 0;
  });
}

}  // namespace

std::vector<std::string> FleetChildren::VerbWords(const EnsembleOrder& order) const {
  switch (order.verb) {
    case EnsembleVerb::kResume:
      return {"resume", order.run_id, "--yes", kRolloutFlag, record_.rollout};
    case EnsembleVerb::kAttach:
      return {"attach", order.run_id};
    case EnsembleVerb::kVerify:
      return {"verify"};
    case EnsembleVerb::kBegin:
      break;
  }
  std::vector<std::string> words{record_.verb,
                                 "--yes",
                                 kRunIdFlag,
                                 order.run_id,
                                 kRolloutFlag,
                                 record_.rollout,
                                 "--approved",
                                 order.approved.empty() ? "none" : order.approved};
  if (record_.verb == "upgrade") {
    words.insert(words.end(), {"--to", record_.to});
    if (!record_.release.empty()) {
      words.insert(words.end(), {"--release", record_.release});
    }
  } else if (order.retry) {
    words.emplace_back("--retry");
  }
  if (record_.allow_outage) {
    words.emplace_back("--allow-outage");
  }
  return words;
}

base::Result<std::unique_ptr<EnsembleCommand>> FleetChildren::Start(std::size_t ensemble,
                                                                    const EnsembleOrder& order) {
  ZW_ASSIGN(const auto flags, FlagsOf(context_, fleet_.ensembles[ensemble]));
  const auto& name = NameOf(ensemble);
  DetachRequest request{
      .words = VerbWords(order),  // A command before this one may still have its unit.
      .name =
          fmt::format("zoowarden-{}-{}-{:08x}", record_.rollout, name, context_.world().random()),
      .log = {}};
  request.words.emplace_back("--no-color");
  const auto meant = WordsOf(flags);
  request.words.insert(request.words.end(), meant.begin(), meant.end());
  ZW_ASSIGN(request.log, store_.LogOf(record_.rollout, name));
  ZW_TRY(BeginWords(request.log, base::Join(request.words, " ")));
  ZW_ASSIGN(auto process, context_.world().detach(request));
  return std::make_unique<DetachedCommand>(std::move(process));
}

std::unique_ptr<EnsembleCommand> FleetChildren::FindCommand(const std::string& process) {
  auto found = context_.world().find_detached(process);
  return found ? std::make_unique<DetachedCommand>(*std::move(found)) : nullptr;
}

std::unique_ptr<EnsembleCommand> FleetChildren::FindBegun(const std::string& run_id) {
  auto found = context_.world().find_begun_with({kRunIdFlag, run_id});
  return found ? std::make_unique<DetachedCommand>(*std::move(found)) : nullptr;
}

std::optional<RunSeen> FleetChildren::Look(std::size_t ensemble,
                                           const std::string& run_id,
                                           bool agents) {
  auto flags = FlagsOf(context_, fleet_.ensembles[ensemble]);
  if (!flags) {
    return std::nullopt;
  }
  Context own(*flags, context_.console(), context_.world());
  const auto& file = fleet_.ensembles[ensemble].file;
  const auto journal = OpenJournalToRead(own, file.spec.name);
  const auto connected =
      agents ? Connect(own, file)
             : base::Result<Connected>(base::Fail(base::ErrorCode::kUnavailable, "not asked"));
  auto* asked = connected ? connected->agents.get() : nullptr;
  const auto run = FindRun(journal ? journal->get() : nullptr, asked, run_id);
  if (!run) {
    return std::nullopt;
  }
  const auto& state = run->file.state;
  return RunSeen{.run_id = run_id,
                 .ended = state.phase == core::RunPhase::kEnded,
                 .outcome = state.outcome,
                 .text = state.outcome_text,
                 .open = run->open,
                 .held = asked != nullptr && IsHeld(*asked, run_id),
                 .left_open = WasLeftOpen(run->record.events),
                 .by_another = ByAnother(run->record, record_.rollout)};
}

std::string FleetChildren::LastWords(std::size_t ensemble) {
  const auto log = store_.LogOf(record_.rollout, NameOf(ensemble));
  return log ? controller::LastWords(*log) : "";
}

}  // namespace zoowarden::controller
