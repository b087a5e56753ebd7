#include "tests/unit/controller/cli/fake_world.h"

#include <set>

namespace zoowarden::controller {
namespace {

class UsageTest : public CommandLineTest {};

TEST_F(UsageTest, AnUnknownCommandGetsTheNearestName) {
  const auto outcome = Run({"stauts"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err,
            "error: unknown command 'stauts'; did you mean 'status'?\nnext: see --help\n");
}

TEST_F(UsageTest, AnUnknownSubcommandGetsTheNearestNameOfItsGroup) {
  const auto outcome = Run({"runs", "shw", "X"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_NE(outcome.err.find("unknown command 'shw' of 'zoowarden runs'; did you mean 'show'?"),
            std::string::npos);
}

TEST_F(UsageTest, AnUnknownFlagGetsTheNearestName) {
  const auto outcome = Run({"status", "--outptu=json"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_NE(outcome.err.find("unknown flag '--outptu' of 'zoowarden status'; did you mean "
                             "'--output'?"),
            std::string::npos);
}

TEST_F(UsageTest, AbbreviationsAreNotTaken) {
  EXPECT_EQ(Run({"stat"}).code, 2);
  EXPECT_EQ(Run({"status", "--verb"}).code, 2);
}

TEST_F(UsageTest, GlobalFlagsWorkBeforeAndAfterTheCommand) {
  EXPECT_EQ(Run({"-o", "json", "status"}).out, Run({"status", "-o", "json"}).out);
  EXPECT_NE(Run({"status", "-o", "json"}).out, Run({"status"}).out);
}

TEST_F(UsageTest, MissingAndSurplusArgumentsAreNamed) {
  EXPECT_NE(Run({"runs", "show"}).err.find("'zoowarden runs show' needs ID"), std::string::npos);
  EXPECT_NE(Run({"status", "now"}).err.find("unexpected argument 'now' of 'zoowarden status'"),
            std::string::npos);
  EXPECT_EQ(Run({"status", "-o"}).err, "error: --output needs a value\nnext: see --help\n");
}

TEST_F(UsageTest, AGroupHasExamplesAndUsageLikeACommand) {
  for (const auto* group : {"server", "runs", "pki", "releases", "config", "audit"}) {
    const auto help = Run({group, "--help"}).out;
    EXPECT_EQ(help.find("Examples:\n  zoowarden " + std::string(group)), 0U) << help;
    EXPECT_NE(help.find("\nUsage: zoowarden " + std::string(group) + " COMMAND [flags]\n"),
              std::string::npos);
  }
}

TEST_F(UsageTest, AChoiceThatDoesNotExistIsRefusedWithTheOnesThatDo) {
  const auto outcome = Run({"status", "-o", "jsn"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_NE(outcome.err.find("--output cannot be 'jsn': use table, json, yaml; did you mean "
                             "'json'?"),
            std::string::npos);
}

TEST_F(UsageTest, ControlCharactersOfTheLineNeverReachTheTerminal) {
  EXPECT_EQ(Run({"\x1b[2J"}).err.find('\x1b'), std::string::npos);
}

TEST_F(UsageTest, WithJsonAnErrorIsAnObjectOnStdoutAndASentenceOnStderr) {
  environment_.erase("ZOOWARDEN_ENSEMBLE");
  const auto outcome = Run({"status", "-o", "json"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(outcome.out, R"({
  "schema_version": 1,
  "error": {
    "code": "invalid_argument",
    "reason": "usage.no_ensemble",
    "message": "no ensemble is named and there is no ensemble.yaml in this directory",
    "exit_code": 2,
    "next": "name the file with --ensemble FILE or ZOOWARDEN_ENSEMBLE; to go on with a run on a machine that has none, see `zoowarden runs list --help`"
  }
}
)");
  EXPECT_NE(outcome.err.find("error: no ensemble is named"), std::string::npos);
}

TEST_F(UsageTest, FlagsWinOverTheEnvironment) {
  EXPECT_EQ(Run({"status", "--ensemble", Path("missing.yaml")}).code, 1);
  environment_["ZOOWARDEN_ENSEMBLE"] = Path("missing.yaml");
  EXPECT_EQ(Run({"status", "--ensemble", Path("ensemble.yaml")}).code, 0);
}

TEST_F(UsageTest, NothingToDoPrintsTheOverview) {
  const auto outcome = Run({});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_TRUE(outcome.out.starts_with("Examples:\n"));
}

TEST_F(UsageTest, VersionIsOneLine) {
  EXPECT_EQ(Run({"--version"}).out, std::string("zoowarden ") + ZOOWARDEN_VERSION + "\n");
}

TEST_F(UsageTest, EveryCommandsHelpStartsWithExamplesOfItself) {
  GlobalFlags flags;
  CommandTree tree;
  FillCommandTree(tree, flags);
  for (const auto& command : tree.commands) {
    std::vector<std::string> line;
    std::istringstream words(command.name);
    for (std::string word; words >> word;) {
      line.push_back(word);
    }
    line.emplace_back("--help");
    const auto outcome = Run(line);
    EXPECT_EQ(outcome.code, 0);
    EXPECT_TRUE(outcome.out.starts_with("Examples:\n  zoowarden " + command.name))
        << command.name << ":\n"
        << outcome.out;
    EXPECT_EQ(outcome.out, Run({"help", command.name}).out);
  }
}

TEST_F(UsageTest, CommandsOfOneGroupStandTogether) {
  GlobalFlags flags;
  CommandTree tree;
  FillCommandTree(tree, flags);
  std::set<std::string> ended;
  std::string before;
  for (const auto& command : tree.commands) {
    const auto first = command.name.substr(0, command.name.find(' '));
    EXPECT_FALSE(ended.contains(first)) << command.name;
    if (first != before) {
      ended.insert(before);
    }
    before = first;
  }
}

TEST_F(UsageTest, HelpOnCommandIsAGolden) {
  EXPECT_EQ(Run({"pki", "show", "--help"}).out, R"(Examples:
  zoowarden pki show agent1/cert.pem  # whose it is and how long

say what a certificate is

Usage: zoowarden pki show FILE [flags]

Flags:
  FILE  a PEM file

Global flags:
  --ensemble FILE    what the ensemble should be (default: $ZOOWARDEN_ENSEMBLE, ensemble.yaml)
  --pki DIR          ca.pem, cert.pem, key.pem (default: $ZOOWARDEN_PKI, ~/.config/zoowarden/pki)
  --crl FILE         agents that this list revokes are not believed (default: $ZOOWARDEN_CRL, none)
  --state DIR        records of runs (default: $ZOOWARDEN_STATE, ~/.local/state/zoowarden)
  -o, --output FORM  table, json or yaml
  -y, --yes          go ahead without asking
  --no-color         no colours and no redrawing
  -v, --verbose      say more on stderr
)");
}

TEST_F(UsageTest, AnUnknownTopicGetsTheNearest) {
  const auto outcome = Run({"help", "exitcodes"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_NE(outcome.err.find("did you mean 'exit-codes'?"), std::string::npos);
}

TEST_F(UsageTest, ExitCodesAreTheOnesScriptsKnow) {
  EXPECT_EQ(Run({"help", "exit-codes"}).out,
            R"(CODE  NAME         MEANING
0     ok           done, or nothing to do
1     error        an error; status: the ensemble needs attention
2     usage        the command line or a file is wrong; nothing was changed
3     changes      plan --detailed-exitcode: there are changes to make
4     denied       authentication or authorisation failed
5     refused      refused before anything was touched
6     rolled_back  the run failed, every server is back; a rollback that was asked for is 0
7     stuck        going back failed too: an operator is needed
8     held         another controller holds the ensemble
9     timeout      no answer in time; the run stays open
10    halted       the run halted with mixed servers; status names each
130   interrupted  interrupted at a safe point; resume continues
)");
}

TEST(ExitCodeTest, ErrorsMapToTheirCodes) {
  const auto code = [](base::ErrorCode error, const std::string& reason = "") {
    return static_cast<int>(ExitCodeOf(base::Error(error, reason, "x")));
  };
  EXPECT_EQ(code(base::ErrorCode::kUnavailable), 1);
  EXPECT_EQ(code(base::ErrorCode::kInvalidArgument), 2);
  EXPECT_EQ(code(base::ErrorCode::kPermissionDenied), 4);
  EXPECT_EQ(code(base::ErrorCode::kUnauthenticated), 4);
  EXPECT_EQ(code(base::ErrorCode::kFailedPrecondition, "plan.refused"), 5);
  EXPECT_EQ(code(base::ErrorCode::kAborted, "lease.held"), 8);
  EXPECT_EQ(code(base::ErrorCode::kFailedPrecondition, "journal.in_use"), 8);
  EXPECT_EQ(code(base::ErrorCode::kDeadlineExceeded), 9);
  EXPECT_EQ(code(base::ErrorCode::kUnavailable, "record.no_majority"), 9);
  EXPECT_EQ(code(base::ErrorCode::kCancelled), 130);
}

TEST(ConsoleTest, ColoursOnlyOnATerminalThatWantsThem) {
  std::ostringstream stream;
  std::istringstream in;
  std::map<std::string, std::string> environment{{"TERM", "xterm"}};
  Console console{.out = stream, .err = stream, .in = in, .err_is_terminal = true};
  console.environment = [&](const std::string& name) -> std::optional<std::string> {
    return environment.contains(name) ? std::optional(environment[name]) : std::nullopt;
  };
  EXPECT_TRUE(MayUseColor(console, /*no_color_flag=*/false));
  EXPECT_FALSE(MayUseColor(console, /*no_color_flag=*/true));
  environment["NO_COLOR"] = "1";
  EXPECT_FALSE(MayUseColor(console, false));
  environment["NO_COLOR"] = "";
  EXPECT_TRUE(MayUseColor(console, false));
  environment["TERM"] = "dumb";
  EXPECT_FALSE(MayUseColor(console, false));
  environment["TERM"] = "xterm";
  console.err_is_terminal = false;
  EXPECT_FALSE(MayUseColor(console, false));
}

class PkiTest : public CommandLineTest {};

TEST_F(PkiTest, InitIssueAndShowFitTogether) {
  EXPECT_EQ(Run({"pki", "init", "--dir", Path("ca"), "--ensemble", "lab"}).code, 0);
  const auto issued = Run({"pki",
                           "issue",
                           "--dir",
                           Path("ca"),
                           "--role",
                           "agent",
                           "--server",
                           "2",
                           "--out",
                           Path("agent2"),
                           "-o",
                           "json"});
  EXPECT_EQ(issued.code, 0) << issued.err;
  const auto shown = Run({"pki", "show", Path("agent2/cert.pem"), "-o", "json"});
  EXPECT_EQ(shown.out, issued.out);
  EXPECT_NE(shown.out.find("\"zoowarden://lab/agent/2\""), std::string::npos);
}

TEST_F(PkiTest, NothingIsOverwritten) {
  ASSERT_EQ(Run({"pki", "init", "--dir", Path("ca"), "--ensemble", "lab"}).code, 0);
  EXPECT_EQ(Run({"pki", "init", "--dir", Path("ca"), "--ensemble", "lab"}).code, 1);
}

TEST_F(PkiTest, NumbersAreChecked) {
  for (const char* bad : {"0", "-1", "x", "4294967296"}) {
    EXPECT_EQ(Run({"pki",
                   "issue",
                   "--dir",
                   Path("ca"),
                   "--role",
                   "agent",
                   "--out",
                   Path("o"),
                   std::string("--server=") + bad})
                  .code,
              2)
        << bad;
  }
}

class ConfigShowTest : public CommandLineTest {};

TEST_F(ConfigShowTest, EverySettingSaysWhereItComesFrom) {
  const auto shown = Run({"config", "show"});
  EXPECT_EQ(shown.code, 0) << shown.err;
  EXPECT_NE(shown.out.find("tickTime"), std::string::npos);
  EXPECT_NE(shown.out.find("ensemble.yaml:4:"), std::string::npos);
  EXPECT_NE(shown.out.find("server 3 only"), std::string::npos);
  EXPECT_NE(shown.out.find("ensemble.yaml:8:"), std::string::npos) << shown.out;
}

TEST_F(ConfigShowTest, ExplainNamesTheLayerAndTheServersThatDiffer) {
  const auto tick = Run({"config", "show", "--explain", "tickTime"});
  EXPECT_TRUE(tick.out.starts_with("tickTime = 2000\n  set by ensemble.yaml (")) << tick.out;
  const auto own = Run({"config", "show", "--explain", "maxClientCnxns"});
  EXPECT_NE(own.out.find("server 3: 70 ("), std::string::npos) << own.out;
}

TEST_F(ConfigShowTest, AnUnsetKeyGetsTheNearest) {
  const auto outcome = Run({"config", "show", "--explain", "tickTimes"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_NE(outcome.err.find("did you mean 'tickTime'?"), std::string::npos);
}

TEST_F(ConfigShowTest, SecretsAreMaskedEverywhere) {
  std::string text = kEnsembleText;
  text.replace(text.find("syncLimit: 5"), 12, "ssl.keyStore.password: hunter2");
  Write("ensemble.yaml", text);
  for (const auto& line : std::vector<std::vector<std::string>>{
           {"config", "show"},
           {"config", "show", "-o", "json"},
           {"config", "show", "--explain", "ssl.keyStore.password"},
           {"config", "show", "--explain", "ssl.keyStore.password", "-o", "yaml"}}) {
    const auto shown = Run(line);
    EXPECT_EQ(shown.code, 0) << shown.err;
    EXPECT_EQ((shown.out + shown.err).find("hunter2"), std::string::npos) << shown.out;
    EXPECT_NE(shown.out.find("********"), std::string::npos);
  }
}

}  // namespace
}  // namespace zoowarden::controller
