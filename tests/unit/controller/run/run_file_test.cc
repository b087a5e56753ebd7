#include "controller/run/run_file.h"

#include <gtest/gtest.h>

namespace zoowarden::controller {
namespace {

TEST(RunFileTest, TextThatIsNotUtf8IsStoredAllTheSame) {
  RunFile run{.kind = "upgrade"};
  run.spec.release.version = {3, 9, 4};
  run.state.outcome_text = "check 'smoke' vetoed: caf\xe9 closed";
  const auto read = DecodeRun(EncodeRun(run));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->state.outcome_text, "check 'smoke' vetoed: caf\xef\xbf\xbd closed");
}

TEST(RunFileTest, ARecordOfAProgramBeforePlansHadDigestsIsRead) {
  RunFile run{.kind = "apply"};
  run.spec.release.version = {3, 9, 4};
  const auto before = EncodeRun(run);
  EXPECT_EQ(before.find("plan_digest"), std::string::npos);
  const auto read = DecodeRun(before);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->plan_digest, "");
  run.plan_digest = "d1";
  const auto again = DecodeRun(EncodeRun(run));
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(again->plan_digest, "d1");
}

}  // namespace
}  // namespace zoowarden::controller
