// The trees of several members side by side: one path at a time, in order, as each member showed
// it. Holds one batch a member, whatever the size of the trees. One owner thread.
#pragma once

#include "controller/run/tree_agents.h"
#include "core/tree_comparison.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace zoowarden::controller {

class TreeRows {
 public:
  using Walks = std::map<model::ServerId, std::unique_ptr<TreeWalk>>;
  explicit TreeRows(Walks walks);

  // The next path that any member has; absent on the others. None when all are done. kDataLoss
  // tree.disorder for a member that sends paths that are not in order or has no root; else the
  // walks' errors.
  [[nodiscard]] base::Result<std::optional<core::ZnodeViews>> Next();

  // About how many rows there will be; 0 = not known.
  [[nodiscard]] std::uint64_t expected() const { return expected_; }

 private:
  struct Column {
    std::unique_ptr<TreeWalk> walk;
    std::vector<model::Znode> batch;
    std::size_t taken = 0;
    std::string last;  // path
    bool done = false;
  };

  // Makes sure that the column has a next znode or is done.
  [[nodiscard]] base::Status Fill(model::ServerId server, Column& column);

  std::map<model::ServerId, Column> columns_;
  std::uint64_t expected_ = 0;
};

}  // namespace zoowarden::controller
