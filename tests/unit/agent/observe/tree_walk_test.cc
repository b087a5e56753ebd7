#include "agent/observe/tree_walk.h"

#include <gmock/gmock.h>
#include <rapidcheck.h>

#include <algorithm>
#include <map>

namespace zoowarden::agent {
namespace {

using model::Sight;
using ::testing::ElementsAre;

// A tree in memory; some of it may be deleted or forbidden.
class Tree final : public ZnodeSource {
 public:
  void Add(const std::string& path) {
    for (auto at = path; at != "/" && !at.empty(); at = at.substr(0, at.rfind('/'))) {
      nodes_[at];
    }
  }

  base::Result<std::vector<zknet::ReadZnode>> Read(std::span<const std::string> paths) override {
    largest = std::max(largest, paths.size());
    std::vector<zknet::ReadZnode> read;
    for (const auto& path : paths) {
      auto& one = read.emplace_back();
      one.znode.path = path;
      if (path == "/" || (nodes_.contains(path) && path != vanishing)) {
        one.znode.sight = path == forbidden ? Sight::kForbidden : Sight::kPresent;
        one.children = path == forbidden ? 0 : static_cast<std::int32_t>(NamesBelow(path).size());
      }
    }
    return read;
  }

  base::Result<std::vector<zknet::ChildNames>> Children(
      std::span<const std::string> paths) override {
    std::vector<zknet::ChildNames> lists;
    for (const auto& path : paths) {
      auto names = NamesBelow(path);
      names.insert(names.end(), extra_names.begin(), extra_names.end());
      std::string body = Number(names.size());
      for (const auto& name : names) {
        body += Number(name.size()) + name;
      }
      lists.push_back(zknet::ChildNames::Parse(body + std::string(68, '\0')).value());
    }
    return lists;
  }

  [[nodiscard]] std::size_t Window() const override { return window; }

  [[nodiscard]] std::vector<std::string> Sorted() const {
    std::vector<std::string> paths{"/"};
    for (const auto& [path, ignored] : nodes_) {
      paths.push_back(path);
    }
    std::sort(paths.begin(), paths.end(), [](const auto& a, const auto& b) {
      return model::ComparePaths(a, b) < 0;
    });
    return paths;
  }

  std::string vanishing;
  std::string forbidden;
  std::vector<std::string> extra_names;
  std::size_t window = 3;
  std::size_t largest = 0;

 private:
  static std::string Number(std::size_t value) {
    std::string bytes(4, '\0');
    for (int i = 3; i >= 0; --i, value >>= 8U) {
      bytes[static_cast<std::size_t>(i)] = static_cast<char>(value & 0xffU);
    }
    return bytes;
  }
  [[nodiscard]] std::vector<std::string> NamesBelow(const std::string& path) const {
    const auto prefix = path == "/" ? path : path + "/";
    std::vector<std::string> names;
    for (const auto& [other, ignored] : nodes_) {
      if (other.starts_with(prefix) && other.find('/', prefix.size()) == std::string::npos) {
        names.push_back(other.substr(prefix.size()));
      }
    }
    std::reverse(names.begin(), names.end());  // servers give them in no order
    return names;
  }

  std::map<std::string, int> nodes_;
};

base::Status Walk(ZnodeSource& source,
                  const std::function<base::Status(const model::Znode&)>& emit) {
  return WalkTree(source, emit, [] { return base::Ok(); });
}

std::vector<std::string> Walked(Tree& tree) {
  std::vector<std::string> paths;
  const auto walked = Walk(tree, [&paths](const model::Znode& znode) {
    paths.push_back(znode.path);
    return base::Ok();
  });
  EXPECT_TRUE(walked) << walked.error().message();
  return paths;
}

TEST(TreeWalkTest, EveryZnodeIsGivenOnceAndInOrder) {
  rc::check([] {
    Tree tree;
    tree.window = *rc::gen::inRange<std::size_t>(1, 6);
    const auto count = *rc::gen::inRange(0, 40);
    for (int i = 0; i < count; ++i) {
      std::string path;
      for (auto depth = *rc::gen::inRange(1, 5); depth > 0; --depth) {
        path += "/" + std::string(1, *rc::gen::elementOf(std::string("ab!-~")));
      }
      tree.Add(path);
    }
    RC_ASSERT(Walked(tree) == tree.Sorted());
    RC_ASSERT(tree.largest <= tree.window);
  });
}

TEST(TreeWalkTest, WhatVanishedIsLeftOutAndWhatIsForbiddenIsNotEntered) {
  Tree tree;
  for (const std::string path : {"/a/x", "/b/x", "/c/x"}) {
    tree.Add(path);
  }
  tree.vanishing = "/b";
  tree.forbidden = "/c";
  EXPECT_THAT(Walked(tree), ElementsAre("/", "/a", "/a/x", "/c"));
}

TEST(TreeWalkTest, ANameThatNoZnodeHasEndsTheWalk) {
  for (const std::string name : {"..", "a/b", "."}) {
    Tree tree;
    tree.Add("/a");
    tree.extra_names = {name};
    const auto walked = Walk(tree, [](const model::Znode&) { return base::Ok(); });
    ASSERT_FALSE(walked) << name;
    EXPECT_EQ(walked.error().reason(), "tree.malformed");
  }
}

// A member that lists itself below itself for ever.
class Endless final : public ZnodeSource {
 public:
  base::Result<std::vector<zknet::ReadZnode>> Read(std::span<const std::string> paths) override {
    std::vector<zknet::ReadZnode> read;
    for (const auto& path : paths) {
      read.push_back({.znode = {.path = path, .sight = Sight::kPresent}, .children = 1});
    }
    return read;
  }
  base::Result<std::vector<zknet::ChildNames>> Children(
      std::span<const std::string> paths) override {
    const std::string one("\0\0\0\1\0\0\0\1a", 9);
    return std::vector<zknet::ChildNames>(
        paths.size(), zknet::ChildNames::Parse(one + std::string(68, '\0')).value());
  }
  [[nodiscard]] std::size_t Window() const override { return 8; }
};

TEST(TreeWalkTest, ATreeWithoutEndIsLeft) {
  Endless endless;
  const auto walked = Walk(endless, [](const model::Znode&) { return base::Ok(); });
  ASSERT_FALSE(walked);
  EXPECT_EQ(walked.error().reason(), "tree.too_deep");
}

TEST(TreeWalkTest, ItTicksAlsoWhereNothingIsFound) {
  Tree tree;
  tree.Add("/a");
  for (int i = 0; i < 30; ++i) {
    tree.extra_names.push_back("gone" + std::to_string(i));
  }
  int ticks = 0;
  const auto walked = WalkTree(
      tree,
      [](const model::Znode&) { return base::Ok(); },
      [&ticks]() -> base::Status {
        return ++ticks < 5 ? base::Ok() : base::Fail(base::ErrorCode::kCancelled, "enough");
      });
  ASSERT_FALSE(walked);
  EXPECT_EQ(walked.error().message(), "enough");
}

TEST(TreeWalkTest, TheReceiversErrorEndsTheWalk) {
  Tree tree;
  tree.Add("/a");
  const auto walked = Walk(tree, [](const model::Znode& znode) -> base::Status {
    return znode.path == "/a" ? base::Fail(base::ErrorCode::kCancelled, "enough") : base::Ok();
  });
  ASSERT_FALSE(walked);
  EXPECT_EQ(walked.error().message(), "enough");
}

}  // namespace
}  // namespace zoowarden::agent
