#include "controller/cli/interrupt.h"

#include "base/check.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <string_view>

namespace zoowarden::controller {

namespace {

constexpr int kInterruptedStatus = 130;                  // ExitCode::kInterrupted
constexpr std::array kSignals{SIGINT, SIGTERM, SIGHUP};  // SIGHUP: the terminal is gone

std::atomic<int> g_received{0};
static_assert(std::atomic<int>::is_always_lock_free, "used in a signal handler");
std::atomic<const char*> g_asked{""};
std::atomic<const char*> g_left{""};
static_assert(std::atomic<const char*>::is_always_lock_free, "used in a signal handler");
std::array<struct sigaction, kSignals.size()> g_before{};

void Write(std::string_view text) {
  // Nothing can be done about a closed stderr here.
  [[maybe_unused]] const auto ignored = ::write(STDERR_FILENO, text.data(), text.size());
}

// Only async-signal-safe calls.
void OnSignal(int /*signal*/) {
  if (g_received.fetch_add(1) == 0) {
    Write(g_asked.load());
    return;
  }
  Write(g_left.load());
  ::_exit(kInterruptedStatus);
}

}  // namespace

Interrupt::Interrupt(const InterruptWords& words) {
  g_received = 0;
  g_asked = words.asked;
  g_left = words.left;
  struct sigaction action {};
  action.sa_handler = OnSignal;
  action.sa_flags = SA_RESTART;
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    ZW_CHECK(::sigaction(kSignals[i], &action, &g_before[i]) == 0, "cannot handle a signal");
    // nohup: who asked for that goes on without a terminal.
    if (kSignals[i] == SIGHUP && g_before[i].sa_handler == SIG_IGN) {
      ::sigaction(kSignals[i], &g_before[i], nullptr);
    }
  }
}

Interrupt::~Interrupt() {
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    ::sigaction(kSignals[i], &g_before[i], nullptr);
  }
}

bool Interrupt::requested() const { return g_received > 0; }

}  // namespace zoowarden::controller
