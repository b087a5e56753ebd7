#include "controller/cli/last_words.h"

#include "sys/files.h"

#include <gtest/gtest.h>

#include <fstream>

namespace zoowarden::controller {
namespace {

class LastWordsTest : public testing::Test {
 protected:
  void SetUp() override {
    auto directory = sys::TempDir::Create(testing::TempDir(), "words.");
    ASSERT_TRUE(directory);
    directory_ = std::make_unique<sys::TempDir>(std::move(*directory));
    log_ = directory_->path() / "log";
  }
  void Say(const std::string& text) const { std::ofstream(log_, std::ios::app) << text; }

  std::unique_ptr<sys::TempDir> directory_;
  std::filesystem::path log_;
};

TEST_F(LastWordsTest, AreTheLastErrorOrTheEnd) {
  EXPECT_EQ(LastWords(log_), "");
  Say("planning\nsteps\n");
  EXPECT_EQ(LastWords(log_), "planning steps");
  Say("error: one\nerror: two\nnext: mend it\n");
  EXPECT_EQ(LastWords(log_), "error: two next: mend it");
}

TEST_F(LastWordsTest, OfAnEarlierCommandAreNotThoseOfTheNext) {
  ASSERT_TRUE(BeginWords(log_, "apply --yes"));
  Say("error: an old one\n");
  ASSERT_TRUE(BeginWords(log_, "verify"));
  EXPECT_EQ(LastWords(log_), "");
  Say("problem: server 2 is behind (not_proved)\n");
  EXPECT_EQ(LastWords(log_), "problem: server 2 is behind (not_proved)");
}

TEST_F(LastWordsTest, OfALongLogAreAtItsEnd) {
  ASSERT_TRUE(BeginWords(log_, "apply --yes"));
  const std::string line(1'000, 'x');
  for (int i = 0; i < 2'000; ++i) {
    Say(line + "\n");
  }
  EXPECT_EQ(LastWords(log_).substr(0, 900), line.substr(0, 900));
  Say("error: it never joined\n");
  EXPECT_EQ(LastWords(log_), "error: it never joined");
}

}  // namespace
}  // namespace zoowarden::controller
