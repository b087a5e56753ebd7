#include "rpc/tls.h"

#include <gtest/gtest.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <array>
#include <cstdlib>

namespace zoowarden::rpc {
namespace {

constexpr int kCleanedUp = 3;
constexpr int kNoHandler = 4;

// Certificates are read before any connection is made, so gRPC is not OpenSSL's first user.
[[noreturn]] void UseOpenSslAndExit() {
  std::array<unsigned char, 8> bytes{};
  RAND_bytes(bytes.data(), static_cast<int>(bytes.size()));
  ForceTls13();
  // Called at the start of OpenSSL's cleanup only.
  if (OPENSSL_atexit([] { std::_Exit(kCleanedUp); }) != 1) {
    std::_Exit(kNoHandler);
  }
  std::exit(0);
}

TEST(ExitDeathTest, LeavesOpenSslAloneWhileGrpcThreadsMayStillUseIt) {
  EXPECT_EXIT(UseOpenSslAndExit(), ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace zoowarden::rpc
