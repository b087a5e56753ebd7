// Broken invariants abort with the state printed; they are bugs, not faults of the world.
#pragma once

#include <string_view>

namespace zoowarden::base {

[[noreturn]] void CheckFailed(const char* file,
                              int line,
                              const char* condition,
                              std::string_view message);

}  // namespace zoowarden::base

#define ZW_CHECK(condition, message)                                             \
  do {                                                                           \
    if (!(condition)) {                                                          \
      ::zoowarden::base::CheckFailed(__FILE__, __LINE__, #condition, (message)); \
    }                                                                            \
  } while (false)
