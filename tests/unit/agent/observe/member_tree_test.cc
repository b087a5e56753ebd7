// How a member is read: no faster than allowed, and again when its session ends.
#include "agent/observe/tree_walk.h"
#include "sys/manual_clock.h"
#include "tests/unit/zknet/fake_member.h"

#include <gtest/gtest.h>

#include <atomic>

namespace zoowarden::agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class MemberTreeTest : public testing::Test {
 protected:
  MemberTreeTest() {
    member_.answer = [](std::int32_t type, const std::string& path) -> zknet::Member::Answer {
      const std::string data(path == "/large" ? std::size_t{512} << 10U : 1, 'x');
      return {
          0,
          (type == zknet::kGetAcl ? zknet::kOpenAcl : zknet::Buffer(data)) + zknet::StatOf(1, 0)};
    };
  }

  MemberTree Open(std::uint32_t rate) {
    return MemberTree({.member = server_.endpoint(), .znodes_per_second = rate}, clock_);
  }
  static std::vector<std::string> Paths(std::size_t count) {
    std::vector<std::string> paths;
    for (std::size_t i = 0; i < count; ++i) {
      paths.push_back("/" + std::to_string(i));
    }
    return paths;
  }
  // As a walk does it.
  static void ReadAll(MemberTree& tree, std::size_t count) {
    const auto paths = Paths(count);
    for (std::size_t done = 0; done < count;) {
      const auto at_once = std::min(tree.Window(), count - done);
      ASSERT_TRUE(tree.Read({&paths[done], at_once}));
      done += at_once;
    }
  }

  std::atomic<int> sessions_ = 0;
  std::atomic<int> dropped_ = 0;  // sessions that end with their first request
  zknet::Member member_;
  zknet::FakeServer server_{[this](zknet::Peer peer) {
    ++sessions_;
    if (dropped_ > 0) {
      --dropped_;
      static_cast<void>(zknet::ReadFrame(peer));
      peer.Write(zknet::Frame(zknet::ConnectResponse(1)));
      static_cast<void>(zknet::ReadFrame(peer));
      return;
    }
    member_.Serve(peer);
  }};
  sys::ManualClock clock_;
};

TEST_F(MemberTreeTest, NoMoreIsReadThanAllowed) {
  auto tree = Open(50);
  const auto began = clock_.BootTime();
  ReadAll(tree, 200);
  EXPECT_GE(clock_.BootTime() - began, seconds(4));
  EXPECT_LT(clock_.BootTime() - began, seconds(5));
  EXPECT_EQ(tree.Window(), 5U) << "a tenth of a second's";
}

TEST_F(MemberTreeTest, WithoutALimitNothingIsWaitedFor) {
  auto tree = Open(0);
  const auto began = clock_.BootTime();
  ReadAll(tree, 200);
  EXPECT_EQ(clock_.BootTime(), began);
  EXPECT_EQ(tree.Window(), 128U);
}

TEST_F(MemberTreeTest, AWalkThatWasHeldUpDoesNotMakeUpForIt) {
  auto tree = Open(50);
  ReadAll(tree, 50);
  clock_.Advance(std::chrono::minutes(1));
  const auto began = clock_.BootTime();
  ReadAll(tree, 100);
  EXPECT_GE(clock_.BootTime() - began, milliseconds(1'800));
}

TEST_F(MemberTreeTest, ASessionThatEndsIsMadeAnewAndAskedAgain) {
  dropped_ = 2;
  auto tree = Open(0);
  const auto paths = Paths(3);
  const auto read = tree.Read(paths);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->size(), 3U);
  EXPECT_EQ(sessions_, 3);
}

TEST_F(MemberTreeTest, OneThatEndsEachTimeIsNotMadeForEver) {
  dropped_ = 1'000;
  auto tree = Open(0);
  const auto read = tree.Read(Paths(1));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().reason(), "zk.closed");
  EXPECT_EQ(sessions_, 3);
}

TEST_F(MemberTreeTest, WhatNoTimeMendsIsNotAskedAgain) {
  member_.answer = [](std::int32_t, const std::string&) { return zknet::Member::Answer{0, "?"}; };
  auto tree = Open(0);
  const auto read = tree.Read(Paths(1));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().reason(), "zk.reply_malformed");
  EXPECT_EQ(sessions_, 1);
}

TEST_F(MemberTreeTest, ThatDataIsLargeIsNotForgottenWithTheSession) {
  auto tree = Open(0);
  const std::vector<std::string> large{"/large"};
  ASSERT_TRUE(tree.Read(large));
  EXPECT_EQ(tree.Window(), 2U);
  member_.closes_at = "/0";
  ASSERT_TRUE(tree.Read(Paths(1)));
  EXPECT_EQ(sessions_, 2);
  EXPECT_LE(tree.Window(), 3U);
}

}  // namespace
}  // namespace zoowarden::agent
