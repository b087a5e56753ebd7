#include "agent/observe/tree_walk.h"

#include <algorithm>
#include <map>
#include <utility>

namespace zoowarden::agent {
namespace {

using base::ErrorCode;
using base::Fail;
using base::Result;
using base::Status;
using model::Sight;
using model::Znode;
using std::chrono::milliseconds;
using zknet::ChildNames;
using zknet::ReadZnode;

constexpr std::size_t kMaxDepth = 2'000;
// Names that may be read ahead, so that a directory of small directories is not read one by one.
constexpr std::int64_t kNamesAhead = 2'000;
constexpr int kAttempts = 3;

bool IsName(std::string_view name) {
  return name.find('/') == std::string_view::npos &&
         model::IsZnodePath(std::string("/").append(name));
}

// One node on the way to the present one: what is below it and not yet walked.
struct Level {
  std::string path;  // empty for the root
  ChildNames names;
  std::size_t next = 0;
  std::vector<ReadZnode> ahead;
  std::size_t taken = 0;
  std::map<std::size_t, ChildNames> below;  // of `ahead`, by index
};

class Walk {
 public:
  Walk(ZnodeSource& source,
       const std::function<Status(const Znode&)>& emit,
       const std::function<Status()>& tick)
      : source_(source), emit_(emit), tick_(tick) {}

  Status Run() {
    const std::string root = "/";
    ZW_ASSIGN(auto read, source_.Read({&root, 1}));
    ZW_TRY(tick_());
    ZW_TRY(Visit(read.front(), std::nullopt));
    while (!levels_.empty()) {
      if (levels_.back().taken == levels_.back().ahead.size()) {
        ZW_TRY(ReadAhead(levels_.back()));
      }
      auto& level = levels_.back();
      if (level.ahead.empty()) {
        levels_.pop_back();
        continue;
      }
      const auto index = level.taken++;
      const auto znode = std::move(level.ahead[index]);
      auto below = level.below.extract(index);
      ZW_TRY(Visit(znode, below.empty() ? std::nullopt : std::optional(std::move(below.mapped()))));
    }
    return base::Ok();
  }

 private:
  // `levels_` may grow.
  Status Visit(const ReadZnode& read, std::optional<ChildNames> below) {
    const auto& znode = read.znode;
    if (znode.sight == Sight::kAbsent) {
      return base::Ok();
    }
    ZW_TRY(emit_(znode));
    if (read.children == 0) {
      return base::Ok();
    }
    if (!below) {
      ZW_ASSIGN(auto lists, source_.Children({&znode.path, 1}));
      ZW_TRY(tick_());
      below = std::move(lists.front());
    }
    if (levels_.size() == kMaxDepth) {
      return Fail(ErrorCode::kResourceExhausted,
                  "tree.too_deep",
                  "the tree is deeper than " + std::to_string(kMaxDepth) +
                      " levels, which is not walked; look at what clients make there");
    }
    auto& level = levels_.emplace_back();
    level.path = znode.path == "/" ? "" : znode.path;
    level.names = *std::move(below);
    return base::Ok();
  }

  Status ReadAhead(Level& level) {
    level.taken = 0;
    level.ahead.clear();
    level.below.clear();
    std::vector<std::string> paths;
    while (level.next < level.names.size() && paths.size() < source_.Window()) {
      const auto name = level.names.at(level.next++);
      if (!IsName(name)) {
        return Fail(ErrorCode::kDataLoss,
                    "tree.malformed",
                    "the member names a child of " + level.path +
                        "/ as no znode can be named; look at the member's log and at its data");
      }
      paths.push_back(level.path + "/" + std::string(name));
    }
    if (paths.empty()) {
      return base::Ok();
    }
    ZW_ASSIGN(level.ahead, source_.Read(paths));
    ZW_TRY(tick_());
    return ReadBelow(level);
  }

  Status ReadBelow(Level& level) {
    std::vector<std::string> paths;
    std::vector<std::size_t> indexes;
    std::int64_t names = 0;
    for (std::size_t i = 0; i < level.ahead.size(); ++i) {
      const auto& read = level.ahead[i];
      if (read.children > 0 && names + read.children <= kNamesAhead) {
        names += read.children;
        paths.push_back(read.znode.path);
        indexes.push_back(i);
      }
    }
    if (paths.empty()) {
      return base::Ok();
    }
    ZW_ASSIGN(auto lists, source_.Children(paths));
    ZW_TRY(tick_());
    for (std::size_t i = 0; i < lists.size(); ++i) {
      level.below.emplace(indexes[i], std::move(lists[i]));
    }
    return base::Ok();
  }

  ZnodeSource& source_;
  const std::function<Status(const Znode&)>& emit_;
  const std::function<Status()>& tick_;
  std::vector<Level> levels_;
};

}  // namespace

Status WalkTree(ZnodeSource& source,
                const std::function<Status(const Znode&)>& emit,
                const std::function<Status()>& tick) {
  return Walk(source, emit, tick).Run();
}

MemberTree::MemberTree(MemberTreeOptions options, sys::Clock& clock)
    : options_(std::move(options)), clock_(&clock), began_(clock.BootTime()) {}

MemberTree::~MemberTree() {
  if (reader_) {
    reader_->Close();
  }
}

template <typename T>
Result<T> MemberTree::Ask(Result<T> (zknet::ZnodeReader::*question)(std::span<const std::string>),
                          std::span<const std::string> paths) {
  for (int attempt = 1;; ++attempt) {
    if (!reader_) {
      ZW_ASSIGN(auto opened,
                zknet::ZnodeReader::Open(options_.member, options_.at_least, options_.connect));
      reader_.emplace(std::move(opened));
      reader_->Expect(largest_);
    }
    auto answer = ((*reader_).*question)(paths);
    largest_ = reader_->largest();
    if (answer) {
      return answer;
    }
    reader_.reset();
    // Between two batches the session may have expired, or the member may have been busy.
    const bool passing =
        answer.error().reason() == "zk.closed" || answer.error().reason() == "zk.timeout";
    if (!passing || attempt == kAttempts) {
      return answer;
    }
  }
}

Result<std::vector<ReadZnode>> MemberTree::Read(std::span<const std::string> paths) {
  Pace(paths.size());
  return Ask(&zknet::ZnodeReader::Read, paths);
}

Result<std::vector<ChildNames>> MemberTree::Children(std::span<const std::string> paths) {
  return Ask(&zknet::ZnodeReader::Children, paths);
}

std::size_t MemberTree::Window() const {
  const auto window = reader_ ? reader_->Window() : 1;
  // No more at once than a tenth of a second allows.
  const std::size_t at_once = options_.znodes_per_second / 10;
  return options_.znodes_per_second == 0 ? window
                                         : std::max<std::size_t>(1, std::min(window, at_once));
}

// A walk that was held up elsewhere does not make up for it: no burst follows.
void MemberTree::Pace(std::size_t znodes) {
  read_ += znodes;
  if (options_.znodes_per_second == 0) {
    return;
  }
  const milliseconds due(1'000 * read_ / options_.znodes_per_second);
  const auto passed = clock_->BootTime() - began_;
  if (due > passed) {
    clock_->SleepFor(due - passed);
  } else if (passed - due > milliseconds(1'000)) {
    began_ = clock_->BootTime();
    read_ = 0;
  }
}

}  // namespace zoowarden::agent
