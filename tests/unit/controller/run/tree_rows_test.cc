// What a hostile agent may send.
#include "controller/run/tree_rows.h"

#include <gmock/gmock.h>

namespace zoowarden::controller {
namespace {

using model::ServerId;
using ::testing::HasSubstr;

class ScriptedWalk final : public TreeWalk {
 public:
  explicit ScriptedWalk(std::vector<std::vector<std::string>> batches)
      : batches_(std::move(batches)) {}
  base::Result<std::vector<model::Znode>> Next() override {
    std::vector<model::Znode> znodes;
    if (next_ < batches_.size()) {
      for (const auto& path : batches_[next_++]) {
        znodes.push_back({.path = path, .sight = model::Sight::kPresent});
      }
    }
    return znodes;
  }

 private:
  std::vector<std::vector<std::string>> batches_;
  std::size_t next_ = 0;
};

std::string ReasonOf(std::vector<std::vector<std::string>> batches) {
  TreeRows::Walks walks;
  walks.emplace(ServerId{1}, std::make_unique<ScriptedWalk>(std::move(batches)));
  TreeRows rows(std::move(walks));
  while (true) {
    const auto row = rows.Next();
    if (!row) {
      EXPECT_THAT(row.error().message(), HasSubstr("server 1"));
      return row.error().reason();
    }
    if (!*row) {
      return "";
    }
  }
}

TEST(TreeRowsTest, ATreeOutOfOrderIsRefused) {
  EXPECT_EQ(ReasonOf({{"/", "/a"}, {"/a/b", "/b"}}), "");
  EXPECT_EQ(ReasonOf({}), "tree.disorder");
  EXPECT_EQ(ReasonOf({{"/a"}}), "tree.disorder");
  EXPECT_EQ(ReasonOf({{"/", "/b", "/a"}}), "tree.disorder");
  EXPECT_EQ(ReasonOf({{"/", "/a"}, {"/a"}}), "tree.disorder");
  EXPECT_EQ(ReasonOf({{"/", "/a"}, {"/"}}), "tree.disorder");
}

}  // namespace
}  // namespace zoowarden::controller
