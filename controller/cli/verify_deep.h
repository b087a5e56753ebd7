// The deep half of the verify command: its options, the walk with its progress, and what it prints.
#pragma once

#include "base/error.h"
#include "controller/cli/command.h"
#include "controller/cli/context.h"
#include "controller/run/tree_agents.h"
#include "controller/run/tree_verification.h"
#include "controller/run/verification.h"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace zoowarden::controller {

struct DeepOptions {
  bool deep = false;
  std::optional<std::string> rate;
  std::optional<std::string> limit;
};
[[nodiscard]] std::vector<Option> DeepCommandOptions(DeepOptions& options);

struct DeepLimits {
  std::uint32_t znodes_per_second = 5'000;
  std::size_t most_differences = 100;
};
// None without --deep; kInvalidArgument usage.bad_number, usage.missing.
[[nodiscard]] base::Result<std::optional<DeepLimits>> ReadDeepOptions(const DeepOptions& options);

struct DeepVerdict {
  TreeVerdict trees;
  std::vector<model::ServerId> servers;  // whose trees were compared
  std::chrono::milliseconds took{0};
};

struct DeepQuestion {
  const RunIdentity& identity;
  const model::EnsembleSpec& spec;
  const Verdict& cheap;
  const DeepLimits& limits;
  const std::function<bool()>& stop_requested;
};
// Compares the trees of the members that `cheap` proved. kUnavailable verify.too_few for fewer than
// two of them; VerifyTrees' errors.
[[nodiscard]] base::Result<DeepVerdict> VerifyDeep(Context& context,
                                                   const Connected& connected,
                                                   const DeepQuestion& question);

// Each difference as a problem, with the reason znode_differs or access_differs, and each member
// whose root may not be read (tree_hidden).
void AddProblems(const DeepVerdict& deep, std::vector<core::Problem>& problems);
[[nodiscard]] Document DeepDocument(const DeepVerdict& deep);
[[nodiscard]] std::string DeepText(const DeepVerdict& deep);

}  // namespace zoowarden::controller
