#include "sys/subprocess.h"
#include "tests/contract/plugin/plugin_fixture.h"

#include <string>

namespace zoowarden::plugin {
namespace {

class BuiltInPluginTest : public PluginTest {
 protected:
  [[nodiscard]] static Plugin BuiltIn(const std::string& name) {
    return FindPlugin(name, {ZOOWARDEN_PLUGIN_DIRECTORY}).value();
  }
  [[nodiscard]] static base::Result<SourceValues> File(const std::string& path) {
    return RunSource(BuiltIn("file"), {.ensemble = "lab", .path = path, .command = {}});
  }
  [[nodiscard]] base::Result<SourceValues> Exec(const std::string& script) const {
    const auto path = Write("command", "#!/bin/sh\n" + script, 0755);
    return RunSource(BuiltIn("exec"), {.ensemble = "lab", .path = "", .command = {path, "a b"}});
  }
};

TEST_F(BuiltInPluginTest, FileReadsAFlatMapWithPositions) {
  const auto path = Write("common.yaml", "# ours\ntickTime: 2000\nname: \"a b\"\nempty: ''\n");
  const auto values = File(path);
  ASSERT_TRUE(values) << values.error().message();
  EXPECT_EQ(*values,
            (SourceValues{{"tickTime", {"2000", path + ":2:11"}},
                          {"name", {"a b", path + ":3:7"}},
                          {"empty", {"", path + ":4:8"}}}));
  EXPECT_TRUE(File(Write("nothing.yaml", "# nothing yet\n")).value().empty());
}

TEST_F(BuiltInPluginTest, FileRefusesWithThePosition) {
  const auto path = Write("bad.yaml", "tickTime: 2000\nlist: [1]\n");
  const auto values = File(path);
  EXPECT_EQ(ReasonOf(values), "plugin.refused");
  EXPECT_EQ(values.error().message(),
            "plugin 'file': " + path + ":2:7: list must be text, not a list");
  EXPECT_EQ(ReasonOf(File(Write("twice.yaml", "a: 1\na: 2\n"))), "plugin.refused");
  EXPECT_EQ(ReasonOf(File(Write("list.yaml", "- a\n"))), "plugin.refused");
  EXPECT_EQ(ReasonOf(File("/nonexistent/x.yaml")), "plugin.refused");
  EXPECT_EQ(ReasonOf(File("")), "plugin.refused");
}

TEST_F(BuiltInPluginTest, ExecReadsYamlAndJson) {
  const auto yaml = Exec("echo \"tickTime: 2000\"\necho \"word: '$1'\"\n");
  ASSERT_TRUE(yaml) << yaml.error().message();
  const auto origin = "output of " + (Directory() / "command").string();
  EXPECT_EQ(
      *yaml,
      (SourceValues{{"tickTime", {"2000", origin + ":1:11"}}, {"word", {"a b", origin + ":2:7"}}}));
  const auto json = Exec("printf '{\\n\\t\"tickTime\": 2000, \"a\": \"b\"\\n}\\n'\n");
  ASSERT_TRUE(json) << json.error().message();
  EXPECT_EQ(json->at("tickTime").value, "2000");
  EXPECT_EQ(json->at("a").value, "b");
}

TEST_F(BuiltInPluginTest, ExecRefusesWhatItsCommandDoesWrong) {
  EXPECT_EQ(Exec("echo 'a: 1'; exit 7\n").error().message(),
            "plugin 'exec': " + (Directory() / "command").string() + " ended with exit code 7");
  EXPECT_EQ(ReasonOf(Exec("kill -9 $$\n")), "plugin.refused");
  EXPECT_EQ(ReasonOf(Exec("exec yes\n")), "plugin.refused");
  EXPECT_EQ(ReasonOf(Exec("echo 'a: ['\n")), "plugin.refused");
  EXPECT_EQ(ReasonOf(RunSource(BuiltIn("exec"),
                               {.ensemble = "lab", .path = "", .command = {"/nonexistent/x"}})),
            "plugin.refused");
  EXPECT_EQ(ReasonOf(RunSource(BuiltIn("exec"), {.ensemble = "lab", .path = "", .command = {}})),
            "plugin.refused");
}

TEST_F(BuiltInPluginTest, ExecAndItsCommandShareTheDeadline) {
  auto plugin = BuiltIn("exec");
  plugin.timeout = std::chrono::milliseconds(1000);
  const auto path = Write("slow", "#!/bin/sh\nexec sleep 1000\n", 0755);
  EXPECT_EQ(ReasonOf(RunSource(plugin, {.ensemble = "lab", .path = "", .command = {path}})),
            "plugin.timed_out");
}

TEST_F(BuiltInPluginTest, ARequestOfAnotherProtocolIsRefusedByThePlugin) {
  const auto run = [](const std::string& request) {
    return sys::RunProgram({.executable = BuiltIn("file").executable,
                            .input = request,
                            .timeout = std::chrono::seconds(20)})
        .value()
        .exit_code;
  };
  EXPECT_EQ(run("{\"protocol\":2,\"verb\":\"settings\",\"ensemble\":\"l\",\"deadline_ms\":1,"
                "\"options\":{}}"),
            2);
  EXPECT_EQ(run("{\"protocol\":1,\"verb\":\"destroy\",\"ensemble\":\"l\",\"deadline_ms\":1,"
                "\"options\":{}}"),
            2);
  EXPECT_EQ(run("hello"), 2);
  EXPECT_EQ(run(""), 2);
}

}  // namespace
}  // namespace zoowarden::plugin
