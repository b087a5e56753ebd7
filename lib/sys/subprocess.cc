#include "sys/subprocess.h"

#include "sys/errno_error.h"
#include "sys/fd.h"
#include "sys/files.h"

#include <boost/asio/io_context.hpp>
#include <boost/process/v2/posix/default_launcher.hpp>
#include <boost/process/v2/process.hpp>
#include <boost/process/v2/stdio.hpp>
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <optional>

namespace zoowarden::sys {
namespace {

namespace process = boost::process::v2;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kLookForStop{100};

struct Account {
  uid_t user = 0;
  gid_t group = 0;
  std::vector<gid_t> groups;
};

base::Result<std::optional<Account>> FindAccount(const std::string& name) {
  if (name.empty()) {
    return std::optional<Account>();
  }
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 16 * 1024> buffer{};
  ::getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (found == nullptr) {
    return base::Fail(base::ErrorCode::kNotFound,
                      "process.unknown_user",
                      "user " + name + " is not known here; create it or name another");
  }
  Account account{.user = entry.pw_uid, .group = entry.pw_gid, .groups = {}};
  int count = 0;
  ::getgrouplist(name.c_str(), account.group, nullptr, &count);
  account.groups.resize(static_cast<std::size_t>(std::max(count, 1)));
  count = static_cast<int>(account.groups.size());
  ::getgrouplist(name.c_str(), account.group, account.groups.data(), &count);
  return std::optional(std::move(account));
}

boost::system::error_code LastError() { return {errno, boost::system::system_category()}; }

// Runs between fork and exec: system calls only. The member names are Boost's.
struct ChildSetup {
  const std::optional<Account>& account;
  const char* directory;  // null = stay, which also works where the user may not look

  // NOLINTNEXTLINE(readability-identifier-naming)
  boost::system::error_code on_exec_setup(process::posix::default_launcher& /*launcher*/,
                                          const boost::filesystem::path& /*executable*/,
                                          const char* const*& /*arguments*/) const {
    if (::setsid() < 0) {
      return LastError();
    }
    // A mask or an ignored signal would be inherited through exec, down to a JVM that then could
    // not be stopped.
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    for (int signal = 1; signal < SIGRTMIN; ++signal) {
      ::signal(signal, SIG_DFL);
    }
    // Boost 1.81 closes only the descriptors above its highest exception.
    if (::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) != 0) {
      return LastError();
    }
    if (account && (::setgroups(account->groups.size(), account->groups.data()) != 0 ||
                    ::setgid(account->group) != 0 || ::setuid(account->user) != 0)) {
      return LastError();
    }
    if (directory != nullptr && ::chdir(directory) != 0) {
      return LastError();
    }
    return {};
  }

  // Boost would call exit(), which runs this process's destructors in the child. Variadic because
  // Boost 1.81 probes it with five arguments and calls it with four.
  template <typename... Arguments>
  // NOLINTNEXTLINE(readability-identifier-naming)
  void on_exec_error(Arguments&&... /*arguments*/) const {
    ::_exit(127);
  }
};

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

base::Result<Pipe> MakePipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return base::Fail(ErrnoError("create", "a pipe", errno));
  }
  Pipe pipe{.read = UniqueFd(ends[0]), .write = UniqueFd(ends[1])};
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return pipe;
}

// A file in memory instead of a pipe: the program may leave it unread without blocking or
// signalling us.
base::Result<UniqueFd> MakeInput(const std::string& text) {
  UniqueFd file(::memfd_create("stdin", MFD_CLOEXEC));
  if (!file.valid()) {
    return base::Fail(ErrnoError("create", "a file in memory", errno));
  }
  ZW_TRY(WriteAll(file.get(), text, "a file in memory"));
  ::lseek(file.get(), 0, SEEK_SET);
  return file;
}

struct Stream {
  UniqueFd fd;
  std::string text;

  enum class State { kOpen, kClosed, kTooMuch };
  // Takes what is there now.
  State Drain(std::size_t limit) {
    std::array<char, 16 * 1024> piece{};
    while (fd.valid()) {
      const ssize_t got = ::read(fd.get(), piece.data(), piece.size());
      if (got < 0 && errno == EINTR) {
        continue;
      }
      if (got < 0 && errno == EAGAIN) {
        return State::kOpen;
      }
      if (got <= 0) {
        fd.Reset();
        break;
      }
      if (text.size() + static_cast<std::size_t>(got) > limit) {
        return State::kTooMuch;
      }
      text.append(piece.data(), static_cast<std::size_t>(got));
    }
    return State::kClosed;
  }
};

