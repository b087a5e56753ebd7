#include "agent/adopt/environment_file.h"

#include "base/text.h"

#include <algorithm>

namespace zoowarden::agent {
namespace {

constexpr std::string_view kExport = "export ";
constexpr std::string_view kNameCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

// The place after the name of "NAME=…"; npos when the line does not begin so.
std::size_t EndOfName(std::string_view line) {
  const auto end = line.find_first_not_of(kNameCharacters);
  const bool assigns = end != std::string_view::npos && end > 0 && line[end] == '=' &&
                       std::string_view("0123456789").find(line.front()) == std::string_view::npos;
  return assigns ? end : std::string_view::npos;
}

// One word of a shell, quoted or not, and nothing behind it but a comment. Variables may be in it.
bool IsOneWord(std::string_view text) {
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\' && quote != '\'') {
      if (++i == text.size()) {
        return false;  // goes on in the next line
      }
    } else if (quote != 0) {
      quote = c == quote ? '\0' : quote;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == ' ' || c == '\t') {
      const auto rest = base::Trim(text.substr(i));
      return rest.empty() || rest.front() == '#';
    } else if (std::string_view(";&|<>()`").find(c) != std::string_view::npos) {
      return false;
    }
  }
  return quote == 0;
}

}  // namespace

EnvironmentFile ReadEnvironmentFile(std::string_view text) {
  EnvironmentFile file;
  int number = 0;
  for (const std::string_view raw : base::Split(text, '\n')) {
    ++number;
    std::string_view line = base::Trim(raw);
    if (line.empty() || line.front() == '#') {
      continue;
    }
    if (line.starts_with(kExport)) {
      line = base::Trim(line.substr(kExport.size()));
    }
    const auto end = EndOfName(line);
    if (end != std::string_view::npos) {
      const std::string name(line.substr(0, end));
      if (std::find(file.sets.begin(), file.sets.end(), name) == file.sets.end()) {
        file.sets.push_back(name);
      }
    }
    const bool only_a_name = line.find_first_not_of(kNameCharacters) == std::string_view::npos;
    if (end == std::string_view::npos ? !only_a_name || !base::Trim(raw).starts_with(kExport)
                                      : !IsOneWord(line.substr(end + 1))) {
      file.not_understood.push_back(number);
    }
  }
  return file;
}

}  // namespace zoowarden::agent
