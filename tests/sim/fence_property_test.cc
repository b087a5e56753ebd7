// Never two controllers acting on one agent, whatever arrives in which order: the real lease,
// fence, permits and operation over a journal in memory and a server in memory.
#include "agent/operation/lease_keeper.h"
#include "agent/operation/runner.h"
#include "sys/manual_clock.h"
#include "tests/support/fake_server_host.h"
#include "tests/support/memory_operation_journal.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <memory>
#include <set>
#include <tuple>

namespace zoowarden::agent {
namespace {

enum class What { kAcquire, kRelease, kBegin, kPermit, kProceed, kRollBack, kCommit, kClose };

struct Message {
  What what = What::kAcquire;
  CallIdentity call;
  std::string permit;
  std::string from;
  std::string to;
  bool take_over = false;
};

struct Controller {
  std::string name;
  RunIdentity held;
  std::string operation;
  std::string permit;
  std::uint64_t calls = 0;
};

// So that the property is not true of nothing.
struct Seen {
  int effects = 0;
  int fenced = 0;
  int taken_over = 0;
};
Seen seen;

// One agent as its handlers drive it: the fence first, then the operation.
class Agent {
 public:
  Agent() {
    host_.Serve("old");
    Restart();
  }

  void Restart() {
    lease_ = std::make_unique<LeaseKeeper>(
        *LeaseKeeper::Open(journal_, clock_, std::chrono::seconds(15)));
    runner_ = std::make_unique<OperationRunner>(*OperationRunner::Open(host_, journal_, clock_));
  }
  void Pass(std::chrono::milliseconds time) { clock_.Advance(time); }
  void Step() { runner_->Step(); }
  [[nodiscard]] std::uint64_t epoch() const { return journal_.fence.owner.epoch; }
  [[nodiscard]] const std::string& current() const { return host_.current; }

  // Gives the permit's id, where one was asked for.
  base::Result<std::string> Deliver(const Message& message) {
    const Fence before = journal_.fence;
    const auto left = lease_->Get().left;
    const auto history = journal_.history.size();
    auto answer = Take(message);
    CheckFenceOnly(message, before, left);
    if (journal_.history.size() != history) {
      CheckEffect(message, before);
    }
    const bool asks_operation = message.what != What::kAcquire;
    if (asks_operation && message.call.run != before.owner) {
      RC_ASSERT(!answer);
      seen.fenced += answer.error().reason() == "fence.stale_epoch" ? 1 : 0;
    }
    return answer;
  }

 private:
  base::Result<std::string> Take(const Message& message) {
    const RunIdentity& run = message.call.run;
    if (message.what == What::kAcquire) {
      ZW_TRY(lease_->Acquire(run, message.take_over));
      return std::string();
    }
    if (message.what == What::kRelease) {
      ZW_TRY(lease_->Release(run));
      return std::string();
    }
    ZW_TRY(lease_->Renew(run));
    if (message.what == What::kPermit) {
      ZW_ASSIGN(const Permit permit, runner_->RequestPermit(message.call));
      return permit.id;
    }
    ZW_TRY(Operate(message));
    return std::string();
  }

  base::Result<model::OperationState> Operate(const Message& message) {
    switch (message.what) {
      case What::kBegin:
        return runner_->Begin(
            message.call,
            {.stage = {.existing_generation = message.to, .expected_digest = message.to},
             .from_generation = message.from,
             .step_timeout = std::chrono::seconds(40)});
      case What::kProceed:
        return runner_->Proceed(message.call, message.permit);
      case What::kRollBack:
        return runner_->RollBack(message.call, message.permit);
      case What::kCommit:
        return runner_->Commit(message.call);
      default:
        return runner_->Close(message.call);
    }
  }

  // The stored epoch never goes down and never changes hands; it is raised by an acquisition only,
  // and over a living lease only by its own holder or a take-over.
  void CheckFenceOnly(const Message& message,
                      const Fence& before,
                      std::chrono::milliseconds left) const {
    const RunIdentity& owner = journal_.fence.owner;
    RC_ASSERT(owner.epoch >= before.owner.epoch);
    if (owner == before.owner) {
      return;
    }
    RC_ASSERT(owner.epoch > before.owner.epoch);
    RC_ASSERT(message.what == What::kAcquire);
    RC_ASSERT(owner == message.call.run);
    const bool interrupts = left.count() > 0 && owner.holder != before.owner.holder;
    RC_ASSERT(!interrupts || message.take_over);
    seen.taken_over += interrupts ? 1 : 0;
  }

