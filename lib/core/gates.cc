#include "core/gates.h"

#include "base/check.h"
#include "core/agreement.h"

namespace zoowarden::core {
namespace {

std::string MembershipDisagreement(const std::vector<model::Member>& declared,
                                   const model::Round& round,
                                   const Conclusions& conclusions) {
  const auto problems = MembershipProblems(declared, round, conclusions);
  return problems.empty() ? "" : problems.front().text;
}

// Why the running process is not the one that was meant, or empty.
std::string WrongProcess(const model::MemberObservation& seen, const StartQuestion& question) {
  if (!seen.process) {
    return "its process ended";
  }
  if (seen.process->generation != question.wanted.digest) {
    return "its process runs generation '" + seen.process->generation + "' instead of '" +
           question.wanted.digest + "'";
  }
  if (!question.operation_id.empty() &&
      seen.process->started_by_operation != question.operation_id) {
    return "its process " + std::to_string(seen.process->pid) + " was not started by operation " +
           question.operation_id;
  }
  if (seen.version && *seen.version != question.wanted.version) {
    return "it says version " + seen.version->ToString() + " (" + seen.version_source +
           ") instead of " + question.wanted.version.ToString();
  }
  return "";
}

StartGate Failed(Fault fault, bool serving, std::string why) {
  return {.passed = false, .fault = fault, .serving = serving, .why = std::move(why)};
}

}  // namespace

StopGate MayStop(const std::vector<model::Member>& declared,
                 const model::Round& round,
                 const Conclusions& conclusions,
                 const StopQuestion& question) {
  StopGate gate;
  gate.arithmetic = IfStopped(declared, conclusions.Proved(), question.server);
  const auto& target = conclusions.Of(question.server);
  if (target.standing == Standing::kDown) {
    gate.open = true;
    gate.down = true;
    return gate;
  }
  if (target.standing == Standing::kUnknown) {
    gate.why = "server " + model::ToString(question.server) + " is unknown: " + target.why;
    return gate;
  }
  if (const auto* seen = model::FindMember(round, question.server);
      seen != nullptr && !seen->processes_visible) {
    gate.why = "the agent of server " + model::ToString(question.server) +
               " could not prove that no other ZooKeeper serves its data, and would not start it "
               "again: " +
               (seen->problem.empty() ? "it may not see other users' processes" : seen->problem);
    return gate;
  }
  if (!conclusions.leader) {
    const auto missing = conclusions.NotProved(question.server);
    gate.why = "no leader is known" + (missing.empty() ? "" : " (" + missing + ")");
    return gate;
  }
  gate.why = MembershipDisagreement(declared, round, conclusions);
  if (!gate.why.empty()) {
    return gate;
  }
  if (question.allow_outage && conclusions.Proved().size() == declared.size()) {
    gate.open = true;
    return gate;
  }
  if (!gate.arithmetic.holds) {
    gate.why = gate.arithmetic.sentence;
    if (const auto missing = conclusions.NotProved(question.server); !missing.empty()) {
      gate.why += " (" + missing + ")";
    }
    return gate;
  }
  gate.open = true;
  return gate;
}

StartGate GateAfterStart(const std::vector<model::Member>& declared,
                         const model::Round& round,
                         const Conclusions& conclusions,
                         const StartQuestion& question) {
  const auto* seen = model::FindMember(round, question.server);
  ZW_CHECK(seen != nullptr, "server " + model::ToString(question.server) + " was not observed");
  const auto& target = conclusions.Of(question.server);
  if (!seen->answered) {
    return Failed(Fault::kOthers, /*serving=*/true, "its agent does not answer");
  }
  if (target.standing == Standing::kDown) {
    return Failed(Fault::kServer, /*serving=*/false, target.why);
  }
  if (target.standing == Standing::kUnknown) {
    const bool late = seen->operation.deadline_left.count() == 0;
    return Failed(late ? Fault::kOthers : Fault::kNotYet, /*serving=*/true, target.why);
  }
  if (const auto wrong = WrongProcess(*seen, question); !wrong.empty()) {
    return Failed(Fault::kServer, /*serving=*/true, wrong);
  }
  const bool late = seen->operation.deadline_left.count() == 0 && !question.passed_before;
  const auto own_fault = late ? Fault::kServer : Fault::kNotYet;
  if (!seen->version) {
    return Failed(own_fault, /*serving=*/true, "its version cannot be read");
  }
  // Where no port for clients is known there is nothing to open a session at.
  if (seen->client_port != 0 && seen->session_accepted != true) {
    return Failed(
        own_fault, /*serving=*/true, "no session with lastZxidSeen could be opened at it");
  }
  if (const auto other = MembershipDisagreement(declared, round, conclusions); !other.empty()) {
    return Failed(Fault::kOthers, /*serving=*/true, other);
  }
  if (!ContainsQuorum(declared, conclusions.Proved())) {
    return Failed(Fault::kOthers,
                  /*serving=*/true,
                  "the proved voters form no quorum: " + conclusions.NotProved(question.server));
  }
  if (const auto missing = conclusions.NotProved(); !question.alone && !missing.empty()) {
    return Failed(Fault::kOthers, /*serving=*/true, missing);
  }
  if (!conclusions.leader) {
    return Failed(Fault::kOthers, /*serving=*/true, "no leader is known");
  }
  return {.passed = true, .fault = Fault::kNone, .serving = true, .evidence = target.evidence};
}

std::string MissingForHealthy(const std::vector<model::Member>& declared,
                              const model::Round& round,
                              const Conclusions& conclusions) {
  if (auto missing = conclusions.NotProved(); !missing.empty()) {
    return missing;
  }
  if (!conclusions.leader) {
    return "no leader is known";
  }
  return MembershipDisagreement(declared, round, conclusions);
}

}  // namespace zoowarden::core
