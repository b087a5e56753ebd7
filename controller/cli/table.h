// Columns for people: left-aligned, two spaces apart, headings in capitals, no trailing spaces.
#pragma once

#include <string>
#include <vector>

namespace zoowarden::controller {

class Table {
 public:
  explicit Table(std::vector<std::string> headings) : rows_{std::move(headings)} {}
  // Cells are made printable; an empty cell prints as "-". As many cells as headings.
  void Add(std::vector<std::string> cells);
  [[nodiscard]] std::string ToText() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

// Display columns of UTF-8 text, one a code point.
[[nodiscard]] std::size_t DisplayWidth(std::string_view text);

}  // namespace zoowarden::controller
