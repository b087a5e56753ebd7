#include "journal/run_store.h"

#include "sys/files.h"

#include <gtest/gtest.h>

namespace zoowarden::journal {
namespace {

RunRow ARun(std::uint64_t epoch, std::uint64_t sequence, std::string state) {
  return {.run_id = "r1",
          .ensemble = "lab",
          .created_ms = 1000,
          .position = {.epoch = epoch, .sequence = sequence},
          .outcome = "",
          .state_json = std::move(state)};
}

RunEventRow AnEvent(std::uint64_t epoch, std::uint64_t sequence, std::string text) {
  return {.position = {.epoch = epoch, .sequence = sequence},
          .time_ms = 5,
          .kind = "gate",
          .server = 3,
          .text = std::move(text),
          .json = "{}"};
}

class RunStoreTest : public ::testing::Test {
 protected:
  RunStoreTest() : store_(OpenRunStoreInMemory().value()) {}
  std::unique_ptr<RunStore> store_;
};

TEST_F(RunStoreTest, AnUnknownRunIsAbsent) {
  EXPECT_EQ(store_->Find("r1").value(), std::nullopt);
  EXPECT_TRUE(store_->List()->empty());
  EXPECT_TRUE(store_->ListEvents("r1")->empty());
}

TEST_F(RunStoreTest, GivesBackWhatWasPut) {
  const RunEventRow event = AnEvent(1, 1, "server 3 joined");
  EXPECT_EQ(store_->Put(ARun(1, 1, "{}"), {event}).value(), (RunPosition{1, 1}));
  EXPECT_EQ(store_->Find("r1").value(), ARun(1, 1, "{}"));
  EXPECT_EQ(store_->ListEvents("r1").value(), std::vector{event});
}

TEST_F(RunStoreTest, AnOlderRowNeverReplacesANewerOne) {
  ASSERT_TRUE(store_->Put(ARun(2, 1, "new"), {}));
  EXPECT_EQ(store_->Put(ARun(1, 99, "old"), {AnEvent(1, 99, "late")}).value(), (RunPosition{2, 1}));
  EXPECT_EQ(store_->Find("r1").value()->state_json, "new");
  EXPECT_EQ(store_->ListEvents("r1")->size(), 1U) << "its events still count";
}

TEST_F(RunStoreTest, AHigherSequenceReplaces) {
  ASSERT_TRUE(store_->Put(ARun(2, 1, "a"), {}));
  ASSERT_TRUE(store_->Put(ARun(2, 2, "b"), {}));
  EXPECT_EQ(store_->Find("r1").value()->state_json, "b");
}

TEST_F(RunStoreTest, CopiesMergeInAnyOrder) {
  const auto one = AnEvent(1, 1, "a");
  const auto two = AnEvent(1, 2, "b");
  const auto three = AnEvent(2, 1, "c");
  ASSERT_TRUE(store_->Put(ARun(2, 1, "s"), {three, one}));
  ASSERT_TRUE(store_->Put(ARun(1, 2, "s"), {two, one}));
  EXPECT_EQ(store_->ListEvents("r1").value(), (std::vector{one, two, three}));
}

TEST_F(RunStoreTest, AnEventIsNeverRewritten) {
  ASSERT_TRUE(store_->Put(ARun(1, 1, "s"), {AnEvent(1, 1, "what happened")}));
  ASSERT_TRUE(store_->Put(ARun(1, 1, "s"), {AnEvent(1, 1, "what we wish had happened")}));
  EXPECT_EQ(store_->ListEvents("r1").value()[0].text, "what happened");
}

TEST_F(RunStoreTest, TheNewestRunIsListedFirst) {
  ASSERT_TRUE(store_->Put(ARun(1, 1, "s"), {}));
  RunRow later = ARun(1, 1, "s");
  later.run_id = "r2";
  later.created_ms = 2000;
  ASSERT_TRUE(store_->Put(later, {}));
  const auto runs = store_->List();
  ASSERT_EQ(runs->size(), 2U);
  EXPECT_EQ((*runs)[0].run_id, "r2");
}

TEST_F(RunStoreTest, AReaderSeesWhatTheOwnerHasPutAndCannotWrite) {
  auto directory = sys::TempDir::Create("/tmp", "zw-journal-");
  ASSERT_TRUE(directory);
  const auto path = directory->path() / "runs.db";
  const auto owner = OpenRunStore(path, Access::kOwn);
  ASSERT_TRUE(owner) << owner.error().message();
  const auto reader = OpenRunStore(path, Access::kRead);
  ASSERT_TRUE(reader) << reader.error().message();
  ASSERT_TRUE((*owner)->Put(ARun(1, 1, "s"), {}));
  EXPECT_EQ((*reader)->Find("r1").value(), ARun(1, 1, "s"));
  EXPECT_EQ((*reader)->Put(ARun(1, 2, "t"), {}).error().reason(), "journal.not_permitted");
}

}  // namespace
}  // namespace zoowarden::journal
