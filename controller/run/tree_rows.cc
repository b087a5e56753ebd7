#include "controller/run/tree_rows.h"

#include <algorithm>
#include <utility>

namespace zoowarden::controller {
namespace {

tl::unexpected<base::Error> Disorder(model::ServerId server, const std::string& what) {
  return base::Fail(base::ErrorCode::kDataLoss,
                    "tree.disorder",
                    "the agent of server " + ToString(server) + " sent " + what +
                        "; compare the versions of agent and controller");
}

}  // namespace

TreeRows::TreeRows(Walks walks) {
  for (auto& entry : walks) {
    columns_[entry.first].walk = std::move(entry.second);
  }
}

base::Status TreeRows::Fill(model::ServerId server, Column& column) {
  if (column.done || column.taken < column.batch.size()) {
    return base::Ok();
  }
  column.taken = 0;
  ZW_ASSIGN(column.batch, column.walk->Next());
  expected_ = std::max(expected_, column.walk->expected());
  column.done = column.batch.empty();
  if (column.done) {
    column.walk.reset();
    if (column.last.empty()) {
      return Disorder(server, "no tree at all");
    }
  }
  for (const auto& znode : column.batch) {
    const bool ordered =
        column.last.empty() ? znode.path == "/" : model::ComparePaths(column.last, znode.path) < 0;
    if (!ordered) {
      return Disorder(server, "znodes that are not in order");
    }
    column.last = znode.path;
  }
  return base::Ok();
}

base::Result<std::optional<core::ZnodeViews>> TreeRows::Next() {
  const std::string* first = nullptr;
  for (auto& [server, column] : columns_) {
    ZW_TRY(Fill(server, column));
    if (!column.done) {
      const auto& path = column.batch[column.taken].path;
      first = first == nullptr || model::ComparePaths(path, *first) < 0 ? &path : first;
    }
  }
  if (first == nullptr) {
    return std::optional<core::ZnodeViews>();
  }
  const auto path = *first;
  core::ZnodeViews row;
  for (auto& [server, column] : columns_) {
    if (!column.done && column.batch[column.taken].path == path) {
      row.emplace(server, std::move(column.batch[column.taken++]));
    } else {
      row.emplace(server, model::Znode{.path = path});
    }
  }
  return std::optional(std::move(row));
}

}  // namespace zoowarden::controller
