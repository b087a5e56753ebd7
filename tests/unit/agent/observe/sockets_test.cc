#include "agent/observe/sockets.h"

#include "sys/files.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;

// A /proc with one process of socket 101 and tables that also hold other processes' sockets.
class SocketsTest : public ::testing::Test {
 protected:
  SocketsTest() : proc_(sys::TempDir::Create(fs::temp_directory_path(), "sockets-").value()) {
    fs::create_directories(proc_.path() / "7/fd");
    fs::create_directories(proc_.path() / "7/net");
    fs::create_symlink("socket:[101]", proc_.path() / "7/fd/3");
    fs::create_symlink("/dev/null", proc_.path() / "7/fd/0");
  }

  QuorumSockets Look(const std::string& lines, const char* table = "tcp") const {
    std::ofstream(proc_.path() / "7/net" / table)
        << "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
        << lines;
    return LookAtSockets(proc_.path(), 7, 2888, {2888, 2889});
  }

  static std::string Line(const std::string& local,
                          const std::string& remote,
                          const std::string& state,
                          int inode) {
    return "   0: 0100007F:" + local + " 0200007F:" + remote + " " + state +
           " 00000000:00000000 00:00000000 00000000     0        0 " + std::to_string(inode) +
           " 1 0000000000000000 20 0 0 10 -1\n";
  }

  [[nodiscard]] fs::path Process() const { return proc_.path() / "7"; }

 private:
  sys::TempDir proc_;
};

// 2888 = 0B48, 2889 = 0B49.
TEST_F(SocketsTest, ALeaderListensOnItsQuorumPort) {
  const QuorumSockets sockets =
      Look(Line("0B48", "0000", "0A", 101) + Line("0B48", "D431", "01", 101));
  EXPECT_TRUE(sockets.readable);
  EXPECT_TRUE(sockets.listens_for_learners);
  EXPECT_TRUE(sockets.has_learners);
  EXPECT_FALSE(sockets.connected_to_leader);
}

TEST_F(SocketsTest, ALearnerIsConnectedToAQuorumPort) {
  const QuorumSockets sockets = Look(Line("D431", "0B49", "01", 101), "tcp6");
  EXPECT_TRUE(sockets.connected_to_leader);
  EXPECT_FALSE(sockets.listens_for_learners);
}

TEST_F(SocketsTest, SocketsOfOtherProcessesAndClosingOnesDoNotCount) {
  const QuorumSockets sockets =
      Look(Line("D431", "0B49", "01", 202) + Line("D431", "0B49", "06", 101));
  EXPECT_TRUE(sockets.readable);
  EXPECT_FALSE(sockets.connected_to_leader || sockets.has_learners);
}

TEST_F(SocketsTest, ADescriptorThatCannotBeReadProvesNothing) {
  std::ofstream(Process() / "fd/9") << "no link";
  EXPECT_FALSE(Look("").readable);
}

TEST_F(SocketsTest, BothTablesAreReadUnlessThereIsNoSecond) {
  EXPECT_TRUE(Look("").readable);
  fs::create_directory(Process() / "net/tcp6");  // opens, and cannot be read
  EXPECT_FALSE(Look("").readable);
  fs::remove(Process() / "net/tcp6");
  fs::create_symlink("tcp6", Process() / "net/tcp6");  // is there, and cannot be opened
  EXPECT_FALSE(Look("").readable);
  fs::remove(Process() / "net/tcp");
  EXPECT_FALSE(Look("", "tcp6").readable);
}

TEST_F(SocketsTest, AProcessThatCannotBeReadProvesNothing) {
  EXPECT_FALSE(LookAtSockets("/nowhere", 7, 2888, {2888}).readable);
}

}  // namespace
}  // namespace zoowarden::agent
