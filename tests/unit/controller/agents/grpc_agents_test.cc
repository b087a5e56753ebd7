#include "controller/agents/grpc_agents.h"

#include "fake_agent.h"
#include "rpc/status.h"
#include "sys/files.h"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <string>

namespace zoowarden::controller {
namespace {

const RunIdentity kRun{.run_id = "run-1", .epoch = {5}, .holder = "operator"};

// Three agents in this process; server N's is fakes[N - 1].
class GrpcAgentsTest : public testing::Test {
 protected:
  GrpcAgentsTest() {
    for (std::uint32_t id = 1; id <= 3; ++id) {
      auto& fake = fakes_[id - 1];
      fake.observe.on_status = [id](const auto&, v1::Observation& reply) {
        reply.set_server(id);
        return grpc::Status::OK;
      };
    }
  }

  GrpcAgents Make() {
    GrpcAgentsOptions options;
    options.ensemble = "lab";
    for (std::uint32_t id = 1; id <= 3; ++id) {
      options.servers.push_back(
          {.id = {id}, .host = "h", .agent = "agent" + std::to_string(id) + ":7443"});
    }
    options.on_step = on_step_;
    options.own_is_good = [this] { return own_is_good_; };
    options.channel = [this](const model::ServerSpec& server) {
      ++dialled_.at(server.id.value - 1);
      return fakes_.at(server.id.value - 1).server->InProcessChannel({});
    };
    return GrpcAgents(std::move(options));
  }

