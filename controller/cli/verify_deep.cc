#include "controller/cli/verify_deep.h"

#include "base/text.h"
#include "controller/cli/times.h"

#include <fmt/format.h>

#include <limits>
#include <ostream>

namespace zoowarden::controller {

namespace {

using std::chrono::milliseconds;

constexpr std::size_t kShownPath = 60;

base::Result<std::uint64_t> Number(const std::optional<std::string>& word,
                                   const std::string& option,
                                   std::uint64_t lowest,
                                   std::uint64_t unless) {
  if (!word) {
    return unless;
  }
  const auto number = base::ParseUnsigned(*word);
  if (!number || *number < lowest || *number > std::numeric_limits<std::uint32_t>::max()) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "usage.bad_number",
                      option + " takes a whole number from " + std::to_string(lowest) +
                          " on, not '" + base::Printable(*word, 40) + "'");
  }
  return *number;
}

// One line now and then: redrawn on a terminal, a line of its own elsewhere.
class Teller {
 public:
  explicit Teller(Context& context)
      : context_(context),
        live_(MayUseColor(context.console(), context.flags().no_color)),
        began_(Now()),
        told_(began_) {}
  ~Teller() {
    if (live_) {
      context_.console().err << "\r\x1b[K" << std::flush;
    }
  }
  Teller(const Teller&) = delete;
  Teller& operator=(const Teller&) = delete;

  void Tell(const TreeProgress& progress) {
    const auto every = live_ ? milliseconds(500) : milliseconds(5'000);
    if (Now() - told_ < every) {
      return;
    }
    told_ = Now();
    const auto line = Line(progress);
    if (live_) {
      context_.console().err << '\r' << line << "\x1b[K" << std::flush;
    } else {
      context_.Say(line);
    }
  }

  std::string Line(const TreeProgress& progress) {
    const auto passed = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(Passed().count()));
    auto line = fmt::format("compared {} znodes", progress.znodes);
    if (progress.expected > progress.znodes) {
      const auto left = (progress.expected - progress.znodes) * passed / progress.znodes;
      line += fmt::format(
          " of about {}, about {} left", progress.expected, DurationText(milliseconds(left)));
    }
    return line + fmt::format("; {} looked at again, {} differences; now at {}",
                              progress.suspects,
                              progress.differences,
                              base::Printable(progress.path, kShownPath));
  }

  [[nodiscard]] milliseconds Passed() { return Now() - began_; }

 private:
  milliseconds Now() { return context_.world().clock.BootTime(); }

  Context& context_;
  bool live_;
  milliseconds began_;
  milliseconds told_;
};

Document Servers(const std::vector<model::ServerId>& ids) {
  Document list{Document::List()};
  for (const auto id : ids) {
    list.Add(id.value);
  }
  return list;
}

