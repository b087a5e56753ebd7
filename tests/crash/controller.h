// A controller reduced to its answers: for one server, as the case wants them, over the real wire.
// It carries on after each death of the agent with the call that it could not finish.
#pragma once

#include "controller/agents/grpc_agents.h"
#include "sys/clock.h"
#include "tests/crash/box.h"
#include "tests/crash/cases.h"

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace zoowarden::crash {

class Controller {
 public:
  // The box must outlive it. `from` is what is current before the operation. Each epoch is another
  // run: a later one takes up the operation that it finds.
  Controller(Box& box, const Case& which, std::string from, std::uint64_t epoch = 1);

  // The case ends in this state already (in `verifying`: once it is proved), unanswered.
  void EndIn(model::OperationState state) { last_ = state; }
  // Like a person who wants what the case wants: begins anew after a way back that was not asked
  // for, and goes back from `needs_operator`.
  void Insist() { insists_ = true; }
  // Sends the release's archive each time before it begins.
  void Upload() { uploads_ = true; }
  // The agent has it, and nothing was begun since.
  [[nodiscard]] bool uploaded() const { return uploaded_; }
  // To the agent that runs now.
  [[nodiscard]] base::Status Connect();
  // Looks, and answers what it sees. True when the case has ended.
  [[nodiscard]] bool Turn();
  // Turns until then. False: that took longer than a minute.
  [[nodiscard]] bool TurnToTheEnd();

  [[nodiscard]] const std::vector<std::string>& operations() const { return operations_; }
  [[nodiscard]] const model::MemberObservation& seen() const { return seen_; }
  // Refusals that no part of the case asks for, for the failure message.
  [[nodiscard]] const std::string& refused() const { return refused_; }

 private:
  enum class Verb { kUpload, kBegin, kProceed, kCommit, kRollBack, kClose };
  [[nodiscard]] base::Status Acquire();
  [[nodiscard]] bool WantsBack() const;
  [[nodiscard]] bool AwaitsItsFault() const;
  [[nodiscard]] bool Answer();
  [[nodiscard]] bool IsDownByAccident() const;
  void Say(Verb verb);
  [[nodiscard]] base::Status Call(Verb verb, const controller::Call& call);
  [[nodiscard]] controller::BeginOptions BeginWhat() const;
  [[nodiscard]] base::Result<std::string> Permit(const controller::Call& call);

  Box& box_;
  Case case_;
  std::string from_;
  controller::RunIdentity run_;
  sys::RealClock clock_;
  std::unique_ptr<controller::GrpcAgents> agents_;
  model::MemberObservation seen_;
  std::set<model::OperationState> passed_;
  std::vector<std::string> operations_;
  std::uint64_t sequence_ = 0;
  std::optional<Verb> unanswered_;  // the last call: it is repeated under its sequence
  std::string refused_;
  std::optional<model::OperationState> last_;
  bool insists_ = false;
  bool uploads_ = false;
  bool uploaded_ = false;
};

}  // namespace zoowarden::crash
