// What a kill or a removal left behind is found by nobody: where it will not go, the agent starts
// all the same, because only an agent can bring a stopped server back.
#include "agent/install/generations.h"
#include "agent/install/releases.h"
#include "tests/unit/agent/install/scratch.h"

#include <gmock/gmock.h>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class LeftoversTest : public ScratchTest {
 protected:
  // Deeper than what the agent removes, so that root cannot either.
  void MakeOneThatStays(const fs::path& path) {
    fs::path deep = path;
    for (int i = 0; i < 300; ++i) {
      deep /= "d";
    }
    fs::create_directories(deep);
  }
};

TEST_F(LeftoversTest, OfGenerationsThatWillNotGoAreAWarning) {
  const fs::path generations = scratch() / "generations";
  MakeOneThatStays(generations / ".new-aaaaaa");
  MakeOneThatStays(generations / ".old-aaaaaa");
  Write(generations / ".old-bbbbbb/0123456789abcdef/generation.json", "{}");
  ::testing::internal::CaptureStderr();
  const auto opened = Generations::Open(generations, std::nullopt);
  const std::string log = ::testing::internal::GetCapturedStderr();
  ASSERT_TRUE(opened) << opened.error().message();
  EXPECT_THAT(log, HasSubstr((generations / ".new-aaaaaa").native()));
  EXPECT_THAT(log, HasSubstr((generations / ".old-aaaaaa").native()));
  EXPECT_EQ(CountEntries(generations), 2);
}

TEST_F(LeftoversTest, OfReleasesThatWillNotGoAreAWarning) {
  const fs::path releases = scratch() / "releases";
  MakeOneThatStays(releases / ".old-aaaaaa");
  MakeOneThatStays(releases / ".unpack-aaaaaa");
  Write(releases / ".unpack-bbbbbb/bin/zkServer.sh", "");
  ::testing::internal::CaptureStderr();
  const auto opened = Releases::Open({.uploads = scratch() / "uploads", .releases = releases});
  const std::string log = ::testing::internal::GetCapturedStderr();
  ASSERT_TRUE(opened) << opened.error().message();
  EXPECT_THAT(log, HasSubstr((releases / ".old-aaaaaa").native()));
  EXPECT_THAT(log, HasSubstr((releases / ".unpack-aaaaaa").native()));
  EXPECT_EQ(CountEntries(releases), 2);
  EXPECT_TRUE(opened->List()->empty());
}

}  // namespace
}  // namespace zoowarden::agent
