#include "tests/crash/controller.h"

#include "pki/live_credentials.h"
#include "pki/peer_judge.h"
#include "rpc/channel.h"
#include "rpc/tls.h"

#include <chrono>
#include <thread>
#include <utility>

namespace zoowarden::crash {
namespace {

using base::ErrorCode;
using model::OperationState;
using std::chrono::milliseconds;

constexpr model::ServerId kServer{1};
constexpr milliseconds kStatusDeadline{2'000};
constexpr milliseconds kLongStep{20'000};
constexpr milliseconds kShortStep{1'500};
constexpr std::chrono::seconds kPatience{60};
constexpr milliseconds kBetweenTurns{10};

}  // namespace

Controller::Controller(Box& box, const Case& which, std::string from, std::uint64_t epoch)
    : box_(box),
      case_(which),
      from_(std::move(from)),
      run_{.run_id = "run-" + std::to_string(epoch),
           .epoch = {epoch},
           .holder = "operator/run-" + std::to_string(epoch) + "/crash"} {}

base::Status Controller::Connect() {
  controller::GrpcAgentsOptions options;
  options.ensemble = box_.ensemble().name;
  options.servers = {box_.ensemble().servers.front()};
  const pki::Credentials& own = box_.stage().operator_credentials;
  const auto credentials =
      rpc::MakeChannelCredentials(std::make_shared<pki::LiveCredentials>(own),
                                  std::make_shared<pki::PeerJudge>(own.ca_pem, /*crl=*/"", clock_));
  options.channel = [ensemble = options.ensemble, credentials](const model::ServerSpec& server) {
    return rpc::MakeChannel(
        server.agent, pki::AgentIdentity(ensemble, server.id.value), credentials);
  };
  agents_ = std::make_unique<controller::GrpcAgents>(std::move(options));
  // A busy machine may be slow with a handshake; an agent that has ended answers no more.
  const auto end = std::chrono::steady_clock::now() + kPatience;
  base::Status acquired = base::Ok();
  do {
    acquired = Acquire();
  } while (!acquired && acquired.error().Is(ErrorCode::kUnavailable) && box_.AgentRuns() &&
           std::chrono::steady_clock::now() < end);
  return acquired;
}

base::Status Controller::Acquire() {
  for (const auto& answer : agents_->Acquire(run_, /*take_over=*/true)) {
    if (!answer.result) {
      return base::Fail(answer.result.error());
    }
  }
  return base::Ok();
}

bool Controller::Turn() {
  seen_ = agents_->GetStatus(kStatusDeadline).front();
  if (!seen_.answered) {
    return false;
  }
  if (!seen_.operation.operation_id.empty()) {
    passed_.insert(seen_.operation.state);
    if (operations_.empty()) {
      operations_.push_back(seen_.operation.operation_id);  // an earlier run's
    }
  }
  return Answer();
}

bool Controller::TurnToTheEnd() {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < end) {
    if (Turn()) {
      return true;
    }
    std::this_thread::sleep_for(kBetweenTurns);
  }
  return false;
}

bool Controller::WantsBack() const {
  return case_.direction == Direction::kRollback ||
         (DetourOf(case_) == Detour::kFailingWayBack &&
          !passed_.contains(OperationState::kNeedsOperator));
}

// In a state that waits for the controller its look must have come first.
bool Controller::AwaitsItsFault() const {
  const bool of_look = case_.fault == Fault::kError || case_.fault == Fault::kHang;
  return of_look && case_.state == OperationState::kUnconfirmed &&
         box_.AgentLog().find("fault=agent.action.unconfirmed") == std::string::npos;
}

// The machine has lost its power: what was started does not run.
bool Controller::IsDownByAccident() const { return case_.kind != Kind::kRemoval && !seen_.process; }

bool Controller::Answer() {
  const model::OperationStatus& operation = seen_.operation;
  const bool silent =
      DetourOf(case_) == Detour::kSilence && !passed_.contains(OperationState::kUnconfirmed);
  if (last_ == operation.state && (last_ != OperationState::kVerifying || operation.proved)) {
    return true;
  }
  switch (operation.state) {
    case OperationState::kIdle:
      Say(uploads_ && !uploaded_ ? Verb::kUpload : Verb::kBegin);
      return false;
    case OperationState::kStaged: {
      const bool close =
          DetourOf(case_) == Detour::kClose && !passed_.contains(OperationState::kIdle);
      Say(close ? Verb::kClose : Verb::kProceed);
      return false;
    }
    case OperationState::kVerifying:
      if (IsDownByAccident()) {
        Say(Verb::kRollBack);
        return false;
      }
      if (!operation.proved || silent) {
        return false;
      }
      if (WantsBack()) {
        box_.RemoveArchives();
      }
      Say(WantsBack() ? Verb::kRollBack : Verb::kCommit);
      return false;
    case OperationState::kUnconfirmed:
      if (AwaitsItsFault()) {
        return false;
      }
      Say(WantsBack() || IsDownByAccident() ? Verb::kRollBack : Verb::kCommit);
      return false;
    case OperationState::kNeedsOperator:
      // A way back that failed by itself is tried again; one that was to fail was the case's aim.
      Say(case_.direction == Direction::kRollback || insists_ ? Verb::kRollBack : Verb::kCommit);
      return false;
    case OperationState::kRolledBack:
      if (insists_ && case_.direction == Direction::kForward) {
        Say(Verb::kBegin);
        return false;
      }
      return true;
    case OperationState::kCommitted:
      return true;
    default:
      return false;
  }
}

void Controller::Say(Verb verb) {
  const bool again = unanswered_ == verb;
  if (verb == Verb::kBegin && !again) {
    operations_.push_back("op-" + std::to_string(operations_.size() + 1));
  }
  sequence_ += again ? 0 : 1;
  const controller::Call call{.run = run_,
                              .operation_id = operations_.empty() ? "" : operations_.back(),
                              .sequence = sequence_};
  const base::Status said = Call(verb, call);
  unanswered_.reset();
  if (!said &&
      (said.error().Is(ErrorCode::kUnavailable) || said.error().Is(ErrorCode::kDeadlineExceeded))) {
    unanswered_ = verb;
  } else if (!said) {
    refused_ = said.error().message();
    if (verb == Verb::kBegin) {
      operations_.pop_back();
    }
  }
}

base::Result<std::string> Controller::Permit(const controller::Call& call) {
  if (!seen_.process) {
    return std::string();
  }
  // A number of its own: the call that uses it has another.
  controller::Call asking = call;
  asking.sequence += 1'000'000;
  ZW_ASSIGN(const controller::Permit permit, agents_->RequestPermit(kServer, asking));
  return permit.id;
}

base::Status Controller::Call(Verb verb, const controller::Call& call) {
  switch (verb) {
    case Verb::kUpload:
      ZW_TRY(agents_->Upload(kServer, call.run, box_.stage().new_release));
      uploaded_ = true;
      return base::Ok();
    case Verb::kBegin:
      ZW_TRY(agents_->Begin(kServer, call, BeginWhat()));
      uploaded_ = false;  // where staging fails the archive may be lost: it is offered again
      return base::Ok();
    case Verb::kCommit:
      return agents_->Commit(kServer, call);
    case Verb::kClose:
      return agents_->Close(kServer, call);
    case Verb::kProceed:
    case Verb::kRollBack:
      break;
  }
  ZW_ASSIGN(const std::string permit, Permit(call));
  return verb == Verb::kProceed ? agents_->Proceed(kServer, call, permit)
                                : agents_->RollBack(kServer, call, permit);
}

controller::BeginOptions Controller::BeginWhat() const {
  controller::BeginOptions begin{.from_generation = from_,
                                 .step_timeout = DeadlinePasses(case_) ? kShortStep : kLongStep};
  if (case_.kind == Kind::kRemoval) {
    begin.kind = "remove";
    return begin;
  }
  const model::EnsembleSpec& ensemble = box_.ensemble();
  const model::ServerSpec& self = ensemble.servers.front();
  begin.release = box_.stage().new_release;
  begin.configuration = ensemble.config;
  begin.configuration.settings = model::SettingsOf(ensemble, self);
  begin.client_port = self.client_port;
  for (const model::ServerSpec& server : ensemble.servers) {
    begin.members.push_back(model::MemberOf(server));
  }
  return begin;
}

}  // namespace zoowarden::crash
