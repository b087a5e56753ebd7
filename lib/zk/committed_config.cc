#include "zk/committed_config.h"

#include "base/text.h"

#include <array>
#include <charconv>
#include <utility>

namespace zoowarden::zk {
namespace {

using base::ErrorCode;
using base::Fail;
using base::Result;

tl::unexpected<base::Error> Malformed(const std::string& what) {
  return Fail(ErrorCode::kDataLoss,
              "zk.config_malformed",
              "the committed configuration is malformed: " + what);
}

}  // namespace

Result<CommittedConfig> ParseCommittedConfig(std::string_view text) {
  const auto cfg = ZooCfg::Parse(text, "/zookeeper/config");
  if (!cfg) {
    return Malformed(cfg.error().message());
  }
  for (const auto& property : cfg->properties()) {
    const std::string_view key = property.key;
    if (key != "version" && !key.starts_with("server.") && !key.starts_with("group.") &&
        !key.starts_with("weight.")) {
      return Malformed("unexpected key '" + base::Printable(key, 60) + "'");
    }
    if (cfg->Find(key) != &property) {
      return Malformed("'" + base::Printable(key, 60) + "' is there twice");
    }
  }
  const auto version = base::ParseUnsigned(cfg->Get("version").value_or(""), 16);
  if (!version) {
    return Malformed("no hexadecimal version");
  }
  auto membership = MembershipOf(*cfg);
  if (!membership) {
    return Malformed(membership.error().message());
  }
  if (membership->members.empty()) {
    return Malformed("no server line");
  }
  return CommittedConfig{*std::move(membership), *version};
}

std::string PrintCommittedConfig(const CommittedConfig& config) {
  std::array<char, 16> digits{};
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), config.version, 16).ptr;
  return PrintMembership(config.membership) + "version=" + std::string(digits.data(), end);
}

}  // namespace zoowarden::zk