  // A call that moved the operation came from the owner of the highest epoch ever stored, and moves
  // it once.
  void CheckEffect(const Message& message, const Fence& before) {
    RC_ASSERT(message.call.run == before.owner);
    RC_ASSERT(message.call.run.epoch >= last_effect_);
    last_effect_ = message.call.run.epoch;
    RC_ASSERT(effects_
                  .emplace(message.call.run.run_id,
                           message.call.run.epoch,
                           message.call.operation_id,
                           message.call.sequence)
                  .second);
    ++seen.effects;
  }

  sys::ManualClock clock_;
  test::FakeServerHost host_{clock_};
  test::MemoryOperationJournal journal_;
  std::unique_ptr<LeaseKeeper> lease_;
  std::unique_ptr<OperationRunner> runner_;
  std::set<std::tuple<std::string, std::uint64_t, std::string, std::uint64_t>> effects_;
  std::uint64_t last_effect_ = 0;
};

class Race {
 public:
  void Step() {
    switch (*rc::gen::inRange(0, 12)) {
      case 0:
        agent_.Restart();
        break;
      case 1:
        // A controller, or the network, that sleeps past the lease.
        agent_.Pass(std::chrono::milliseconds(*rc::gen::inRange(0, 40'000)));
        break;
      case 2:
        agent_.Pass(std::chrono::milliseconds(100));
        agent_.Step();
        break;
      case 3:
      case 4:
        Repeat();
        break;
      default:
        Speak(controllers_[*rc::gen::inRange<std::size_t>(0, controllers_.size())]);
    }
  }

 private:
  // What was sent before, on its way for a while or for the second time.
  void Repeat() {
    if (!sent_.empty()) {
      static_cast<void>(agent_.Deliver(sent_[*rc::gen::inRange<std::size_t>(0, sent_.size())]));
    }
  }

  void Speak(Controller& controller) {
    const Message message = NextOf(controller);
    sent_.push_back(message);
    if (*rc::gen::inRange(0, 5) == 0) {
      return;  // late, or lost
    }
    const auto answer = agent_.Deliver(message);
    if (!answer) {
      return;
    }
    if (message.what == What::kAcquire) {
      controller.held = message.call.run;
    }
    if (message.what == What::kPermit) {
      controller.permit = *answer;
    }
  }

  Message NextOf(Controller& controller) {
    Message message{.what = *rc::gen::weightedElement<What>({{3, What::kAcquire},
                                                             {1, What::kRelease},
                                                             {4, What::kBegin},
                                                             {4, What::kPermit},
                                                             {5, What::kProceed},
                                                             {2, What::kRollBack},
                                                             {2, What::kCommit},
                                                             {2, What::kClose}}),
                    .permit = controller.permit,
                    .from = agent_.current(),
                    .to = agent_.current() == "old" ? "new" : "old",
                    .take_over = *rc::gen::inRange(0, 3) == 0};
    message.call.run = controller.held;
    if (message.what == What::kAcquire) {
      // The next epoch, the same one or one that others have passed.
      message.call.run = {.run_id = "run " + controller.name,
                          .epoch = agent_.epoch() + *rc::gen::inRange<std::uint64_t>(0, 3),
                          .holder = controller.name};
    }
    if (message.what == What::kBegin) {
      controller.operation = controller.name + std::to_string(controller.calls);
    }
    message.call.operation_id = controller.operation;
    message.call.sequence = ++controller.calls;
    return message;
  }

  Agent agent_;
  std::vector<Controller> controllers_{{.name = "a"}, {.name = "b"}};
  std::vector<Message> sent_;
};

TEST(FencePropertyTest, NeverTwoControllersActWhateverArrivesWhen) {
  EXPECT_TRUE(rc::check("I4", [] {
    Race race;
    const int steps = *rc::gen::inRange(20, 200);
    for (int i = 0; i < steps; ++i) {
      race.Step();
    }
  }));
  EXPECT_GT(seen.effects, 100);
  EXPECT_GT(seen.fenced, 100);
  EXPECT_GT(seen.taken_over, 20);
}

}  // namespace
}  // namespace zoowarden::agent