class Running {
 public:
  Running(const Program& program, pid_t pid, UniqueFd pidfd, UniqueFd out, UniqueFd err)
      : program_(program), pid_(pid), pidfd_(std::move(pidfd)) {
    out_.fd = std::move(out);
    err_.fd = std::move(err);
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  // Where memory ran out in the middle nobody else would end it.
  ~Running() {
    if (!reaped_) {
      Reap(/*kill=*/true);
    }
  }

  base::Result<ProgramResult> Finish() {
    const base::Status ended = WaitForEnd();
    const int status = Reap(!ended || program_.descendants == Descendants::kKill);
    ZW_TRY(ended);
    // What it wrote just before it exited; a descendant may hold the pipes open for ever.
    ZW_TRY(DrainBoth());
    ProgramResult result;
    result.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    result.exit_code = result.signal != 0 ? 128 + result.signal : WEXITSTATUS(status);
    result.output = std::move(out_.text);
    result.error_output = std::move(err_.text);
    return result;
  }

 private:
  int Reap(bool kill) {
    // Before reaping: while the leader is a zombie its group's number cannot be anybody else's.
    if (kill) {
      ::kill(-pid_, SIGKILL);
    }
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    reaped_ = true;
    return status;
  }
  base::Status DrainBoth() {
    for (Stream* stream : {&out_, &err_}) {
      if (stream->Drain(program_.max_output) == Stream::State::kTooMuch) {
        return base::Fail(base::ErrorCode::kResourceExhausted,
                          "process.too_much_output",
                          program_.executable.native() + " wrote more than " +
                              std::to_string(program_.max_output) +
                              " bytes and was killed; make it print less");
      }
    }
    return base::Ok();
  }

  base::Status WaitForEnd() {
    const auto deadline = steady_clock::now() + program_.timeout;
    while (true) {
      const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
      if (left.count() <= 0) {
        return base::Fail(base::ErrorCode::kDeadlineExceeded,
                          "process.timed_out",
                          program_.executable.native() + " did not finish in " +
                              std::to_string(program_.timeout.count()) +
                              " ms and was killed; run it by hand to see why");
      }
      if (program_.stop.stop_requested()) {
        return base::Fail(
            base::ErrorCode::kCancelled,
            "process.stopped",
            program_.executable.native() + " was killed, nobody waits for it; ask again");
      }
      std::array<pollfd, 3> waiting{{{.fd = pidfd_.get(), .events = POLLIN, .revents = 0},
                                     {.fd = out_.fd.get(), .events = POLLIN, .revents = 0},
                                     {.fd = err_.fd.get(), .events = POLLIN, .revents = 0}}};
      const auto longest =
          program_.stop.stop_possible() ? kLookForStop.count() : milliseconds::rep{INT_MAX};
      const auto wait = std::min<milliseconds::rep>(left.count(), longest);
      ::poll(waiting.data(), waiting.size(), static_cast<int>(wait));
      if (waiting[0].revents != 0) {
        return base::Ok();
      }
      ZW_TRY(DrainBoth());
    }
  }

  const Program& program_;
  pid_t pid_;
  bool reaped_ = false;
  UniqueFd pidfd_;
  Stream out_;
  Stream err_;
};

struct ChildFiles {
  int in;
  int out;
  int err;
};

// The pid of the started program, which the caller must reap.
base::Result<pid_t> Start(const Program& program,
                          const std::optional<Account>& account,
                          const ChildFiles& files) {
  boost::asio::io_context context;
  process::posix::default_launcher launcher;
  boost::system::error_code error;
  // Not const: Boost silently skips an initialiser whose members cannot be called.
  process::process_stdio stdio{files.in, files.out, files.err};
  std::vector<const char*> environment;
  for (const std::string& entry : program.environment) {
    environment.push_back(entry.c_str());
  }
  environment.push_back(nullptr);
  launcher.env = environment.data();
  const char* directory = program.directory.empty() ? nullptr : program.directory.c_str();
  auto started = launcher(context.get_executor(),
                          error,
                          boost::filesystem::path(program.executable.native()),
                          program.arguments,
                          ChildSetup{account, directory},
                          stdio);
  if (error) {
    // Boost leaves the child of a failed exec as a zombie.
    if (launcher.pid > 0) {
      ::waitpid(launcher.pid, nullptr, 0);
    }
    return base::Fail(ErrnoError("run", program.executable.native(), error.value()));
  }
  started.detach();
  return launcher.pid;
}

base::Status Check(const Program& program) {
  if (program.timeout.count() <= 0 || program.executable.native().find('/') == std::string::npos) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "process.bad_call",
                      "cannot run '" + program.executable.native() +
                          "'; it needs a path with a '/' and a positive time-out");
  }
  return base::Ok();
}

base::Error CannotRun(const std::filesystem::path& executable, const std::exception& e) {
  return {base::ErrorCode::kInternal,
          "process.failed",
          "cannot run " + executable.native() + ": " + e.what() +
              "; check limits of memory and processes"};
}

}  // namespace

base::Result<ProgramResult> RunProgram(const Program& program) try {
  ZW_TRY(Check(program));
  ZW_ASSIGN(const std::optional<Account> account, FindAccount(program.user));
  ZW_ASSIGN(UniqueFd input, MakeInput(program.input));
  ZW_ASSIGN(Pipe out, MakePipe());
  ZW_ASSIGN(Pipe err, MakePipe());
  ZW_ASSIGN(
      const pid_t pid,
      Start(program, account, {.in = input.get(), .out = out.write.get(), .err = err.write.get()}));
  UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!pidfd.valid()) {
    const int error = errno;
    ::kill(-pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return base::Fail(ErrnoError("open process", std::to_string(pid), error));
  }
  out.write.Reset();
  err.write.Reset();
  return Running(program, pid, std::move(pidfd), std::move(out.read), std::move(err.read)).Finish();
} catch (const std::exception& e) {
  return base::Fail(CannotRun(program.executable, e));
}

base::Result<pid_t> StartDetached(const DetachedProgram& program) try {
  const UniqueFd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const UniqueFd log(
      ::open(program.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!nothing.valid() || !log.valid()) {
    return base::Fail(ErrnoError("open", log.valid() ? "/dev/null" : program.log.native(), errno));
  }
  return Start({.executable = program.executable,
                .arguments = program.arguments,
                .environment = program.environment},
               std::nullopt,
               {.in = nothing.get(), .out = log.get(), .err = log.get()});
} catch (const std::exception& e) {
  return base::Fail(CannotRun(program.executable, e));
}

}  // namespace zoowarden::sys
