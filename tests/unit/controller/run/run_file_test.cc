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

}  // namespace
}  // namespace zoowarden::controller
