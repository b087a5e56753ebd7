#include "controller/cli/plan_view.h"

#include "base/text.h"
#include "config/digests.h"
#include "controller/cli/setting_changes.h"
#include "controller/cli/text_diff.h"
#include "controller/cli/times.h"
#include "controller/run/desired_values.h"
#include "controller/run/prepare.h"
#include "model/secrets.h"
#include "sys/digest.h"

#include <algorithm>
#include <map>

namespace zoowarden::controller {

namespace {

constexpr std::size_t kLongText = 4'000;

std::vector<std::string> Lines(const model::Settings& settings) {
  std::vector<std::string> lines;
  for (const auto& [key, value] : model::MaskSecrets(settings)) {
    lines.push_back(base::Printable(std::string(key).append("=").append(value), kLongText));
  }
  return lines;
}

// Java and files of one configuration, in the manner of settings.
void AddOthers(const model::ConfigurationSpec& configuration, std::vector<std::string>& lines) {
  const auto& [settings, java, files] = configuration;
  if (!java.heap.empty()) {
    lines.push_back("java heap " + base::Printable(java.heap));
  }
  for (const auto& option : java.options) {
    lines.push_back("java option " + base::Printable(model::MaskSecretOption(option), kLongText));
  }
  for (const auto& file : files) {
    lines.push_back("file " + base::Printable(file.name) + " sha256 " +
                    sys::Digest(sys::Hash::kSha256, file.content));
  }
}

Document GenerationDocument(const model::Generation& generation) {
  return Document::Map({{"digest", generation.digest},
                        {"version", generation.version.ToString()},
                        {"release_sha512", generation.release_sha512},
                        {"configuration_digest", generation.configuration_digest}});
}

Document ReleaseDocument(const model::ReleaseSpec& release) {
  return Document::Map({{"version", release.version.ToString()},
                        {"source", Document::TextOrNull(release.source)},
                        {"sha512", release.sha512},
                        {"signature", Document::TextOrNull(release.signature)}});
}

// A server that was not seen with a generation is refused, so nothing is approved of it.
Document ServersDocument(const core::PlanInput& input) {
  Document servers{Document::List()};
  for (const auto& seen : input.seen) {
    servers.Add(
        Document::Map({{"id", seen.id.value},
                       {"from", seen.current ? GenerationDocument(*seen.current) : Document()},
                       {"to", GenerationDocument(input.wanted.at(seen.id))}}));
  }
  return servers;
}

Document DesiredDocument(const core::DesiredValues& desired) {
  auto values = Document::Map({});
  for (const auto& [key, value] : desired) {
    values.Set(key, value);
  }
  return values;
}

Document QuorumDocument(const core::QuorumArithmetic& arithmetic) {
  return Document::Map({{"holds", arithmetic.holds},
                        {"voters", std::uint64_t{arithmetic.voters}},
                        {"remaining", std::uint64_t{arithmetic.remaining}},
                        {"needed", std::uint64_t{arithmetic.needed}},
                        {"spare", std::uint64_t{arithmetic.spare}},
                        {"sentence", arithmetic.sentence}});
}

// What the server is to run, where the step changes its configuration and that one is known: of a
// member that is started on what it had before ensemble.yaml may say nothing.
std::optional<model::ConfigurationSpec> ConfigurationAfter(const PlanToShow& show,
                                                           const core::PlanStep& step) {
  const auto* server = model::FindServer(show.input.spec, step.server);
  if (!step.configuration_changes || server == nullptr) {
    return std::nullopt;
  }
  auto declared = ConfigurationOf(show.input.spec, *server);
  if (step.kind != core::StepKind::kStart ||
      config::ConfigurationDigest(declared) == step.to.configuration_digest) {
    return declared;
  }
  const auto earlier = show.earlier.find(step.server);
  return earlier == show.earlier.end() ? std::nullopt : std::optional(earlier->second);
}

Document ChangesDocument(const PlanToShow& show, const core::PlanStep& step) {
  Document changes{Document::List()};
  const auto after = ConfigurationAfter(show, step);
  if (!after) {
    return changes;
  }
  for (const auto& change : KeyChanges(show.input, show.running, step, *after)) {
    const auto& since = change.effect.since;
    changes.Add(Document::Map({{"key", change.key},
                               {"effect", zk::EffectName(change.effect.effect)},
                               {"since", since ? Document(since->ToString()) : Document()},
                               {"attribute", Document::TextOrNull(change.effect.attribute)},
                               {"sentence", change.sentence}}));
  }
  return changes;
}

Document StepDocument(const PlanToShow& show, const core::PlanStep& step) {
  const auto after = ConfigurationAfter(show, step);
  return Document::Map(
      {{"server", step.server.value},
       {"kind", StepKindName(step.kind)},
       {"role", ModeName(step.mode)},
       {"from", GenerationDocument(step.from)},
       {"to", GenerationDocument(step.to)},
       {"release_changes", step.release_changes},
       {"configuration_changes", step.configuration_changes},
       {"why_here", step.why_here},
       {"quorum", QuorumDocument(step.arithmetic)},
       {"diff", after ? ConfigurationDiff(show, step, *after) : ""},
       {"changes", ChangesDocument(show, step)},
       {"diff_complete",
        !step.configuration_changes || (after && show.running.contains(step.server))}});
}

Document Texts(const std::vector<std::string>& texts) {
  Document list{Document::List()};
  for (const auto& text : texts) {
    list.Add(text);
  }
  return list;
}

std::string StepChange(const core::PlanStep& step) {
  auto text = step.from.version == step.to.version
                  ? step.to.version.ToString()
                  : step.from.version.ToString() + " -> " + step.to.version.ToString();
  if (step.release_changes && step.from.version == step.to.version) {
    text += " (another archive)";
  }
  return text + (step.configuration_changes ? ", new configuration" : "");
}

std::string StepLines(const core::Plan& plan) {
  std::string text;
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    const auto& step = plan.steps[i];
    text += "  " + std::to_string(i + 1) + ". " + std::string(StepKindName(step.kind)) +
            " server " + ToString(step.server) + ": " + StepChange(step) + "\n       " +
            step.why_here + "\n       " + step.arithmetic.sentence + "\n";
  }
  return text;
}

// Servers with the same difference are shown once.
std::string DiffLines(const PlanToShow& show) {
  std::map<std::string, std::vector<std::string>> servers_by_diff;
  for (const auto& step : show.plan.steps) {
    if (const auto after = ConfigurationAfter(show, step)) {
      auto diff = ConfigurationDiff(show, step, *after);
      if (!show.running.contains(step.server)) {
        diff += "  (settings only: no record says which java options and files run now)\n";
      }
      servers_by_diff[diff].push_back(ToString(step.server));
    } else if (step.configuration_changes) {
      servers_by_diff["  generation " + step.to.digest + " (" + step.to.version.ToString() +
                      ") is there as it was; no record says how its configuration differs\n"]
          .push_back(ToString(step.server));
    }
  }
  std::string text;
  for (const auto& [diff, servers] : servers_by_diff) {
    text += "\nconfiguration of server " + base::Join(servers, ", ") + ":\n";
    text += diff.empty() ? "  only masked values change\n" : diff;
  }
  return text;
}

// Each key once, whatever the servers.
std::string EffectLines(const PlanToShow& show) {
  std::map<std::string, std::string> sentences;
  for (const auto& step : show.plan.steps) {
    const auto after = ConfigurationAfter(show, step);
    if (!after) {
      continue;
    }
    for (const auto& change : KeyChanges(show.input, show.running, step, *after)) {
      sentences.emplace(change.key, change.sentence);
    }
  }
  std::string text;
  for (const auto& [key, sentence] : sentences) {
    text.append("  ").append(key).append(": ").append(sentence).append("\n");
  }
  return text.empty() ? ""
                      : "\nhow it takes effect (all of it is rolled out by these " +
                            std::string(show.input.scope == core::PlanScope::kRepair ? "starts"
                                                                                     : "restarts") +
                            "):\n" + text;
}

std::string ListLines(const std::string& title, const std::vector<std::string>& texts) {
  std::string text;
  for (const auto& one : texts) {
    text += "  - " + base::Printable(one, kLongText) + "\n";
  }
  return text.empty() ? "" : "\n" + title + ":\n" + text;
}

// Of whom a plan is refused not everything was seen.
std::string ReleaseWords(const PlanToShow& show) {
  const auto& steps = show.plan.steps;
  const bool changes = steps.empty() || std::any_of(steps.begin(), steps.end(), [](auto& step) {
                         return step.release_changes;
                       });
  return DescribeRelease(show.approved.kind, show.input.spec.release.version, changes);
}

std::string RefusalLines(const core::Plan& plan) {
  std::vector<std::string> refusals;
  for (const auto& refusal : plan.refusals) {
    refusals.push_back(refusal.text + " (" + refusal.reason + ")");
  }
  return ListLines("REFUSED", refusals);
}

}  // namespace

