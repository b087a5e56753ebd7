// Who may call what: the one table, deny by default. A test walks the proto files and fails for a
// method without a row and for a row without a method.
#pragma once

#include "base/error.h"
#include "pki/identity.h"

#include <span>
#include <string_view>

namespace zoowarden::rpc {

enum class Audience {
  kReaders,    // viewers and operators: changes nothing, renews nothing
  kOperators,  // operators only
};

struct MethodRule {
  std::string_view method;  // "/zoowarden.v1.ObserveService/GetStatus"
  Audience audience;
};

[[nodiscard]] std::span<const MethodRule> MethodTable();

// kPermissionDenied `rpc.not_allowed` for every other role, and for a method not in the table.
[[nodiscard]] base::Status Authorize(std::string_view method, pki::Role role);

}  // namespace zoowarden::rpc
