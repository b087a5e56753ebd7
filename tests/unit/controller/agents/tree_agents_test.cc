// What of a tree an agent may send, over a real gRPC stream in this process.
#include "controller/agents/grpc_agents.h"
#include "rpc/status.h"
#include "tests/support/wait_until.h"
#include "zoowarden/v1/tree.grpc.pb.h"

#include <gmock/gmock.h>
#include <grpcpp/channel.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <atomic>
#include <functional>
#include <future>
#include <string>

namespace zoowarden::controller {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const RunIdentity kRun{.run_id = "run-1", .epoch = {5}, .holder = "operator"};

struct FakeTree final : v1::TreeService::Service {
  using Batches = grpc::ServerWriter<v1::ZnodeBatch>;
  std::function<grpc::Status(const v1::WalkTreeRequest&, Batches&)> on_walk;
  std::function<grpc::Status(const v1::ReadZnodesRequest&, v1::ZnodeBatch&)> on_read;

  grpc::Status WalkTree(grpc::ServerContext* /*context*/,
                        const v1::WalkTreeRequest* request,
                        Batches* batches) override {
    return on_walk(*request, *batches);
  }
  grpc::Status ReadZnodes(grpc::ServerContext* /*context*/,
                          const v1::ReadZnodesRequest* request,
                          v1::ZnodeBatch* reply) override {
    return on_read(*request, *reply);
  }
};

v1::ZnodeBatch Batch(const std::vector<std::string>& paths, v1::Sight sight = v1::SIGHT_PRESENT) {
  v1::ZnodeBatch batch;
  for (const auto& path : paths) {
    auto& znode = *batch.add_znodes();
    znode.set_path(path);
    znode.set_sight(sight);
    znode.set_czxid(7);
    znode.set_data_crc(0xdeadbeef);
    znode.set_ephemeral_owner(~std::uint64_t{0});
  }
  return batch;
}

class TreeAgentsTest : public testing::Test {
 protected:
  TreeAgentsTest() {
    grpc::ServerBuilder builder;
    builder.RegisterService(&tree_);
    server_ = builder.BuildAndStart();
  }

  GrpcAgents Make() {
    GrpcAgentsOptions options;
    options.ensemble = "lab";
    options.servers.push_back({.id = {2}, .host = "h", .agent = "agent2:7443"});
    options.servers.push_back({.id = {3}, .host = "h", .agent = "agent3:7443"});
    options.channel = [this](const model::ServerSpec&) { return server_->InProcessChannel({}); };
    return GrpcAgents(std::move(options));
  }

  // The paths until the end, or the reason of the error.
  std::vector<std::string> Walked() {
    auto agents = Make();
    const auto walk = agents.Walk({2}, {.run = kRun, .at_least = {9}, .znodes_per_second = 3});
    std::vector<std::string> paths;
    while (true) {
      const auto batch = walk->Next();
      if (!batch) {
        EXPECT_THAT(batch.error().message(), HasSubstr("server 2"));
        return {batch.error().reason()};
      }
      if (batch->empty()) {
        return paths;
      }
      for (const auto& znode : *batch) {
        paths.push_back(znode.path);
      }
    }
  }
  std::string ReasonAfter(const v1::ZnodeBatch& batch) {
    tree_.on_walk = [&batch](const auto&, FakeTree::Batches& batches) {
      batches.Write(batch);
      return grpc::Status::OK;
    };
    return Walked().front();
  }

