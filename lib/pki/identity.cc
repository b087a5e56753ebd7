#include "pki/identity.h"

#include "base/text.h"

#include <algorithm>
#include <limits>

namespace zoowarden::pki {
namespace {

constexpr std::string_view kScheme = "zoowarden://";

tl::unexpected<base::Error> Bad(std::string_view uri, std::string_view why) {
  return base::Fail(base::ErrorCode::kInvalidArgument,
                    "pki.bad_identity",
                    "'" + base::Printable(uri, 120) + "' is not a zoowarden identity (" +
                        std::string(why) + "); issue the certificate with 'zoowarden pki issue'");
}

bool IsLetterOrDigit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// One spelling for each number: no sign, no leading zero.
std::optional<std::uint32_t> ParseServerId(std::string_view text) {
  const auto value = base::ParseUnsigned(text);
  if (!value || *value > std::numeric_limits<std::uint32_t>::max() ||
      (text.size() > 1 && text.front() == '0')) {
    return std::nullopt;
  }
  return static_cast<std::uint32_t>(*value);
}

}  // namespace

std::string_view RoleName(Role role) {
  switch (role) {
    case Role::kAgent:
      return "agent";
    case Role::kOperator:
      return "operator";
    case Role::kViewer:
      return "viewer";
    case Role::kPlanner:
      return "planner";
    case Role::kApprover:
      return "approver";
  }
  return "viewer";
}

base::Result<Role> ParseRole(std::string_view name) {
  for (const Role role : kRoles) {
    if (name == RoleName(role)) {
      return role;
    }
  }
  return base::Fail(base::ErrorCode::kInvalidArgument,
                    "pki.bad_role",
                    "'" + base::Printable(name, 40) +
                        "' is not a role; use agent, operator, planner, approver or viewer");
}

base::Status CheckEnsembleName(std::string_view name) {
  constexpr std::size_t kLongest = 63;
  const bool good = !name.empty() && name.size() <= kLongest && IsLetterOrDigit(name.front()) &&
                    std::all_of(name.begin(), name.end(), [](char c) {
                      return IsLetterOrDigit(c) || c == '.' || c == '_' || c == '-';
                    });
  if (!good) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "pki.bad_ensemble_name",
                      "'" + base::Printable(name, 80) +
                          "' cannot name an ensemble; use up to 63 letters, digits, '.', '_', '-', "
                          "beginning with a letter or digit");
  }
  return base::Ok();
}

std::string Identity::ToUri() const {
  std::string uri(kScheme);
  uri.append(ensemble).append("/").append(RoleName(role));
  if (server) {
    uri.append("/").append(std::to_string(*server));
  }
  return uri;
}

base::Result<Identity> ParseIdentity(std::string_view uri) {
  if (!uri.starts_with(kScheme)) {
    return Bad(uri, "it does not begin with zoowarden://");
  }
  const auto parts = base::Split(uri.substr(kScheme.size()), '/');
  if (parts.size() < 2 || parts.size() > 3) {
    return Bad(uri, "it needs an ensemble and a role");
  }
  if (!CheckEnsembleName(parts[0])) {
    return Bad(uri, "its ensemble is not a legal name");
  }
  const auto role = ParseRole(parts[1]);
  if (!role) {
    return Bad(uri, "its role is not agent, operator, planner, approver or viewer");
  }
  Identity identity{.ensemble = std::string(parts[0]), .role = *role, .server = std::nullopt};
  if ((*role == Role::kAgent) != (parts.size() == 3)) {
    return Bad(uri, "an agent needs a server id, nobody else has one");
  }
  if (parts.size() == 3) {
    identity.server = ParseServerId(parts[2]);
    if (!identity.server) {
      return Bad(uri, "its server id is not a number in canonical form");
    }
  }
  return identity;
}

}  // namespace zoowarden::pki
