#include "sys/resident.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <array>
#include <fstream>
#include <string>

namespace zoowarden::sys {
namespace {

// Resident pages that are backed by files, from /proc/self/statm (proc(5)): RSS shared.
long FilePages() {
  std::ifstream statm("/proc/self/statm");
  long size = 0;
  long resident = 0;
  long shared = 0;
  statm >> size >> resident >> shared;
  return shared;
}

std::string DigestOf(const std::string& text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &length, EVP_sha512(), nullptr);
  return {digest.begin(), digest.begin() + length};
}

TEST(ReturnIdleMemory, DropsPagesOfCodeAndWhatNeedsThemAgainStillWorks) {
  const std::string before = DigestOf("zoowarden");
  const long pages = FilePages();
  ReturnIdleMemory();
  EXPECT_LT(FilePages(), pages * 3 / 4);
  EXPECT_EQ(DigestOf("zoowarden"), before);
}

}  // namespace
}  // namespace zoowarden::sys
