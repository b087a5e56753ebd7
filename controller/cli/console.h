// The streams and the terminal that a command speaks to, injected so that tests read every byte.
#pragma once

#include <functional>
#include <iosfwd>
#include <optional>
#include <string>

namespace zoowarden::controller {

struct Console {
  std::ostream& out;  // data
  std::ostream& err;  // messages
  std::istream& in;
  // Columns of the terminal.
  std::function<std::size_t()> width = [] { return std::size_t{80}; };
  bool in_is_terminal = false;
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  // As getenv, nullopt when unset.
  std::function<std::optional<std::string>(const std::string&)> environment;
};

// The process's own streams and environment.
[[nodiscard]] Console ProcessConsole();

// Colours and redrawing: only on a terminal, without --no-color, NO_COLOR and TERM=dumb.
[[nodiscard]] bool MayUseColor(const Console& console, bool no_color_flag);

}  // namespace zoowarden::controller
