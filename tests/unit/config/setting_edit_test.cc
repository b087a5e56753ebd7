#include "config/setting_edit.h"

#include "sys/files.h"

#include <gtest/gtest.h>

#include <string>

namespace zoowarden::config {
namespace {

const SettingEdit kEnsemble{.key = "snapCount", .value = "50000"};
const SettingEdit kThird{.server = model::ServerId{3}, .key = "snapCount", .value = "50000"};

std::string Edited(const std::string& text, const SettingEdit& edit = kEnsemble) {
  const auto result = EditSettings(text, "/e.yaml", {edit});
  return result ? *result : "error: " + result.error().message();
}

TEST(SettingEditTest, AValueIsReplacedAndEverythingElseStays) {
  EXPECT_EQ(Edited("# top\nconfig:\n  settings:  # all\n    snapCount: \"1\"   # why\n    a: b\n"),
            "# top\nconfig:\n  settings:  # all\n    snapCount: \"50000\"   # why\n    a: b\n");
  EXPECT_EQ(Edited("config: {settings: {a: b, snapCount: 1}}  # x\n"),
            "config: {settings: {a: b, snapCount: 50000}}  # x\n");
  EXPECT_EQ(Edited("config: {settings: {snapCount: 50000}}\n"),
            "config: {settings: {snapCount: 50000}}\n");
}

TEST(SettingEditTest, ANewKeyIsAddedInTheSameStyle) {
  EXPECT_EQ(Edited("config:\n  settings:\n    a: b  # x\n\n  java: {heap: 1g}\n"),
            "config:\n  settings:\n    a: b  # x\n    snapCount: 50000\n\n  java: {heap: 1g}\n");
  EXPECT_EQ(Edited("config:\r\n  settings: {a: \"b\"}\r\nx: 1\r\n"),
            "config:\r\n  settings: {a: \"b\", snapCount: 50000}\r\nx: 1\r\n");
}

TEST(SettingEditTest, AMapThatIsNotThereIsAdded) {
  EXPECT_EQ(Edited("config:\n  java: {heap: 1g}\nservers: []\n"),
            "config:\n  settings: {snapCount: 50000}\n  java: {heap: 1g}\nservers: []\n");
  EXPECT_EQ(
      Edited("ensemble: lab\n# three\nservers:\n  - id: 1\n"),
      "ensemble: lab\n# three\nconfig: {settings: {snapCount: 50000}}\nservers:\n  - id: 1\n");
}

TEST(SettingEditTest, OneServersOwn) {
  EXPECT_EQ(Edited("servers:\n  - {id: 1, host: a}\n  - {id: 3, host: b}\n", kThird),
            "servers:\n  - {id: 1, host: a}\n  - {id: 3, host: b, settings: {snapCount: 50000}}\n");
  EXPECT_EQ(Edited("servers:\n  - id: 3\n    host: b  # x\n  - id: 4\n", kThird),
            "servers:\n  - id: 3\n    host: b  # x\n    settings: {snapCount: 50000}\n  - id: 4\n");
  EXPECT_EQ(Edited("servers:\n  - {id: 3, settings: {snapCount: 1}}\n", kThird),
            "servers:\n  - {id: 3, settings: {snapCount: 50000}}\n");
  EXPECT_TRUE(Edited("servers:\n  - {id: 1}\n", kThird).starts_with("error: "));
}

TEST(SettingEditTest, ValuesAreQuotedWhereTheyMustBe) {
  EXPECT_EQ(Edited("config: {settings: {a: b}}\n", {.key = "k", .value = "x: {y} # \"z\""}),
            "config: {settings: {a: b, k: \"x: {y} # \\\"z\\\"\"}}\n");
  EXPECT_EQ(Edited("config: {settings: {a: b}}\n", {.key = "k", .value = ""}),
            "config: {settings: {a: b, k: \"\"}}\n");
}

TEST(SettingEditTest, WhatCannotBeEditedSafelyIsRefusedWithItsPlace) {
  for (const char* text : {"config: {settings: {}}\n",
                           "config: {settings: }\n",
                           "config:\n  settings: &s {snapCount: &v 1}\n  x: *s\n",
                           "config:\n  settings:\n    snapCount: |\n      1\n",
                           "config: {}\n",
                           "ensemble: lab\n"}) {
    const auto edited = Edited(text);
    EXPECT_TRUE(edited.starts_with("error: /e.yaml:")) << edited;
    EXPECT_NE(edited.find("edit the setting by hand"), std::string::npos) << edited;
  }
}

TEST(SettingEditTest, AFileThatSomebodyChangedMeanwhileIsLeftAlone) {
  auto directory = sys::TempDir::Create(testing::TempDir(), "edit.");
  ASSERT_TRUE(directory);
  const std::string path = directory->path() / "e.yaml";
  const std::string text = "config: {settings: {a: b}}\n";
  ASSERT_TRUE(sys::WriteFileAtomically(path, text, 0640));
  ASSERT_TRUE(EditSettingsInFile(path, text, {kEnsemble}));
  EXPECT_EQ(*sys::ReadFile(path, 4096), "config: {settings: {a: b, snapCount: 50000}}\n");
  ASSERT_TRUE(EditSettingsInFile(path, text, {kEnsemble})) << "idempotent";
  ASSERT_TRUE(sys::WriteFileAtomically(path, text + "# mine\n", 0640));
  const auto late = EditSettingsInFile(path, text, {kEnsemble});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().reason(), "config.changed_meanwhile");
  EXPECT_NE(late.error().message().find("set snapCount=50000 by hand"), std::string::npos);
}

}  // namespace
}  // namespace zoowarden::config
