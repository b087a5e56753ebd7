#include "controller/cli/table.h"

#include "base/check.h"
#include "base/text.h"

#include <algorithm>

namespace zoowarden::controller {

std::size_t DisplayWidth(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80;
  }));
}

void Table::Add(std::vector<std::string> cells) {
  ZW_CHECK(cells.size() == rows_.front().size(), "a table row has the wrong number of cells");
  for (auto& cell : cells) {
    cell = cell.empty() ? "-" : base::Printable(cell);
  }
  rows_.push_back(std::move(cells));
}

std::string Table::ToText() const {
  std::vector<std::size_t> widths(rows_.front().size(), 0);
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], DisplayWidth(row[i]));
    }
  }
  std::string text;
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) {
        line += std::string(widths[i] - DisplayWidth(row[i]) + 2, ' ');
      }
    }
    text += line + "\n";
  }
  return text;
}

}  // namespace zoowarden::controller
