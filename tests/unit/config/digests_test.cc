#include "config/digests.h"

#include <gtest/gtest.h>

namespace zoowarden::config {
namespace {

model::ConfigurationSpec Spec() {
  return {.settings = {{"tickTime", "2000"}, {"initLimit", "10"}},
          .java = {.heap = "128m", .options = {"-Da=b", "-Dc=d"}},
          .files = {{"jaas.conf", "x"}, {"logback.xml", "y"}}};
}

// Frozen: another value here restarts every server of every ensemble.
TEST(DigestsTest, TheCanonicalFormNeverChanges) {
  EXPECT_EQ(ConfigurationDigest({}),
            "d7cbb62fa3c579288ac3fe7b5142c225dfaa6395baf54daf0697280ed997bd9a");
  EXPECT_EQ(ConfigurationDigest(Spec()),
            "da3297260b7dfd747039537638b654930866b3869c8a356626c10de49c8a9f52");
  EXPECT_EQ(GenerationDigest({3, 9, 4}, std::string(128, 'a'), std::string(64, 'c')),
            "68dfafe5db7d10fc");
}

TEST(DigestsTest, EveryPartCounts) {
  const std::string base = ConfigurationDigest(Spec());
  auto spec = Spec();
  spec.settings["tickTime"] = "2001";
  EXPECT_NE(ConfigurationDigest(spec), base);
  spec = Spec();
  spec.settings.erase("tickTime");
  EXPECT_NE(ConfigurationDigest(spec), base);
  spec = Spec();
  spec.java.heap = "129m";
  EXPECT_NE(ConfigurationDigest(spec), base);
  spec = Spec();
  std::swap(spec.java.options[0], spec.java.options[1]);
  EXPECT_NE(ConfigurationDigest(spec), base);
  spec = Spec();
  spec.files[0].content = "z";
  EXPECT_NE(ConfigurationDigest(spec), base);
}

TEST(DigestsTest, TheOrderOfFilesDoesNotCount) {
  auto spec = Spec();
  std::swap(spec.files[0], spec.files[1]);
  EXPECT_EQ(ConfigurationDigest(spec), ConfigurationDigest(Spec()));
}

TEST(DigestsTest, NoValueCanImitateAnother) {
  const model::ConfigurationSpec one{.settings = {{"a", "b\n1:c\n1:d"}}, .java = {}, .files = {}};
  const model::ConfigurationSpec two{.settings = {{"a", "b"}, {"c", "d"}}, .java = {}, .files = {}};
  EXPECT_NE(ConfigurationDigest(one), ConfigurationDigest(two));
  const model::ConfigurationSpec heap{
      .settings = {}, .java = {.heap = "-Dx", .options = {}}, .files = {}};
  const model::ConfigurationSpec option{
      .settings = {}, .java = {.heap = {}, .options = {"-Dx"}}, .files = {}};
  EXPECT_NE(ConfigurationDigest(heap), ConfigurationDigest(option));
}

TEST(DigestsTest, AGenerationIsReleaseAndConfiguration) {
  const auto digest = GenerationDigest({3, 9, 4}, "aa", "cc");
  EXPECT_EQ(digest.size(), 16U);
  EXPECT_NE(digest, GenerationDigest({3, 9, 5}, "aa", "cc"));
  EXPECT_NE(digest, GenerationDigest({3, 9, 4}, "ab", "cc"));
  EXPECT_NE(digest, GenerationDigest({3, 9, 4}, "aa", "cd"));
  EXPECT_NE(digest, GenerationDigest({3, 9, 4}, "aac", "c"));
}

}  // namespace
}  // namespace zoowarden::config
