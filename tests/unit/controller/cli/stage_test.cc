#include "tests/unit/controller/cli/fake_world.h"

#include <gmock/gmock.h>

namespace zoowarden::controller {
namespace {

// Remembers what was sent under which run.
class StagedAgents final : public SpokenAgents {
 public:
  using SpokenAgents::SpokenAgents;
  base::Status Upload(model::ServerId server,
                      const RunIdentity& run,
                      const model::ReleaseSpec& release) override {
    sent.push_back(ToString(server) + " " + release.version.ToString() + " " +
                   std::to_string(run.epoch.value) + run.run_id + run.holder);
    if (server == refusing) {
      return base::Fail(base::ErrorCode::kAborted, "lease.held", "run 'r' holds this server");
    }
    return base::Ok();
  }
  std::vector<std::string> sent;
  model::ServerId refusing;
};

class StageTest : public CommandLineTest {
 protected:
  void SetUp() override {
    CommandLineTest::SetUp();
    agents_ = staged_;
    identity_ = "zoowarden://lab/planner";
  }
  std::shared_ptr<StagedAgents> staged_ = std::make_shared<StagedAgents>(words_);
};

TEST_F(StageTest, APlannerSendsTheReleaseToEveryServerWithoutARun) {
  const auto outcome = Run({"stage"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(staged_->sent, testing::ElementsAre("1 3.9.4 0", "2 3.9.4 0", "3 3.9.4 0"));
  EXPECT_NE(outcome.out.find("there"), std::string::npos) << outcome.out;
}

TEST_F(StageTest, AServerThatRefusesIsNamedAndTheOthersGetTheirs) {
  staged_->refusing = {2};
  const auto outcome = Run({"stage", "-o", "json"});
  EXPECT_EQ(outcome.code, static_cast<int>(ExitCode::kHeld)) << outcome.err;
  EXPECT_EQ(staged_->sent.size(), 3U);
  const auto document = Document::FromJson(outcome.out);
  ASSERT_TRUE(document) << outcome.out;
  const auto& servers = std::get<Document::List>(document->Find("servers")->value());
  ASSERT_EQ(servers.size(), 3U);
  EXPECT_TRUE(std::get<bool>(servers[0].Find("staged")->value()));
  EXPECT_FALSE(std::get<bool>(servers[1].Find("staged")->value()));
}

TEST_F(StageTest, AnArchiveWithoutItsVersionIsRefused) {
  const auto outcome = Run({"stage", "--release", "zk.tar.gz"});
  EXPECT_EQ(outcome.code, static_cast<int>(ExitCode::kUsage));
  EXPECT_TRUE(staged_->sent.empty());
}

}  // namespace
}  // namespace zoowarden::controller