std::string ConfigurationDiff(const PlanToShow& show,
                              const core::PlanStep& step,
                              const model::ConfigurationSpec& after) {
  const auto& input = show.input;
  const auto seen = std::find_if(input.seen.begin(), input.seen.end(), [&step](const auto& member) {
    return member.id == step.server;
  });
  if (seen == input.seen.end()) {
    return "";
  }
  auto before = Lines(seen->settings);
  auto then = Lines(after.settings);
  if (const auto running = show.running.find(step.server); running != show.running.end()) {
    AddOthers(running->second, before);
    AddOthers(after, then);
  }
  return UnifiedDiff(before, then);
}

Document PlanDocument(const PlanToShow& show) {
  const auto& [input, plan, running, earlier, approved, settings_digest, stamp] = show;
  Document steps{Document::List()};
  for (const auto& step : plan.steps) {
    steps.Add(StepDocument(show, step));
  }
  Document refusals{Document::List()};
  for (const auto& refusal : plan.refusals) {
    refusals.Add(Document::Map({{"reason", refusal.reason}, {"text", refusal.text}}));
  }
  Document leader;
  if (plan.leader) {
    leader = plan.leader->value;
  }
  auto document = Document::Map({{"schema_version", 1},
                                 {"digest", Document()},
                                 {"made", Timestamp(std::chrono::milliseconds(stamp.made_ms))},
                                 {"made_ms", stamp.made_ms},
                                 {"nonce", stamp.nonce},
                                 {"ensemble", input.spec.name},
                                 {"kind", approved.kind},
                                 {"allow_outage", input.allow_outage},
                                 {"nothing_to_do", plan.NothingToDo()},
                                 {"leader", std::move(leader)},
                                 {"release", ReleaseDocument(input.spec.release)},
                                 {"declared_release", ReleaseDocument(approved.declared)},
                                 {"settings_digest", settings_digest},
                                 {"desired_digest", DesiredDigest(input.spec, input.wanted)},
                                 {"desired", DesiredDocument(approved.desired)},
                                 {"servers", ServersDocument(input)},
                                 {"steps", std::move(steps)},
                                 {"checks", Texts(plan.checks)},
                                 {"way_back", Document::TextOrNull(plan.way_back)},
                                 {"warnings", Texts(plan.warnings)},
                                 {"refusals", std::move(refusals)}});
  document.Set("digest", PlanDigest(document));
  return document;
}

