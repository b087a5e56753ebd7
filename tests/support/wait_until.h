// For what happens in another thread or process.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace zoowarden::test {

// Fails the test after 20 seconds.
template <typename F>
void WaitUntil(F done) {
  const auto ends = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!done()) {
    ASSERT_LT(std::chrono::steady_clock::now(), ends);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

}  // namespace zoowarden::test
