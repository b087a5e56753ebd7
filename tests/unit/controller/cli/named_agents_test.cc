#include "tests/unit/controller/cli/run_fixture.h"

#include <gmock/gmock.h>

#include <map>

namespace zoowarden::controller {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Agents that tell who they are, in the order in which they are asked.
class Strangers final : public ForeignServers {
 public:
  std::vector<base::Result<model::ServerId>> Identify() override {
    std::vector<base::Result<model::ServerId>> answers;
    for (const auto id : ids) {
      if (id == 0) {
        answers.emplace_back(base::Fail(base::ErrorCode::kUnavailable, "", "connection refused"));
      } else {
        answers.emplace_back(model::ServerId{id});
      }
    }
    return answers;
  }
  std::vector<base::Result<model::Discovery>> Discover() override { return {}; }
  base::Status Adopt(std::size_t, const RunIdentity&, const ApprovedServer&) override {
    return base::Ok();
  }
  std::vector<std::uint32_t> ids;  // 0 = it does not answer
};

class NamedAgentsTest : public RunsTest {
 protected:
  void SetUp() override {
    RunsTest::SetUp();
    environment_.erase("ZOOWARDEN_ENSEMBLE");
    foreign_ = strangers_;
  }
  // A run of three servers that each of the asked agents has.
  void AllHaveARun() {
    const auto loaded = config::LoadEnsembleFile(Path("ensemble.yaml"));
    ASSERT_TRUE(loaded);
    auto file = File("r-5", 1'700'000'000'000);
    file.spec = loaded->spec;
    for (std::uint32_t id = 1; id <= 3; ++id) {
      words_.records.push_back({{id}, std::vector{Record(file, 4, 2)}});
      words_.record.push_back({{id}, Record(file, 4, 2)});
    }
  }
  [[nodiscard]] std::vector<std::string> AskedLast() const {
    std::vector<std::string> asked;
    for (const auto& server : connected_to_) {
      asked.push_back(ToString(server.id) + " " + server.agent);
    }
    return asked;
  }
  std::shared_ptr<Strangers> strangers_ = std::make_shared<Strangers>();
};

TEST_F(NamedAgentsTest, ACertificateAndTheAgentsAddressesAreEnoughToSeeARun) {
  strangers_->ids = {2, 1, 3};
  AllHaveARun();
  const auto outcome = Run({"runs", "list", "--agents", "b:1,a:1, c:1"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("r-5"));
  EXPECT_EQ(outcome.err, "");
  EXPECT_THAT(AskedLast(), ElementsAre("2 b:1", "1 a:1", "3 c:1"));
}

TEST_F(NamedAgentsTest, ASilentAgentCountsWhereARecordSaysWhichServerItIsOf) {
  strangers_->ids = {1, 0, 0};
  AllHaveARun();
  const auto outcome = Run({"runs", "list", "--agents", "127.0.11.1:17443,127.0.11.3:17443,x:1"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(AskedLast(), ElementsAre("1 127.0.11.1:17443", "3 127.0.11.3:17443"));
  EXPECT_EQ(outcome.err,
            "warning: connection refused; it is left out, no record says which server it is of\n");
}

TEST_F(NamedAgentsTest, WithoutAnyAnswerThereIsNothingToShow) {
  strangers_->ids = {0, 0};
  const auto outcome = Run({"runs", "list", "--agents", "a:1,b:1"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("none of the agents in --agents answers"));
  EXPECT_THAT(outcome.err, HasSubstr("connection refused"));
}

TEST_F(NamedAgentsTest, AListThatCannotBeMeantIsRefused) {
  const std::map<std::string, std::string> wrong{
      {"a", "'a' is none"}, {"a:1,a:1", "names a:1 twice"}, {"", "'' is none"}};
  for (const auto& [list, why] : wrong) {
    const auto outcome = Run({"runs", "list", "--agents", list});
    EXPECT_EQ(outcome.code, 2) << list;
    EXPECT_THAT(outcome.err, HasSubstr(why));
  }
  strangers_->ids = {1, 1};
  const auto outcome = Run({"runs", "list", "--agents", "a:1,b:1"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("--agents names server 1 twice: a:1 and b:1"));
}

TEST_F(NamedAgentsTest, WhatARunLeadsToIsWrittenForAMachineThatHasNothing) {
  strangers_->ids = {1, 2, 3};
  AllHaveARun();
  const std::string all = "127.0.11.1:17443,127.0.11.2:17443,127.0.11.3:17443";
  const auto outcome =
      Run({"runs", "show", "r-5", "--agents", all, "--write-ensemble", Path("new.yaml")});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  const auto written = config::LoadEnsembleFile(Path("new.yaml"));
  ASSERT_TRUE(written) << written.error().message();
  EXPECT_EQ(written->spec.config, config::LoadEnsembleFile(Path("ensemble.yaml"))->spec.config);
}

// One agent in other hands must not say what the ensemble should be.
TEST_F(NamedAgentsTest, FewerAgentsThanTheRunHasServersAreNotEnoughToWriteIt) {
  strangers_->ids = {1};
  AllHaveARun();
  words_.record.resize(1);
  const auto outcome = Run({"runs",
                            "show",
                            "r-5",
                            "--agents",
                            "127.0.11.1:17443",
                            "--write-ensemble",
                            Path("new.yaml")});
  EXPECT_EQ(outcome.code, 5);
  EXPECT_THAT(outcome.err,
              HasSubstr("the run has 3 servers and 1 of their agents are asked; say --agents "
                        "127.0.11.1:17443,127.0.11.2:17443,127.0.11.3:17443"));
  EXPECT_FALSE(std::filesystem::exists(Path("new.yaml")));
}

}  // namespace
}  // namespace zoowarden::controller