  FakeTree tree_;
  std::unique_ptr<grpc::Server> server_;
};

TEST_F(TreeAgentsTest, AWalkGivesWhatTheAgentSends) {
  v1::WalkTreeRequest asked;
  tree_.on_walk = [&asked](const auto& request, FakeTree::Batches& batches) {
    asked = request;
    batches.Write(Batch({"/", "/a"}));
    batches.Write(Batch({"/b"}));
    return grpc::Status::OK;
  };
  EXPECT_THAT(Walked(), ElementsAre("/", "/a", "/b"));
  EXPECT_EQ(asked.run().epoch(), 5U);
  EXPECT_EQ(asked.at_least(), 9U);
  EXPECT_EQ(asked.znodes_per_second(), 3U);
}

TEST_F(TreeAgentsTest, WhatNoAgentSendsIsRefused) {
  EXPECT_EQ(ReasonAfter(Batch({"a"})), "wire.bad_value");
  EXPECT_EQ(ReasonAfter(Batch({"/a/../b"})), "wire.bad_value");
  EXPECT_EQ(ReasonAfter(Batch({"/"}, v1::SIGHT_UNSPECIFIED)), "wire.bad_value");
  EXPECT_EQ(ReasonAfter(Batch({"/"}, static_cast<v1::Sight>(99))), "wire.bad_value");
}

TEST_F(TreeAgentsTest, AMessageWithoutZnodesSaysThatTheWalkGoesOn) {
  v1::WalkTreeRequest asked;
  tree_.on_walk = [&asked](const auto& request, FakeTree::Batches& batches) {
    asked = request;
    for (const auto& batch :
         {Batch({}), Batch({"/"}), Batch({}), Batch({}), Batch({"/a"}), Batch({})}) {
      batches.Write(batch);
    }
    return grpc::Status::OK;
  };
  EXPECT_THAT(Walked(), ElementsAre("/", "/a"));
  EXPECT_TRUE(asked.empty_batches());
}

TEST_F(TreeAgentsTest, AWalkThatSaysNothingIsStoppedOnRequest) {
  std::promise<void> over;
  tree_.on_walk = [&over](const auto&, FakeTree::Batches&) {
    over.get_future().wait();
    return grpc::Status::OK;
  };
  auto agents = Make();
  const auto walk = agents.Walk({2}, {.run = kRun, .stop_requested = [] { return true; }});
  const auto batch = walk->Next();
  ASSERT_FALSE(batch);
  EXPECT_EQ(batch.error().reason(), "tree.stopped");
  over.set_value();
}

// Actual: a lease is renewed by what walks and reads alone, so it lapses while a walk is held up.
TEST_F(TreeAgentsTest, TheLeaseIsRenewedWhileAWalkWaits) {
  std::atomic<int> renewals = 0;
  tree_.on_read = [&renewals](const v1::ReadZnodesRequest& request, v1::ZnodeBatch&) {
    EXPECT_EQ(request.paths_size(), 0);
    EXPECT_EQ(request.run().epoch(), 5U);
    EXPECT_EQ(request.run().ensemble(), "lab");
    ++renewals;
    return grpc::Status::OK;
  };
  tree_.on_walk = [&renewals](const auto&, FakeTree::Batches& batches) {
    test::WaitUntil([&] { return renewals >= 4; });  // two agents, and a second goes by
    batches.Write(Batch({"/"}));
    return grpc::Status::OK;
  };
  auto agents = Make();
  const auto walk = agents.Walk({2}, {.run = kRun});
  const auto renewal = agents.KeepLease(kRun);
  EXPECT_TRUE(walk->Next());
  EXPECT_GE(renewals, 4);
}

TEST_F(TreeAgentsTest, AnErrorInTheMiddleIsNoEnd) {
  tree_.on_walk = [](const auto&, FakeTree::Batches& batches) {
    batches.Write(Batch({"/"}));
    return rpc::ToGrpcStatus(
        base::Error(base::ErrorCode::kUnavailable, "zk.closed", "the member went away"));
  };
  EXPECT_THAT(Walked(), ElementsAre("zk.closed"));
}

TEST_F(TreeAgentsTest, AWalkThatIsNotWantedAnyMoreEndsAtTheAgent) {
  std::atomic<bool> ended = false;
  tree_.on_walk = [&ended](const auto&, FakeTree::Batches& batches) {
    while (batches.Write(Batch({"/"}))) {
    }
    ended = true;
    return grpc::Status::OK;
  };
  {
    auto agents = Make();
    const auto walk = agents.Walk({2}, {.run = kRun});
    EXPECT_TRUE(walk->Next());
  }
  server_->Shutdown();
  server_->Wait();
  EXPECT_TRUE(ended);
}

TEST_F(TreeAgentsTest, ZnodesThatWereNotAskedForAreRefused) {
  auto agents = Make();
  const std::vector<std::string> paths{"/a", "/b"};
  const auto reason_after = [&](const v1::ZnodeBatch& answer) {
    tree_.on_read = [&answer](const auto&, v1::ZnodeBatch& reply) {
      reply = answer;
      return grpc::Status::OK;
    };
    const auto answers = agents.ReadZnodes(kRun, {{2}}, {9}, paths);
    return answers.front().result ? "" : answers.front().result.error().reason();
  };
  EXPECT_EQ(reason_after(Batch({"/a", "/b"})), "");
  EXPECT_EQ(reason_after(Batch({"/b", "/a"})), "wire.bad_value");
  EXPECT_EQ(reason_after(Batch({"/a"})), "wire.bad_value");
  EXPECT_EQ(reason_after(Batch({"/a", "/b", "/c"})), "wire.bad_value");
  tree_.on_read = [](const v1::ReadZnodesRequest& request, v1::ZnodeBatch& reply) {
    EXPECT_EQ(request.at_least(), 9U);
    reply = Batch({request.paths(0), request.paths(1)});
    return grpc::Status::OK;
  };
  const auto answers = agents.ReadZnodes(kRun, {{2}}, {9}, paths);
  ASSERT_TRUE(answers.front().result);
  const auto& facts = answers.front().result->front().facts;
  EXPECT_EQ(facts.created, model::Zxid{7});
  EXPECT_EQ(facts.data_crc, 0xdeadbeef);
  EXPECT_EQ(facts.owner, -1);
}

}  // namespace
}  // namespace zoowarden::controller