  std::function<void(const StepEvent&)> on_step_;
  bool own_is_good_ = true;
  std::array<int, 3> dialled_{};
  std::array<FakeAgent, 3> fakes_;
};

TEST_F(GrpcAgentsTest, AnswersComeInTheOrderOfTheServers) {
  auto agents = Make();
  const auto seen = agents.GetStatus(std::chrono::seconds(10));
  ASSERT_EQ(seen.size(), 3U);
  for (std::uint32_t id = 1; id <= 3; ++id) {
    EXPECT_EQ(seen[id - 1].id.value, id);
    EXPECT_TRUE(seen[id - 1].answered);
  }
}

TEST_F(GrpcAgentsTest, ASilentAgentCostsItsDeadlineAndIsNamed) {
  fakes_[1].observe.silent = true;
  auto agents = Make();
  const auto before = std::chrono::steady_clock::now();
  const auto seen = agents.GetStatus(std::chrono::milliseconds(100));
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(5));
  EXPECT_TRUE(seen[0].answered);
  EXPECT_TRUE(seen[2].answered);
  EXPECT_FALSE(seen[1].answered);
  EXPECT_EQ(seen[1].id.value, 2U);
  EXPECT_EQ(seen[1].problem, "no answer from agent2:7443 in time");
}

TEST_F(GrpcAgentsTest, AConnectionThatACertificateWasRefusedOnIsMadeAnew) {
  fakes_[1].observe.on_status = [](const auto&, v1::Observation&) {
    return rpc::ToGateStatus({base::ErrorCode::kUnauthenticated, "pki.removed_ca", "not trusted"});
  };
  auto agents = Make();
  own_is_good_ = false;  // a new handshake would show what was refused
  for (int call = 0; call < 2; ++call) {
    EXPECT_FALSE(agents.GetStatus(std::chrono::seconds(10))[1].answered);
  }
  EXPECT_EQ(dialled_, (std::array{1, 1, 1}));
  own_is_good_ = true;
  for (int call = 0; call < 3; ++call) {  // and not with each call
    EXPECT_FALSE(agents.GetStatus(std::chrono::seconds(10))[1].answered);
  }
  EXPECT_EQ(dialled_, (std::array{1, 2, 1}));
}

// What the call was to fill is gone by then: the address sanitizer watches.
TEST_F(GrpcAgentsTest, AnAnswerAfterTheDeadlineTouchesNothing) {
  std::promise<grpc::ServerUnaryReactor*> asked;
  auto call = asked.get_future();
  fakes_[1].observe.late = &asked;
  auto agents = Make();
  EXPECT_FALSE(agents.GetStatus(std::chrono::milliseconds(100))[1].answered);
  ASSERT_EQ(call.wait_for(std::chrono::seconds(10)), std::future_status::ready);
  call.get()->Finish(grpc::Status::OK);
  fakes_[1].observe.late = nullptr;
  EXPECT_TRUE(agents.GetStatus(std::chrono::seconds(10))[1].answered);
}

TEST_F(GrpcAgentsTest, AnAgentThatAnswersForAnotherServerIsUnknown) {
  fakes_[2].observe.on_status = [](const auto&, v1::Observation& reply) {
    reply.set_server(1);
    return grpc::Status::OK;
  };
  auto agents = Make();
  const auto seen = agents.GetStatus(std::chrono::seconds(10));
  EXPECT_FALSE(seen[2].answered);
  EXPECT_EQ(seen[2].id.value, 3U);
}

TEST_F(GrpcAgentsTest, ObserveSendsTheRunAndTheCanary) {
  for (std::uint32_t id = 1; id <= 3; ++id) {
    fakes_[id - 1].observe.on_observe = [id](const v1::ObserveRequest& request,
                                             v1::Observation& reply) {
      EXPECT_EQ(request.run().ensemble(), "lab");
      EXPECT_EQ(request.run().epoch(), 5U);
      EXPECT_EQ(request.canary(), 0x100000007U);
      EXPECT_EQ(request.deadline_ms(), 900U);
      EXPECT_EQ(request.check_session(), id == 2);
      EXPECT_EQ(request.read_back_path(), "/zoowarden");
      reply.set_server(id);
      return grpc::Status::OK;
    };
  }
  auto agents = Make();
  const auto seen = agents.Observe({.run = kRun,
                                    .canary = model::Zxid{0x100000007},
                                    .deadline = std::chrono::milliseconds(900),
                                    .sessions = {model::ServerId{2}},
                                    .read_back_path = "/zoowarden"});
  EXPECT_TRUE(seen[0].answered && seen[1].answered && seen[2].answered);
}

// Three questions of 800 ms, two of 500 ms, and the time for the canary.
TEST_F(GrpcAgentsTest, AnAgentMayUseUpItsOwnTimeForEveryQuestionOfARound) {
  fakes_[0].observe.on_observe = [](const auto&, auto&) { return grpc::Status::OK; };
  fakes_[1].observe.on_observe = fakes_[0].observe.on_observe;
  fakes_[2].observe.on_observe = fakes_[0].observe.on_observe;
  auto agents = Make();
  static_cast<void>(agents.Observe({.run = kRun, .deadline = std::chrono::milliseconds(400)}));
  EXPECT_GT(fakes_[0].observe.observe_time.load(), std::chrono::milliseconds(400 + 3'400));
}

TEST_F(GrpcAgentsTest, AnAgentThatMissedTheBeginningIsAskedToAcceptTheEpoch) {
  bool accepted = false;
  for (std::uint32_t id = 1; id <= 3; ++id) {
    fakes_[id - 1].observe.on_observe = [id, &accepted](const auto&, v1::Observation& reply) {
      reply.set_server(id);
      return id == 2 && !accepted
                 ? grpc::Status(
                       grpc::StatusCode::FAILED_PRECONDITION, "not acquired", "fence.not_acquired")
                 : grpc::Status::OK;
    };
    fakes_[id - 1].lease.on_acquire = [id, &accepted](const v1::AcquireRequest& request, auto&) {
      EXPECT_EQ(id, 2U) << "only the one that missed it";
      EXPECT_EQ(request.run().epoch(), 5U);
      EXPECT_FALSE(request.take_over());
      accepted = true;
      return grpc::Status::OK;
    };
  }
  auto agents = Make();
  EXPECT_FALSE(agents.Observe({.run = kRun})[1].answered) << "unknown in this round";
  EXPECT_TRUE(agents.Observe({.run = kRun})[1].answered);
}

TEST_F(GrpcAgentsTest, ErrorsKeepCodeAndReasonAndNameTheServer) {
  fakes_[0].operate.on_begin = [](const auto&, auto&) {
    return grpc::Status(grpc::StatusCode::ABORTED, "held by run-9", "lease.held");
  };
  auto agents = Make();
  const auto status = agents.Begin({1}, {.run = kRun}, {});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code(), base::ErrorCode::kAborted);
  EXPECT_EQ(status.error().reason(), "lease.held");
  EXPECT_EQ(status.error().message(), "server 1 (agent agent1:7443): held by run-9");
}

TEST_F(GrpcAgentsTest, PermitsTravelWithProceedAndRollBack) {
  fakes_[1].operate.on_permit = [](const v1::RequestPermitRequest& request, auto& reply) {
    EXPECT_EQ(request.call().operation_id(), "run-1/2");
    reply.set_permit_id("p-7");
    reply.set_valid_ms(3000);
    return grpc::Status::OK;
  };
  std::vector<std::string> permits;
  fakes_[1].operate.on_proceed = [&](const v1::ProceedRequest& request, auto&) {
    permits.push_back(request.permit_id());
    return grpc::Status::OK;
  };
  fakes_[1].operate.on_roll_back = [&](const v1::RollBackRequest& request, auto&) {
    permits.push_back(request.permit_id());
    return grpc::Status::OK;
  };
  auto agents = Make();
  const Call call{.run = kRun, .operation_id = "run-1/2", .sequence = 1};
  const auto permit = agents.RequestPermit({2}, call);
  ASSERT_TRUE(permit);
  EXPECT_TRUE(agents.Proceed({2}, call, permit->id));
  EXPECT_TRUE(agents.RollBack({2}, call, "p-8"));
  EXPECT_EQ(permits, (std::vector<std::string>{"p-7", "p-8"}));
}

TEST_F(GrpcAgentsTest, StepsOfAnOperationArriveInsideObserve) {
  v1::OperationEvent event;
  event.set_state("stopping");
  event.set_detail("pid 7\x1b[2J");
  fakes_[1].operate.steps = {event};
  fakes_[1].operate.on_proceed = [](const auto&, v1::OperationReply& reply) {
    reply.set_sequence(7);
    return grpc::Status::OK;
  };
  for (std::uint32_t id = 1; id <= 3; ++id) {
    fakes_[id - 1].observe.on_observe = [id](const auto&, v1::Observation& reply) {
      reply.set_server(id);
      return grpc::Status::OK;
    };
  }
  std::vector<StepEvent> told;
  on_step_ = [&told](const StepEvent& step) { told.push_back(step); };
  auto agents = Make();
  const Call call{.run = kRun, .operation_id = "run-1/2", .sequence = 1};
  ASSERT_TRUE(agents.Proceed({2}, call, ""));
  ASSERT_TRUE(agents.Proceed({2}, call, ""));
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (told.empty() && std::chrono::steady_clock::now() < patience) {
    static_cast<void>(agents.Observe({.run = kRun}));
  }
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].server.value, 2U);
  EXPECT_EQ(told[0].state, model::OperationState::kStopping);
  EXPECT_EQ(told[0].detail, "pid 7?[2J");
  EXPECT_FALSE(told[0].permitted);
  EXPECT_EQ(fakes_[1].operate.watches, 1) << "an operation is watched once";
  EXPECT_EQ(fakes_[1].operate.watched_after, 6U) << "from the change on that the call made";
}

