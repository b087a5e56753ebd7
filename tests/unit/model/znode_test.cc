#include "model/znode.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <string>
#include <vector>

namespace zoowarden::model {
namespace {

using Names = std::vector<std::string>;

std::string PathOf(const Names& names) {
  std::string path;
  for (const auto& name : names) {
    path += "/" + name;
  }
  return path.empty() ? "/" : path;
}

Names AnyNames() {
  return *rc::gen::container<Names>(rc::gen::nonEmpty(
      rc::gen::container<std::string>(rc::gen::elementOf(std::string("ab!-~\x01\xc3\xa4", 9)))));
}

int Sign(int value) { return value < 0 ? -1 : (value > 0 ? 1 : 0); }

TEST(ZnodeTest, PathsAreOrderedAsTheirNamesAre) {
  rc::check([] {
    const auto a = AnyNames();
    const auto b = AnyNames();
    const auto by_bytes = [](const std::string& x, const std::string& y) {
      return std::lexicographical_compare(
          x.begin(), x.end(), y.begin(), y.end(), [](char one, char other) {
            return static_cast<unsigned char>(one) < static_cast<unsigned char>(other);
          });
    };
    const bool less =
        std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), by_bytes);
    const int expected = a == b ? 0 : (less ? -1 : 1);
    RC_ASSERT(Sign(ComparePaths(PathOf(a), PathOf(b))) == expected);
    RC_ASSERT(Sign(ComparePaths(PathOf(b), PathOf(a))) == -expected);
  });
}

TEST(ZnodeTest, ANodeComesBeforeWhatIsBelowItAndThatBeforeItsNextSibling) {
  const std::vector<std::string> ordered{"/", "/a", "/a/b", "/a/b/c", "/a/c", "/a!", "/a-b", "/b"};
  auto paths = ordered;
  std::reverse(paths.begin(), paths.end());
  std::sort(paths.begin(), paths.end(), [](const auto& a, const auto& b) {
    return ComparePaths(a, b) < 0;
  });
  EXPECT_EQ(paths, ordered);
}

TEST(ZnodeTest, WhatNoZnodeCanBeNamedIsNoPath) {
  for (const std::string good : {"/", "/a", "/a/b", "/a/...", "/\xc3\xa4/ "}) {
    EXPECT_TRUE(IsZnodePath(good)) << good;
  }
  for (const std::string& bad : {std::string(),
                                 std::string("a"),
                                 std::string("//"),
                                 std::string("/a/"),
                                 std::string("/a//b"),
                                 std::string("/./a"),
                                 std::string("/a/.."),
                                 std::string("/a\0b", 4),
                                 "/" + std::string(std::size_t{1} << 20U, 'a')}) {
    EXPECT_FALSE(IsZnodePath(bad)) << bad.substr(0, 20);
  }
}

}  // namespace
}  // namespace zoowarden::model
