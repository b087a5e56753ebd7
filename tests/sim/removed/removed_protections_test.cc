// The simulation can fail: of ten programs that lack one protection each, it finds every one, and
// the schedule that finds it does no harm to the program as it is.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

namespace zoowarden::sim {
namespace {

// The rarest needs a third of these.
constexpr std::uint64_t kMost = 5'000;

std::vector<std::string> Protections() {
  std::istringstream names(ZOOWARDEN_REMOVED);
  std::vector<std::string> list;
  for (std::string name; std::getline(names, name, ',');) {
    list.push_back(name);
  }
  return list;
}

// "SEED I4: what is broken", "none", or what the program itself died of.
std::string Search(const std::string& without, std::uint64_t first, std::uint64_t last) {
  const std::string program = std::string(ZOOWARDEN_PROGRAMS) + "/zoowarden-without-" + without;
  const auto command =
      program + " " + std::to_string(first) + " " + std::to_string(last) + " 2>/dev/null";
  // NOLINTNEXTLINE(cert-env33-c): no part of it comes from outside
  auto* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) {
    return "cannot be run";
  }
  std::string said;
  std::array<char, 4096> part{};
  while (std::fgets(part.data(), part.size(), pipe) != nullptr) {
    said += part.data();
  }
  if (const int status = ::pclose(pipe); status != 0) {
    return program + " ended with " + std::to_string(WEXITSTATUS(status)) +
           "; build it: cmake --build --preset dev --target zoowarden_without";
  }
  return said.substr(0, said.find('\n'));
}

class RemovedProtectionTest : public testing::TestWithParam<std::string> {};

TEST_P(RemovedProtectionTest, IsFound) {
  const auto found = Search(GetParam(), 1, kMost);
  const auto seed = std::strtoull(found.c_str(), nullptr, 10);
  ASSERT_GT(seed, 0U) << found;
  std::cout << "without " << GetParam() << ": found after " << seed
            << (seed == 1 ? " schedule: " : " schedules: ") << found.substr(found.find(' ') + 1)
            << "\n";
  EXPECT_EQ(Search("nothing", seed, seed), "none");
}

INSTANTIATE_TEST_SUITE_P(OfTen,
                         RemovedProtectionTest,
                         testing::ValuesIn(Protections()),
                         [](const auto& param) {
                           std::string name;
                           for (const char letter : param.param) {
                             name += letter == '-' ? '_' : letter;
                           }
                           return name;
                         });

}  // namespace
}  // namespace zoowarden::sim
