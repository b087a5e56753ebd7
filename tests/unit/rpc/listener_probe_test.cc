#include "rpc/listener_probe.h"

#include "rpc/accept_limit.h"
#include "sys/fd.h"
#include "tests/unit/rpc/loopback.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <thread>

namespace zoowarden::rpc {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// The reason of a probe in a thread of its own, for which that call of the system fails.
std::string ProbedWhere(long call, int error, const std::string& address) {
  std::string reason;
  std::thread([&] {
    std::array rules = {
        sock_filter{BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
        sock_filter{BPF_JMP | BPF_JEQ | BPF_K, 0, 1, static_cast<__u32>(call)},
        sock_filter{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | static_cast<__u32>(error)},
        sock_filter{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}};
    const sock_fprog program{.len = rules.size(), .filter = rules.data()};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
      reason = "cannot be tried";
      return;
    }
    const auto answered = ProbeListener(address, seconds(5));
    reason = answered ? "answers" : answered.error().reason();
  }).join();
  return reason;
}

class ListenerProbeTest : public LoopbackTest {
 protected:
  [[nodiscard]] std::string Probed(milliseconds patience = seconds(5)) const {
    const auto answered = ProbeListener(server_->address(), patience);
    return answered ? "answers" : answered.error().reason();
  }
};

TEST_F(ListenerProbeTest, AListenerThatServesAnswers) { EXPECT_EQ(Probed(), "answers"); }

TEST_F(ListenerProbeTest, AStoppedOneRefuses) {
  server_->Stop(milliseconds(0));
  EXPECT_EQ(Probed(), "listener.refused");
}

// The one that is looked for: the socket listens, the kernel connects, nobody accepts.
TEST_F(ListenerProbeTest, OneThatNoLongerAcceptsIsSilent) {
  const sys::UniqueFd dead(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(bind(dead.get(), raw, size), 0);
  ASSERT_EQ(listen(dead.get(), 8), 0);
  ASSERT_EQ(getsockname(dead.get(), raw, &size), 0);
  const auto answered =
      ProbeListener("127.0.0.1:" + std::to_string(ntohs(address.sin_port)), milliseconds(100));
  ASSERT_FALSE(answered);
  EXPECT_EQ(answered.error().reason(), "listener.silent");
}

// Accepted and closed: that is no answer.
TEST_F(ListenerProbeTest, OneThatTurnsCallersAwayDoesNotAnswer) {
  SetAcceptLimits({.connections = 0, .from_one_address = 0});
  EXPECT_EQ(Probed(), "listener.turned_away");
  SetAcceptLimits({});
  EXPECT_EQ(Probed(), "answers");
}

// Nothing is known of the listener then, but that callers find no descriptor either.
TEST_F(ListenerProbeTest, WithoutADescriptorNoLookIsMade) {
  ASSERT_EQ(Probed(), "answers");
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = 0;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto reason = Probed();
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(reason, "listener.not_looked");
  EXPECT_TRUE(AcceptsNow().without_descriptor);
  EXPECT_EQ(Probed(), "answers");
  EXPECT_FALSE(AcceptsNow().without_descriptor);
}

TEST_F(ListenerProbeTest, OnlyAWantOfDescriptorsOrMemoryIsNoLook) {
  for (const int error : {EMFILE, ENFILE, ENOBUFS, ENOMEM}) {
    EXPECT_EQ(ProbedWhere(SYS_socket, error, server_->address()), "listener.not_looked") << error;
  }
  for (const int error : {EAFNOSUPPORT, EACCES, EPROTONOSUPPORT}) {
    EXPECT_EQ(ProbedWhere(SYS_socket, error, server_->address()), "listener.refused") << error;
  }
}

TEST_F(ListenerProbeTest, ANameThatNoDescriptorIsLeftToLookUpIsNoLook) {
  for (const int error : {EMFILE, ENFILE}) {
    EXPECT_EQ(ProbedWhere(SYS_openat, error, "no-such-host.invalid:3"), "listener.not_looked")
        << error;
  }
  EXPECT_EQ(ProbedWhere(SYS_openat, EACCES, "no-such-host.invalid:3"), "listener.refused");
}

TEST(WithoutNameTest, ANameIsAskedForOnceAndNumbersStay) {
  const std::string local = WithoutName("localhost:7443");
  EXPECT_TRUE(local == "127.0.0.1:7443" || local == "[::1]:7443") << local;
  EXPECT_EQ(WithoutName("127.0.0.2:1"), "127.0.0.2:1");
  EXPECT_EQ(WithoutName("[::1]:2"), "[::1]:2");
  EXPECT_EQ(WithoutName("no-such-host.invalid:3"), "no-such-host.invalid:3");
}

}  // namespace
}  // namespace zoowarden::rpc
