#include "base/text.h"
#include "controller/cli/commands.h"
#include "controller/cli/pki_options.h"
#include "pki/enrolment.h"
#include "rpc/enrolment.h"

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace zoowarden::controller {

namespace {

constexpr std::chrono::milliseconds kLookEvery{200};
constexpr std::chrono::milliseconds kGrace{2'000};

struct ServeOptions {
  std::string directory;
  std::string listen;
  std::string time = "1h";
  std::string days = "365";
};

struct Limits {
  pki::UnixTime open{0};
  pki::Days lifetime{0};
};

base::Result<Limits> LimitsOf(const ServeOptions& options) {
  ZW_ASSIGN(const auto open, DurationOption("--for", options.time));
  ZW_ASSIGN(const auto days, NumberOption("--days", options.days, kMaxDays));
  return Limits{.open = open, .lifetime = pki::Days(static_cast<int>(days))};
}

// Answers come on the listener's threads; only one thread speaks.
class Lines {
 public:
  void Add(std::string line) {
    const std::lock_guard lock(mutex_);
    lines_.push_back(std::move(line));
  }
  void SayAll(Context& context) {
    std::vector<std::string> lines;
    {
      const std::lock_guard lock(mutex_);
      lines.swap(lines_);
    }
    for (const auto& line : lines) {
      context.Say(line);
    }
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> lines_;  // guarded by mutex_
};

std::string LineOf(const base::Result<pki::Enrolled>& made) {
  if (!made) {
    return "refused: " + base::Printable(made.error().message(), 1000);
  }
  const auto info = pki::ParseCertificate(made->certificate_pem);
  return info ? "enrolled " + info->uris.front() + ", serial " + info->serial : "enrolled";
}

// Until every token is used or has expired, the time is over, or Ctrl-C.
base::Status WaitForTokens(Context& context,
                           const ServeOptions& options,
                           const Limits& limits,
                           Lines& lines) {
  auto& clock = context.world().clock;
  const auto interrupted = context.world().watch_interrupt(kOnlyEnded);
  const auto until = clock.BootTime() + limits.open;
  while (!interrupted() && clock.BootTime() < until) {
    lines.SayAll(context);
    ZW_ASSIGN(const auto open, pki::OpenTokens(options.directory, clock));
    if (open == 0) {
      return base::Ok();
    }
    clock.SleepFor(kLookEvery);
  }
  return base::Ok();
}

base::Result<int> Serve(Context& context, const ServeOptions& options) {
  auto& clock = context.world().clock;
  ZW_ASSIGN(const auto limits, LimitsOf(options));
  ZW_ASSIGN(const auto open, pki::OpenTokens(options.directory, clock));
  if (open == 0) {
    return base::Fail(base::ErrorCode::kFailedPrecondition,
                      "enrol.no_tokens",
                      "no token waits to be used; make one with 'zoowarden pki token --dir " +
                          options.directory + "'");
  }
  ZW_ASSIGN(const auto shown, pki::IssueForListener(options.directory, limits.open, clock));
  std::atomic<int> enrolled = 0;
  Lines lines;
  ZW_ASSIGN(auto listener,
            rpc::StartEnrolment(options.listen, shown, [&](const pki::EnrolmentRequest& request) {
              auto made = pki::Enrol(options.directory, request, limits.lifetime, clock);
              enrolled += made ? 1 : 0;
              lines.Add(LineOf(made));
              return made;
            }));
  context.Say(
      "listening on " + listener.address() + " for " + std::to_string(open) +
      " tokens; on the server: zoowarden-agent --config agent.yaml enroll --token - --from " +
      "HOST:PORT");
  const auto waited = WaitForTokens(context, options, limits, lines);
  listener.Stop(kGrace);
  lines.SayAll(context);
  ZW_TRY(waited);
  if (enrolled == 0) {
    return base::Fail(base::ErrorCode::kAborted,
                      "enrol.nobody",
                      "nobody enrolled: the tokens have expired unused, or the listener was ended "
                      "before; make new ones with 'zoowarden pki token --dir " +
                          options.directory + "'");
  }
  return enrolled.load();
}

ExitCode Run(Context& context, const ServeOptions& options) {
  const auto enrolled = Serve(context, options);
  if (!enrolled) {
    return context.Fail(enrolled.error());
  }
  context.Print(Document::Map({{"schema_version", 1}, {"enrolled", *enrolled}}),
                "enrolled " + std::to_string(*enrolled) + " servers\n");
  return ExitCode::kOk;
}

}  // namespace

Command PkiServeCommand() {
  auto options = std::make_shared<ServeOptions>();
  return {.name = "pki serve",
          .summary = "answer enrolments until every token is used",
          .examples = {{"zoowarden pki serve --dir ca --listen 10.0.0.9:7444",
                        "while servers run `zoowarden-agent enroll`"}},
          .details =
              "Runs where the CA is, and ends by itself; each enrolment and each refusal is a line "
              "on stderr. Who shows no valid token gets nothing but "
              "the CA's public certificate.",
          .options = {{.name = "--dir",
                       .value_name = "DIR",
                       .help = "made by `zoowarden pki init`",
                       .target = &options->directory,
                       .required = true},
                      {.name = "--listen",
                       .value_name = "HOST:PORT",
                       .help = "an address that the servers reach",
                       .target = &options->listen,
                       .required = true},
                      {.name = "--for",
                       .value_name = "TIME",
                       .help = "how long to wait at most (default 1h)",
                       .target = &options->time},
                      {.name = "--days",
                       .value_name = "N",
                       .help = "how long the certificates are valid (default 365)",
                       .target = &options->days}},
          .run = [options](Context& context) { return Run(context, *options); }};
}

}  // namespace zoowarden::controller