std::string PlanText(const PlanToShow& show) {
  const auto& [input, plan, running, earlier, approved, settings_digest, stamp] = show;
  const bool repair = input.scope == core::PlanScope::kRepair;
  if (repair && plan.NothingToDo()) {
    return "nothing to do: no member of ensemble " + input.spec.name + " is down\n" +
           ListLines("warnings", plan.warnings);
  }
  if (plan.NothingToDo()) {
    return "nothing to do: every server of ensemble " + input.spec.name + " runs " +
           input.spec.release.version.ToString() + " with the configuration it should have\n" +
           ListLines("warnings", plan.warnings);
  }
  if (repair && !plan.refusals.empty()) {
    return "repair of ensemble " + input.spec.name + ": no member is started\n" +
           RefusalLines(plan);
  }
  std::string text = approved.kind + " of ensemble " + input.spec.name +
                     (repair ? "" : ReleaseWords(show)) + ": " + std::to_string(plan.steps.size()) +
                     " of " + std::to_string(input.spec.servers.size()) +
                     (repair ? " members to start" : " servers to restart") +
                     (plan.leader ? ", server " + ToString(*plan.leader) + " leads now" : "") +
                     "\n\n" + StepLines(plan) + DiffLines(show) + EffectLines(show);
  text += plan.steps.empty() ? "" : ListLines("gates", plan.checks);
  if (!plan.way_back.empty()) {
    text += "\nway back:\n  " + plan.way_back + "\n";
  }
  return text + ListLines("warnings", plan.warnings) + RefusalLines(plan);
}

base::Error RefusalError(const core::Plan& plan) {
  std::vector<std::string> texts;
  for (const auto& refusal : plan.refusals) {
    texts.push_back(refusal.text);
  }
  return {base::ErrorCode::kFailedPrecondition,
          plan.refusals.front().reason,
          "refused, nothing was touched: " + base::Join(texts, "; ")};
}

}  // namespace zoowarden::controller