Document DifferenceDocument(const core::ZnodeDifference& difference) {
  Document shown{Document::List()};
  for (const auto& [server, text] : difference.shown) {
    shown.Add(Document::Map({{"server", server.value}, {"shows", text}}));
  }
  return Document::Map({{"path", base::Printable(difference.path, 4'000)},
                        {"aspect", AspectName(difference.aspect)},
                        {"odd_servers", Servers(difference.odd)},
                        {"members", std::move(shown)}});
}

}  // namespace

std::vector<Option> DeepCommandOptions(DeepOptions& options) {
  return {{.name = "--deep",
           .help = "also compare every znode of every member",
           .target = &options.deep},
          {.name = "--rate",
           .value_name = "N",
           .help = "with --deep: znodes read a second on each server, at most (5000; 0 = no limit)",
           .target = &options.rate},
          {.name = "--max-differences",
           .value_name = "N",
           .help = "with --deep: stop after so many differences (100)",
           .target = &options.limit}};
}

base::Result<std::optional<DeepLimits>> ReadDeepOptions(const DeepOptions& options) {
  DeepLimits limits;
  ZW_ASSIGN(const auto rate, Number(options.rate, "--rate", 0, limits.znodes_per_second));
  ZW_ASSIGN(const auto most,
            Number(options.limit, "--max-differences", 1, limits.most_differences));
  if (!options.deep) {
    if (options.rate || options.limit) {
      return base::Fail(base::ErrorCode::kInvalidArgument,
                        "usage.missing",
                        "--rate and --max-differences need --deep");
    }
    return std::optional<DeepLimits>();
  }
  limits.znodes_per_second = static_cast<std::uint32_t>(rate);
  limits.most_differences = most;
  return std::optional(limits);
}

base::Result<DeepVerdict> VerifyDeep(Context& context,
                                     const Connected& connected,
                                     const DeepQuestion& question) {
  const auto& [identity, spec, cheap, limits, stop_requested] = question;
  const auto proved = cheap.conclusions.Proved();
  if (proved.size() < 2) {
    return base::Fail(base::ErrorCode::kUnavailable,
                      "verify.too_few",
                      std::to_string(proved.size()) + " members of ensemble " + spec.name +
                          " are proved: there is nothing to compare a tree with; mend the others "
                          "first");
  }
  Teller teller(context);
  ZW_ASSIGN(auto trees,
            VerifyTrees(*connected.agents,
                        *connected.trees,
                        context.world().clock,
                        {.run = identity,
                         .servers = proved,
                         .canary_through = *cheap.round.canary_through,
                         .canary_path = spec.canary_path,
                         .znodes_per_second = limits.znodes_per_second,
                         .most_differences = limits.most_differences,
                         .progress = [&teller](const auto& progress) { teller.Tell(progress); },
                         .stop_requested = stop_requested}));
  return DeepVerdict{.trees = std::move(trees),
                     .servers = {proved.begin(), proved.end()},
                     .took = teller.Passed()};
}

void AddProblems(const DeepVerdict& deep, std::vector<core::Problem>& problems) {
  for (const auto& difference : deep.trees.differences) {
    const bool one = difference.odd.size() == 1;
    problems.push_back(
        {.reason = difference.aspect == core::Aspect::kAccess ? "access_differs" : "znode_differs",
         .server = one ? std::optional(difference.odd.front()) : std::nullopt,
         .text = difference.text});
  }
  for (const auto server : deep.trees.root_hidden) {
    problems.push_back({.reason = "tree_hidden",
                        .server = server,
                        .text = "server " + ToString(server) +
                                ": / may not be read without credentials, so nothing below it was "
                                "compared with the others"});
  }
}

Document DeepDocument(const DeepVerdict& deep) {
  Document unreadable{Document::List()};
  for (const auto& [server, count] : deep.trees.unreadable) {
    unreadable.Add(Document::Map({{"server", server.value}, {"znodes", count}}));
  }
  Document unsettled{Document::List()};
  for (const auto& path : deep.trees.unsettled_paths) {
    unsettled.Add(base::Printable(path, 4'000));
  }
  Document differences{Document::List()};
  for (const auto& difference : deep.trees.differences) {
    differences.Add(DifferenceDocument(difference));
  }
  return Document::Map({{"servers", Servers(deep.servers)},
                        {"znodes", deep.trees.znodes},
                        {"complete", deep.trees.complete},
                        {"looked_at_again", deep.trees.suspects},
                        {"unsettled", deep.trees.unsettled},
                        {"unsettled_paths", std::move(unsettled)},
                        {"unreadable", std::move(unreadable)},
                        {"differences", std::move(differences)},
                        {"seconds", static_cast<double>(deep.took.count()) / 1'000}});
}

std::string DeepText(const DeepVerdict& deep) {
  const auto& trees = deep.trees;
  auto text = fmt::format("{} znodes of {} members {} in {}: {} different, {} looked at again",
                          trees.znodes,
                          deep.servers.size(),
                          trees.complete               ? "compared"
                          : !trees.root_hidden.empty() ? "compared, the rest is HIDDEN"
                                                       : "compared before it was STOPPED",
                          DurationText(deep.took),
                          trees.differences.size(),
                          trees.suspects);
  if (trees.unsettled > 0) {
    text += fmt::format("; {} changed too often to be judged, such as {}",
                        trees.unsettled,
                        base::Printable(trees.unsettled_paths.front(), kShownPath));
  }
  for (const auto& [server, count] : trees.unreadable) {
    text += fmt::format(
        "; {} on server {} may not be read without credentials", count, ToString(server));
  }
  return text + "\n";
}

}  // namespace zoowarden::controller