// Actual: where the answer of the call that stops a server is lost, nothing is told of its way down
// and up. Expected: all that came after what was known.
TEST_F(GrpcAgentsTest, WhereOnlyTheAnswerIsLostTheStepsAreToldAllTheSame) {
  fakes_[1].operate.on_begin = [](const auto&, v1::OperationReply& reply) {
    reply.set_sequence(3);
    return grpc::Status::OK;
  };
  fakes_[1].operate.on_proceed = [](const auto&, auto&) {
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "Socket closed");
  };
  on_step_ = [](const StepEvent&) {};
  auto agents = Make();
  const Call call{.run = kRun, .operation_id = "run-1/2", .sequence = 1};
  auto& watched = fakes_[1].operate.watched;
  EXPECT_FALSE(agents.Proceed({2}, call, ""));
  ASSERT_TRUE(watched.try_acquire_for(std::chrono::seconds(20)));
  EXPECT_EQ(fakes_[1].operate.watched_after, 0U) << "taken over: nothing is known of it here";
  const Call other{.run = kRun, .operation_id = "run-1/3", .sequence = 2};
  ASSERT_TRUE(agents.Begin({2}, other, {}));
  EXPECT_FALSE(agents.Proceed({2}, other, ""));
  ASSERT_TRUE(watched.try_acquire_for(std::chrono::seconds(20)));
  EXPECT_EQ(fakes_[1].operate.watched_after, 3U);
}

// The connection breaks together with the answer: an agent that is away for a moment is waited for.
TEST_F(GrpcAgentsTest, StepsAreToldAlsoWhereTheAgentIsBackLaterOnly) {
  const auto directory = sys::TempDir::Create("/tmp", "zw-agents-");
  ASSERT_TRUE(directory) << directory.error().message();
  const std::string address = "unix:" + (directory->path() / "agent").native();
  grpc::ChannelArguments soon;
  soon.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 20);
  soon.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 20);
  soon.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 20);
  GrpcAgentsOptions options;
  options.ensemble = "lab";
  options.servers = {{.id = {1}, .host = "h", .agent = "agent1:7443"}};
  options.on_step = [](const StepEvent&) {};
  options.channel = [&](const model::ServerSpec&) {
    return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), soon);
  };
  FakeOperate operate;
  std::unique_ptr<grpc::Server> server;
  GrpcAgents agents(std::move(options));
  const Call call{.run = kRun, .operation_id = "run-1/1", .sequence = 1};
  EXPECT_FALSE(agents.Proceed({1}, call, ""));
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address, grpc::InsecureServerCredentials());
  builder.RegisterService(&operate);
  server = builder.BuildAndStart();
  ASSERT_NE(server, nullptr);
  EXPECT_TRUE(operate.watched.try_acquire_for(std::chrono::seconds(20)));
}

