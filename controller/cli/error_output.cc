#include "controller/cli/error_output.h"

#include "controller/cli/exit_codes.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace zoowarden::controller {

namespace {

struct Hint {
  std::string_view reason;
  std::string_view next;
};

constexpr std::array kHints{
    Hint{"usage.no_ensemble",
         "name the file with --ensemble FILE or ZOOWARDEN_ENSEMBLE; to go on with a run on a "
         "machine that has none, see `zoowarden runs list --help`"},
    Hint{"usage.no_home", "name the directory with the flag or its environment variable"},
    Hint{
        "lease.held",
        "wait for it to end, or see `zoowarden runs list`; `zoowarden resume ID --take-over` takes "
        "it over"},
    Hint{"run.fenced", "see `zoowarden status`"},
    Hint{"record.fenced", "see `zoowarden status`"},
    Hint{"lease.no_majority", "start the agents that do not answer; see `zoowarden status`"},
    Hint{"record.no_majority", "start the agents that do not answer, then `zoowarden resume`"},
    Hint{"journal.in_use",
         "wait for that zoowarden to end, or let `zoowarden pause` take the run out of its hands; "
         "one that hangs may be killed, then `zoowarden resume` goes on"},
    Hint{"pki.no_identity",
         "make one with `zoowarden pki issue --role operator`, or name the directory with --pki"},
    Hint{"fleet.in_use", "wait for it to end, or see `zoowarden fleet status`"},
    Hint{"run.none_open", "see `zoowarden runs list`"},
    Hint{"run.none", "see `zoowarden runs list`"},
};

}  // namespace

std::string NextAction(const base::Error& error) {
  for (const auto& hint : kHints) {
    if (hint.reason == error.reason()) {
      return std::string(hint.next);
    }
  }
  // What such an error says is enough.
  constexpr std::array<std::string_view, 5> kComplete{"usage.no_fleet",
                                                      "usage.fleet_not_ensemble",
                                                      "usage.needs_yes",
                                                      "usage.unknown_server",
                                                      "usage.bad_crl"};
  const bool usage =
      error.Is(base::ErrorCode::kInvalidArgument) && error.reason().starts_with("usage.") &&
      std::find(kComplete.begin(), kComplete.end(), error.reason()) == kComplete.end();
  return usage ? "see --help" : "";
}

Document ErrorDocument(const base::Error& error) {
  return Document::Map({{"schema_version", 1},
                        {"error",
                         Document::Map({{"code", base::ErrorCodeName(error.code())},
                                        {"reason", Document::TextOrNull(error.reason())},
                                        {"message", error.message()},
                                        {"exit_code", static_cast<int>(ExitCodeOf(error))},
                                        {"next", Document::TextOrNull(NextAction(error))}})}});
}

}  // namespace zoowarden::controller
