// The name that a channel asks for when any agent of an ensemble will do. Private to this folder.
#pragma once

#include "pki/identity.h"

#include <string>
#include <string_view>

namespace zoowarden::rpc {

inline std::string AnyAgentOf(const std::string& ensemble) {
  return "zoowarden://" + ensemble + "/agent/*";
}

// Whether `shown`, a certificate's name, is what the channel asks for. A name with '*' is nobody's,
// not even the one that is spelled as what is asked for.
inline bool IsWantedPeer(std::string_view wanted, std::string_view shown) {
  if (!wanted.ends_with('*')) {
    return !wanted.empty() && wanted == shown;
  }
  const auto identity = pki::ParseIdentity(shown);
  return identity && identity->role == pki::Role::kAgent &&
         wanted == AnyAgentOf(identity->ensemble);
}

}  // namespace zoowarden::rpc
