// Who speaks: the one name in a certificate that counts, its URI SAN
// `zoowarden://<ensemble>/<role>[/<server-id>]`. Parsing accepts exactly what printing gives.
#pragma once

#include "base/error.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace zoowarden::pki {

enum class Role {
  kAgent,     // one server's agent; has a server id
  kOperator,  // a controller that may change things
  kViewer,    // a controller that may only look
  kPlanner,   // plans, reads records and stages releases; never runs anything
  kApprover,  // reads the records it has to judge, and nothing else
};

inline constexpr std::array kRoles{
    Role::kAgent, Role::kOperator, Role::kViewer, Role::kPlanner, Role::kApprover};

// "agent", "operator", ...: part of every certificate's name, never change.
[[nodiscard]] std::string_view RoleName(Role role);
[[nodiscard]] base::Result<Role> ParseRole(std::string_view name);

struct Identity {
  std::string ensemble;
  Role role = Role::kViewer;
  std::optional<std::uint32_t> server;  // exactly for kAgent

  bool operator==(const Identity&) const = default;
  [[nodiscard]] std::string ToUri() const;
};

[[nodiscard]] inline Identity AgentIdentity(std::string ensemble, std::uint32_t server) {
  return {.ensemble = std::move(ensemble), .role = Role::kAgent, .server = server};
}

// kInvalidArgument `pki.bad_identity` for everything that is not exactly of the form above.
[[nodiscard]] base::Result<Identity> ParseIdentity(std::string_view uri);

// 1 to 63 of a-z, A-Z, 0-9, '.', '_' and '-', beginning with a letter or digit.
[[nodiscard]] base::Status CheckEnsembleName(std::string_view name);

}  // namespace zoowarden::pki
