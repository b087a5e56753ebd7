#include "plugin/answer.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace zoowarden::plugin {
namespace {

TEST(PluginAnswerTest, TheRequestIsOneLineOfJson) {
  EXPECT_EQ(WriteRequest({.ensemble = "lab", .path = "/a.yaml", .command = {}},
                         std::chrono::milliseconds(500)),
            "{\"deadline_ms\":500,\"ensemble\":\"lab\",\"options\":{\"path\":\"/a.yaml\"},"
            "\"protocol\":1,\"verb\":\"settings\"}\n");
  EXPECT_EQ(WriteRequest({.ensemble = "lab", .path = "", .command = {"/x", "a\nb"}},
                         std::chrono::milliseconds(1)),
            "{\"deadline_ms\":1,\"ensemble\":\"lab\",\"options\":{\"command\":[\"/x\",\"a\\nb\"]},"
            "\"protocol\":1,\"verb\":\"settings\"}\n");
}

TEST(PluginAnswerTest, SettingsComeWithTheirOrigins) {
  const auto values = ReadAnswer(
      R"({"protocol": 1, "settings": {"tickTime": {"value": "2000", "origin": "a.yaml:1:2"}}})");
  ASSERT_TRUE(values) << values.error().message();
  EXPECT_EQ(*values, (SourceValues{{"tickTime", {"2000", "a.yaml:1:2"}}}));
  EXPECT_TRUE(ReadAnswer(R"({"protocol": 1, "settings": {}})").value().empty());
}

TEST(PluginAnswerTest, ARefusalKeepsThePluginsWordsAndLosesItsControlCharacters) {
  const auto refused = ReadAnswer(R"({"protocol": 1, "error": "a.yaml:1:2: \u001b[31mbad"})");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason(), "plugin.refused");
  EXPECT_EQ(refused.error().message(), "a.yaml:1:2: ?[31mbad");
}

TEST(PluginAnswerTest, AnotherProtocolIsNamed) {
  const auto wrong = ReadAnswer(R"({"protocol": 2, "settings": {}, "more": 1})");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().reason(), "plugin.wrong_protocol");
}

TEST(PluginAnswerTest, GarbageIsNamedAndNeverTakenInPart) {
  const std::vector<std::pair<std::string, std::string>> answers = {
      {"", "it is empty"},
      {"hello", "no JSON object: 'hello'"},
      {"[]", "no JSON object: '[]'"},
      {R"({"protocol": 1, "settings": {}} trailing)",
       R"(no JSON object: '{"protocol": 1, "settings": {}} trailing')"},
      {"{\"protocol\": 1, \"error\": \"\xff\"}",
       "no JSON object: '{\"protocol\": 1, \"error\": \"?\"}'"},
      {R"({"settings": {}})", "it needs a number 'protocol'"},
      {R"({"protocol": "1", "settings": {}})", "it needs a number 'protocol'"},
      {R"({"protocol": 1})", "it needs either 'settings' or 'error'"},
      {R"({"protocol": 1, "settings": {}, "error": "x"})", "it needs either 'settings' or 'error'"},
      {R"({"protocol": 1, "settings": {}, "secrets": 1})", "unknown key 'secrets'"},
      {R"({"protocol": 1, "settings": []})",
       "'settings' must be an object of at most 1000 settings"},
      {R"({"protocol": 1, "settings": {"a": "1"}})", "setting 'a' must be an object"},
      {R"({"protocol": 1, "settings": {"a": {"value": 1, "origin": "x"}}})",
       "setting 'a' needs a text 'value'"},
      {R"({"protocol": 1, "settings": {"a": {"value": "1"}}})",
       "setting 'a' needs a text 'origin'"},
      {R"({"protocol": 1, "settings": {"a": {"value": "1", "origin": "", "x": 1}}})",
       "unknown key 'x'"},
      {R"({"protocol": 1, "settings": {"a": {"value": "1", "origin": ""}, "a": {}}})",
       "the key 'a' is there twice"},
      {std::string(100'000, '['), "it is nested too deeply"},
  };
  for (const auto& [text, problem] : answers) {
    const auto values = ReadAnswer(text);
    ASSERT_FALSE(values) << text;
    EXPECT_EQ(values.error().reason(), "plugin.garbage") << text;
    EXPECT_EQ(values.error().message(), "the answer is not one of protocol 1: " + problem);
  }
}

TEST(PluginAnswerTest, OneValueCannotFillTheMemory) {
  const auto values = ReadAnswer(R"({"protocol": 1, "settings": {"a": {"origin": "", "value": ")" +
                                 std::string(16 * 1024 + 1, 'x') + "\"}}}");
  ASSERT_FALSE(values);
  EXPECT_EQ(values.error().reason(), "plugin.garbage");
}

}  // namespace
}  // namespace zoowarden::plugin
