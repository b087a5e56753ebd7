#include "plugins/exec/run_command.h"

#include "sys/fd.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace zoowarden::plugin_exec {
namespace {

constexpr std::size_t kMostOutput = 512U * 1024;

base::Error Problem(const std::string& command, const std::string& what) {
  return base::Error(base::ErrorCode::kFailedPrecondition, command + " " + what);
}

base::Result<pid_t> Spawn(const std::vector<std::string>& command, int output) {
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const auto& word : command) {
    arguments.push_back(const_cast<char*>(word.c_str()));
  }
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  pid_t pid = 0;
  const int error =
      ::posix_spawn(&pid, command.front().c_str(), &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    return base::Fail(
        Problem(command.front(), std::string("cannot be run: ") + std::strerror(error)));
  }
  return pid;
}

// Everything until end of file, or nothing when it is too much.
std::pair<bool, std::string> ReadAll(int fd) {
  std::string text;
  std::array<char, 16 * 1024> piece{};
  while (true) {
    const ssize_t got = ::read(fd, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got <= 0) {
      return {true, text};
    }
    if (text.size() + static_cast<std::size_t>(got) > kMostOutput) {
      return {false, ""};
    }
    text.append(piece.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace

base::Result<std::string> RunCommand(const std::vector<std::string>& command) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return base::Fail(
        Problem(command.front(), std::string("got no pipe: ") + std::strerror(errno)));
  }
  const sys::UniqueFd read_end(ends[0]);
  sys::UniqueFd write_end(ends[1]);
  ZW_ASSIGN(const pid_t pid, Spawn(command, write_end.get()));
  write_end.Reset();
  auto [complete, output] = ReadAll(read_end.get());
  if (!complete) {
    ::kill(pid, SIGKILL);
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (!complete) {
    return base::Fail(
        Problem(command.front(), "printed more than " + std::to_string(kMostOutput) + " bytes"));
  }
  if (WIFSIGNALED(status)) {
    return base::Fail(
        Problem(command.front(), "ended by signal " + std::to_string(WTERMSIG(status))));
  }
  if (WEXITSTATUS(status) != 0) {
    return base::Fail(
        Problem(command.front(), "ended with exit code " + std::to_string(WEXITSTATUS(status))));
  }
  return std::move(output);
}

}  // namespace zoowarden::plugin_exec
