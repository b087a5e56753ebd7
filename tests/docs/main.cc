// Rewrites the generated part of the page given: docs/operation-states.md.
#include "core/operation_facts.h"
#include "sys/files.h"
#include "tests/support/generated_part.h"

#include <iostream>

namespace zoowarden {
namespace {

constexpr std::size_t kMaxPage = 1024UL * 1024;
constexpr mode_t kPageMode = 0644;

int Fail(const std::string& message) {
  std::cerr << "zoowarden-docs: " << message << '\n';
  return 1;
}

int Rewrite(const std::string& path) {
  const auto page = sys::ReadFile(path, kMaxPage);
  if (!page) {
    return Fail(page.error().message());
  }
  const auto next = test::WithGenerated(*page, core::PrintOperationTables());
  if (!next) {
    return Fail(path + " has no markers of a generated part");
  }
  const auto written =
      *next == *page ? base::Ok() : sys::WriteFileAtomically(path, *next, kPageMode);
  return written ? 0 : Fail(written.error().message());
}

}  // namespace
}  // namespace zoowarden

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: zoowarden-docs docs/operation-states.md\n";
    return 2;
  }
  return zoowarden::Rewrite(argv[1]);
}
