#include "agent/lifecycle/zkserver_manager.h"

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace zoowarden::agent {
namespace {

// As MemoryDenyWriteExecute= of systemd.exec(5) does it: mmap of memory that can be written and
// executed is refused, to this process and all it starts.
void DenyWritableCode() {
  constexpr std::uint32_t kBoth = PROT_WRITE | PROT_EXEC;
  std::array<sock_filter, 7> program = {{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 0, 4),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[2])),
      BPF_STMT(BPF_ALU | BPF_AND | BPF_K, kBoth),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kBoth, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  const sock_fprog filter{.len = program.size(), .filter = program.data()};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
    std::abort();
  }
}

[[noreturn]] void ExitWith(const base::Status& status) {
  std::fputs(status ? "started" : status.error().reason().c_str(), stderr);
  std::_Exit(0);
}

TEST(ZkserverManagerTest, AnAgentWhoseHardeningReachesTheServerSaysSoBeforeAnythingIsStopped) {
  ZkserverManager manager({.launcher = "/bin/true"});
  EXPECT_TRUE(manager.CheckStartable());
  EXPECT_EXIT((DenyWritableCode(), ExitWith(manager.CheckStartable())),
              testing::ExitedWithCode(0),
              "start.hardened");
}

TEST(ZkserverManagerTest, AndStartsNothing) {
  ZkserverManager manager({.launcher = "/bin/true"});
  EXPECT_TRUE(manager.Start());
  EXPECT_EXIT((DenyWritableCode(), ExitWith(manager.Start())),
              testing::ExitedWithCode(0),
              "start.hardened");
}

}  // namespace
}  // namespace zoowarden::agent
