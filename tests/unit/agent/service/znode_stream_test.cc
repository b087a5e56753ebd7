#include "agent/service/znode_stream.h"

#include "agent/observe/tree_walk.h"
#include "sys/manual_clock.h"
#include "tests/support/wait_until.h"
#include "zoowarden/v1/tree.grpc.pb.h"

#include <gmock/gmock.h>
#include <grpcpp/channel.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <mutex>

namespace zoowarden::agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;

model::Znode Present(const std::string& path) {
  return {.path = path, .sight = model::Sight::kPresent};
}

class ZnodeStreamTest : public testing::Test {
 protected:
  ZnodeStream Make(bool empty_batches) {
    return ZnodeStream(
        {.expected = 9, .empty_batches = empty_batches},
        clock_,
        [this]() -> base::Status {
          ++renewals_;
          return renewed_;
        },
        [this](const v1::ZnodeBatch& batch) {
          sizes_.push_back(batch.znodes_size());
          expected_.push_back(batch.expected());
          return taken_;
        });
  }

  sys::ManualClock clock_;
  int renewals_ = 0;
  base::Status renewed_;
  bool taken_ = true;
  std::vector<int> sizes_;
  std::vector<std::uint64_t> expected_;
};

TEST_F(ZnodeStreamTest, AMessageIsSentWhenItIsFull) {
  auto stream = Make(true);
  const std::string path = "/" + std::string(1'000, 'a');
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(stream.Add(Present(path)));
  }
  EXPECT_THAT(sizes_, ElementsAre(60));  // 64 KiB of 1,081 each
  ASSERT_TRUE(stream.Flush());
  EXPECT_THAT(sizes_, ElementsAre(60, 40));
  EXPECT_THAT(expected_, ElementsAre(9, 0));
  ASSERT_TRUE(stream.Flush());
  EXPECT_EQ(sizes_.size(), 2U);
  EXPECT_EQ(renewals_, 0);
}

TEST_F(ZnodeStreamTest, OnceASecondItTellsWhatThereIsAndRenews) {
  auto stream = Make(false);
  for (int i = 0; i < 30; ++i) {
    if (i < 10) {
      ASSERT_TRUE(stream.Add(Present("/a")));
    }
    clock_.Advance(milliseconds(100));
    ASSERT_TRUE(stream.Tick());
  }
  EXPECT_THAT(sizes_, ElementsAre(10));
  EXPECT_EQ(renewals_, 3);
}

TEST_F(ZnodeStreamTest, ALeaseThatIsLostAndACallerThatIsGoneEndTheWalk) {
  auto stream = Make(true);
  clock_.Advance(seconds(1));
  renewed_ = base::Fail(base::ErrorCode::kAborted, "fence.stale_epoch", "another run");
  EXPECT_EQ(stream.Tick().error().reason(), "fence.stale_epoch");
  renewed_ = base::Ok();
  taken_ = false;
  clock_.Advance(seconds(1));
  EXPECT_EQ(stream.Tick().error().reason(), "tree.not_taken");
}

// A hundred thousand names of znodes that are gone by the time they are read.
class Vanished final : public ZnodeSource {
 public:
  explicit Vanished(sys::ManualClock& clock) : clock_(clock) {}
  base::Result<std::vector<zknet::ReadZnode>> Read(std::span<const std::string> paths) override {
    clock_.Advance(milliseconds(100));
    std::vector<zknet::ReadZnode> read;
    for (const auto& path : paths) {
      auto& one = read.emplace_back();
      one.znode.path = path;
      if (path == "/") {
        one.znode.sight = model::Sight::kPresent;
        one.children = kNames;
      }
    }
    return read;
  }
  base::Result<std::vector<zknet::ChildNames>> Children(std::span<const std::string>) override {
    const auto number = [](int value) {
      std::string bytes(4, '\0');
      bytes[2] = static_cast<char>(value / 256);
      bytes[3] = static_cast<char>(value % 256);
      return bytes;
    };
    std::string body = number(kNames);
    for (int i = 0; i < kNames; ++i) {
      const auto name = std::to_string(i);
      body += number(static_cast<int>(name.size())) + name;
    }
    return std::vector{zknet::ChildNames::Parse(body + std::string(68, '\0')).value()};
  }
  [[nodiscard]] std::size_t Window() const override { return 10; }

 private:
  static constexpr int kNames = 10'000;
  sys::ManualClock& clock_;
};

TEST_F(ZnodeStreamTest, AWalkThatFindsNothingSaysThatItGoesOn) {
  for (const bool empty_batches : {true, false}) {
    sizes_.clear();
    renewals_ = 0;
    auto stream = Make(empty_batches);
    Vanished source(clock_);
    ASSERT_TRUE(WalkTree(
        source,
        [&stream](const model::Znode& znode) { return stream.Add(znode); },
        [&stream] { return stream.Tick(); }));
    ASSERT_TRUE(stream.Flush());
    // A hundred seconds, and the root in the first of them.
    EXPECT_EQ(renewals_, 100);
    EXPECT_EQ(sizes_.size(), empty_batches ? 100U : 1U);
    EXPECT_EQ(sizes_.front(), 1);
  }
}

// Sends until nobody takes it.
struct Endless final : v1::TreeService::Service {
  grpc::Status WalkTree(grpc::ServerContext* context,
                        const v1::WalkTreeRequest*,
                        grpc::ServerWriter<v1::ZnodeBatch>* batches) override {
    sys::ManualClock clock;
    ZnodeStream stream(
        {}, clock, [] { return base::Ok(); }, TakenWithin(milliseconds(50), *context, *batches));
    const auto znode = Present("/" + std::string(50'000, 'a'));
    base::Status sent;
    while (sent) {
      sent = stream.Add(znode);
    }
    const std::lock_guard lock(mutex);
    ended = sent.error().reason();
    return grpc::Status::CANCELLED;
  }
  std::string Ended() {
    const std::lock_guard lock(mutex);
    return ended;
  }
  std::mutex mutex;
  std::string ended;
};

TEST(TakenWithinTest, ACallerThatTakesNothingIsLeft) {
  Endless service;
  grpc::ServerBuilder builder;
  builder.RegisterService(&service);
  const auto server = builder.BuildAndStart();
  const auto stub = v1::TreeService::NewStub(server->InProcessChannel({}));
  grpc::ClientContext context;
  const auto walk = stub->WalkTree(&context, {});
  test::WaitUntil([&] { return !service.Ended().empty(); });
  EXPECT_EQ(service.Ended(), "tree.not_taken");
  v1::ZnodeBatch batch;
  while (walk->Read(&batch)) {
  }
  EXPECT_FALSE(walk->Finish().ok());
}

}  // namespace
}  // namespace zoowarden::agent