TEST_F(GrpcAgentsTest, WhatAnAgentRefusesIsNotWatched) {
  fakes_[1].operate.on_proceed = [](const auto&, auto&) {
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "not now", "permit.used");
  };
  on_step_ = [](const StepEvent&) {};
  {
    auto agents = Make();
    const Call call{.run = kRun, .operation_id = "run-1/2", .sequence = 1};
    EXPECT_FALSE(agents.Proceed({2}, call, ""));
    EXPECT_TRUE(agents.GetStatus(std::chrono::seconds(10))[1].answered);
  }
  EXPECT_EQ(fakes_[1].operate.watches, 0);
}

// An agent from before names none of those beside.
TEST_F(GrpcAgentsTest, StagedArchivesAndWhatWasAdoptedAreListedBesideReleases) {
  fakes_[0].release.listed.add_releases()->set_name("3.9.4-11111111");
  auto& now = fakes_[1].release.listed;
  now = fakes_[0].release.listed;
  now.add_archives()->set_sha512("9418f5e1" + std::string(120, '0'));
  now.mutable_adopted()->set_version("3.8.6");
  now.mutable_adopted()->mutable_generation()->set_current(true);
  auto& unknown = *now.add_unknown();
  unknown.set_digest("0123456789abcdef");
  unknown.set_problem("its link is gone");
  auto agents = Make();
  const auto answers = agents.GetReleases(/*verify=*/false);
  ASSERT_EQ(answers[0].result->size(), 1U);
  EXPECT_EQ(answers[0].result->front().kind, ReleaseKind::kUnpacked);
  const auto& listed = *answers[1].result;
  ASSERT_EQ(listed.size(), 4U);
  EXPECT_EQ(listed[1].kind, ReleaseKind::kArchive);
  EXPECT_EQ(listed[1].name, "archive-9418f5e1");
  EXPECT_EQ(listed[2].kind, ReleaseKind::kAdopted);
  EXPECT_EQ(listed[2].name, "3.8.6 (adopted)");
  EXPECT_TRUE(listed[2].generations[0].current);
  EXPECT_EQ(listed[3].kind, ReleaseKind::kUnknown);
  EXPECT_EQ(listed[3].name, "generation-0123456789abcdef");
  EXPECT_EQ(listed[3].problem, "its link is gone");
}

TEST_F(GrpcAgentsTest, LeasesAreAnsweredOneByOne) {
  for (std::size_t i = 0; i < 3; ++i) {
    fakes_[i].lease.on_acquire = [i](const v1::AcquireRequest& request, v1::Lease& reply) {
      EXPECT_TRUE(request.take_over());
      reply.set_epoch(request.run().epoch());
      return i == 2
                 ? grpc::Status(
                       grpc::StatusCode::ABORTED, "a higher epoch is stored", "fencing.lower_epoch")
                 : grpc::Status::OK;
    };
  }
  auto agents = Make();
  const auto answers = agents.Acquire(kRun, /*take_over=*/true);
  ASSERT_EQ(answers.size(), 3U);
  EXPECT_EQ(answers[0].result->epoch.value, 5U);
  EXPECT_EQ(answers[1].server.value, 2U);
  ASSERT_FALSE(answers[2].result);
  EXPECT_EQ(answers[2].result.error().reason(), "fencing.lower_epoch");
}

TEST_F(GrpcAgentsTest, RecordsAreWrittenToAllAndReadFromAll) {
  for (auto& fake : fakes_) {
    fake.record.on_put = [](const v1::PutRecordRequest& request, auto& reply) {
      EXPECT_EQ(request.state_json(), "{}");
      EXPECT_EQ(request.events_size(), 1);
      reply.set_sequence(request.sequence());
      return grpc::Status::OK;
    };
    fake.record.on_list = [](const auto&, v1::ListRecordsResponse& reply) {
      reply.add_runs()->set_run_id("run-1");
      return grpc::Status::OK;
    };
  }
  fakes_[2].record.on_list = [](const auto&, v1::ListRecordsResponse& reply) {
    reply.add_runs()->set_run_id("bad id");
    return grpc::Status::OK;
  };
  auto agents = Make();
  const auto stored = agents.PutRecord(kRun, 8, "{}", {{.kind = "run.started"}});
  ASSERT_EQ(stored.size(), 3U);
  EXPECT_EQ(*stored[2].result, 8U);
  const auto listed = agents.ListRecords();
  ASSERT_TRUE(listed[0].result);
  EXPECT_EQ(listed[0].result->front().run_id, "run-1");
  EXPECT_FALSE(listed[2].result);
}

}  // namespace
}  // namespace zoowarden::controller
