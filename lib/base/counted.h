// How many of something, for people: "1 ensemble", "2 ensembles".
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace zoowarden::base {

// `one` is the word for one of them; its plural ends with an s.
[[nodiscard]] std::string Counted(std::size_t count, std::string_view one);

}  // namespace zoowarden::base
