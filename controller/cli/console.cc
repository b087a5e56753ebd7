#include "controller/cli/console.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>

namespace zoowarden::controller {

namespace {

std::size_t TerminalWidth() {
  constexpr std::size_t kUsual = 80;
  winsize size{};
  const bool known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : kUsual;
}

}  // namespace

Console ProcessConsole() {
  return {.out = std::cout,
          .err = std::cerr,
          .in = std::cin,
          .width = TerminalWidth,
          .in_is_terminal = ::isatty(STDIN_FILENO) == 1,
          .out_is_terminal = ::isatty(STDOUT_FILENO) == 1,
          .err_is_terminal = ::isatty(STDERR_FILENO) == 1,
          .environment = [](const std::string& name) -> std::optional<std::string> {
            const char* value = std::getenv(name.c_str());
            return value == nullptr ? std::nullopt : std::optional<std::string>(value);
          }};
}

bool MayUseColor(const Console& console, bool no_color_flag) {
  // https://no-color.org: set and not empty.
  const bool no_color = !console.environment("NO_COLOR").value_or("").empty();
  const bool dumb = console.environment("TERM").value_or("") == "dumb";
  return console.err_is_terminal && !no_color_flag && !no_color && !dumb;
}

}  // namespace zoowarden::controller
