// A row of the tables that turn the codes of a library or the kernel into errors.
#pragma once

#include "base/error.h"

#include <string>

namespace zoowarden::base {

struct ErrorMeaning {
  ErrorCode code;
  const char* reason;
  const char* advice;  // the next action

  [[nodiscard]] Error Of(const std::string& what) const {
    return {code, reason, what + "; " + advice};
  }
};

}  // namespace zoowarden::base
