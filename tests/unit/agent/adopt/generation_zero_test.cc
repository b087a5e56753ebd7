#include "agent/install/generation_record.h"
#include "agent/install/generations.h"
#include "tests/unit/agent/install/scratch.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;

constexpr const char* kMembers =
    "server.1=127.0.11.1:12888:13888\nserver.2=127.0.11.2:12888:13888\n"
    "server.3=127.0.11.3:12888:13888\n";
constexpr const char* kCommitted =
    "server.1=127.0.11.1:12888:13888:participant;0.0.0.0:12181\n"
    "server.2=127.0.11.2:12888:13888:participant;0.0.0.0:12181\n"
    "server.3=127.0.11.3:12888:13888:participant;0.0.0.0:12181\n";

class GenerationZeroTest : public ScratchTest {
 protected:
  void SetUp() override {
    ScratchTest::SetUp();
    generations_.emplace(Generations::Open(scratch() / "generations", std::nullopt).value());
    fs::create_directories(scratch() / "foreign/lib");
    Write(Jar(), "");
    Write(ZooCfg(), std::string("# theirs\nreconfigEnabled=true\nclientPort=12181\n") + kMembers);
  }
  fs::path Jar() { return scratch() / "foreign/lib/zookeeper-3.8.4.jar"; }
  fs::path ZooCfg() { return scratch() / "foreign/zk.cfg"; }

  AdoptRequest Request(char configuration = 'c') {
    return {.record = {.generation = {.version = {3, 8, 4},
                                      .release_sha512 = std::string(model::kAdoptedRelease),
                                      .configuration_digest = std::string(64, configuration)},
                       .server = {1},
                       .declared_servers = 3,
                       .settings = {},
                       .foreign = ForeignPaths{.configuration = ZooCfg(),
                                               .release_directory = scratch() / "foreign",
                                               .server_jar = Jar(),
                                               .launcher = model::ForeignLauncher::kScript}},
            .start = "how"};
  }
  std::string Adopt(char configuration = 'c') {
    const auto adopted = generations_->Adopt(Request(configuration));
    EXPECT_TRUE(adopted) << adopted.error().message();
    return adopted ? adopted->digest : "";
  }
  std::string Ours(const std::string& zoo_cfg) {
    fs::create_directories(scratch() / "releases/3.9.4");
    const auto made = generations_->Make({.version = {3, 9, 4},
                                          .release_sha512 = std::string(128, 'a'),
                                          .release_directory = scratch() / "releases/3.9.4",
                                          .configuration_digest = std::string(64, 'd'),
                                          .server = {1},
                                          .declared_servers = 3,
                                          .files = {{"zoo.cfg", zoo_cfg}}});
    EXPECT_TRUE(made) << made.error().message();
    return made ? made->digest : "";
  }
  void LetOursCommit(const std::string& digest,
                     const std::string& version,
                     const std::string& members) {
    const fs::path conf = scratch() / "generations" / digest / "conf";
    const fs::path dynamic = conf / ("zoo.cfg.dynamic." + version);
    Write(dynamic, members);
    Write(conf / "zoo.cfg", "reconfigEnabled=true\ndynamicConfigFile=" + dynamic.native() + "\n");
  }

  std::optional<Generations> generations_;
};

TEST_F(GenerationZeroTest, DescribesForeignPathsAndIsCurrent) {
  const std::string digest = Adopt();
  const auto current = generations_->Current();
  ASSERT_TRUE(current && *current) << current.error().message();
  EXPECT_EQ((*current)->generation.digest, digest);
  EXPECT_EQ((*current)->release_directory, scratch() / "foreign");
  EXPECT_EQ((*current)->foreign, Request().record.foreign);
  EXPECT_EQ(generations_->Adopted()->generation.digest, digest);
  const fs::path start = scratch() / "generations" / digest / "start";
  EXPECT_EQ(Read(start), "how");
  struct stat status {};
  ASSERT_EQ(stat(start.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U) << "the environment may hold secrets";
}

TEST_F(GenerationZeroTest, ANewDescriptionTakesThePlaceOfTheOldOneButNotOfAGenerationOfOurs) {
  const std::string first = Adopt();
  EXPECT_EQ(Adopt(), first);
  const std::string second = Adopt('e');
  EXPECT_NE(second, first);
  EXPECT_FALSE(generations_->Find(first));
  ASSERT_TRUE(generations_->SwitchTo(Ours(kMembers)));
  const auto again = generations_->Adopt(Request());
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().reason(), "adopt.not_first");
}

// What a program says that knows no adoption: it looks at the number first.
TEST_F(GenerationZeroTest, HasAFormatThatOldReadersRefuseByName) {
  const std::string digest = Adopt();
  const std::string record = Read(scratch() / "generations" / digest / "generation.json");
  EXPECT_NE(record.find("\"format\": 2"), std::string::npos);
  std::string old = record;
  old.replace(old.find("\"format\": 2"), 11, "\"format\": 3");
  const auto refused = ParseGenerationRecord(old, digest);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason(), "generation.unknown_format");
  old.replace(old.find("\"format\": 3"), 11, "\"format\": 1");
  const auto read = ParseGenerationRecord(old, digest);
  ASSERT_TRUE(read) << "format 1 has no foreign part, whatever stands there";
  EXPECT_FALSE(read->foreign);
}

TEST_F(GenerationZeroTest, IsDamagedWhenWhatRanIsGone) {
  const std::string digest = Adopt();
  fs::remove(Jar());
  const auto found = generations_->Find(digest);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().reason(), "generation.damaged");
}

TEST_F(GenerationZeroTest, IsNotCollectedWhileItsFilesAreAwayForAMoment) {
  const std::string zero = Adopt();
  const std::string ours = Ours(kMembers);
  ASSERT_TRUE(generations_->SwitchTo(ours));
  fs::rename(Jar(), scratch() / "away");
  const auto uses = generations_->Uses();
  ASSERT_TRUE(uses);
  ASSERT_EQ(uses->known.size(), 1U);
  EXPECT_EQ(uses->known.front().digest, ours);
}

TEST_F(GenerationZeroTest, WhatSaysNotWhoseItIsIsNotCollected) {
  const std::string zero = Adopt();
  ASSERT_TRUE(generations_->SwitchTo(Ours(kMembers)));
  const fs::path record = scratch() / "generations" / zero / "generation.json";
  for (const char* text : {"", "{}", "{\"format\": 9}"}) {
    Write(record, text);
    EXPECT_EQ(generations_->Uses()->known.size(), 1U) << text;
  }
  fs::remove(record);
  EXPECT_EQ(generations_->Uses()->known.size(), 1U);
}

TEST_F(GenerationZeroTest, MayBeDescribedAnewWhenSomebodyTookItsOldFilesAway) {
  const std::string first = Adopt();
  const fs::path newer = scratch() / "foreign/lib/zookeeper-3.8.5.jar";
  fs::rename(Jar(), newer);
  AdoptRequest request = Request('e');
  request.record.foreign->server_jar = newer;
  const auto second = generations_->Adopt(request);
  ASSERT_TRUE(second) << second.error().message();
  EXPECT_FALSE(fs::exists(scratch() / "generations" / first));
}

// Two may be there after a kill between the switch and the removal.
TEST_F(GenerationZeroTest, OfTwoTheCurrentOneCountsAndARepetitionRemovesTheOther) {
  for (const char configuration : {'c', 'e'}) {
    const std::string stale = Adopt(configuration);
    fs::copy(scratch() / "generations" / stale, scratch() / "keep", fs::copy_options::recursive);
    const std::string second = Adopt(configuration == 'c' ? 'e' : 'c');
    fs::rename(scratch() / "keep", scratch() / "generations" / stale);
    EXPECT_EQ(generations_->Adopted()->generation.digest, second);
    EXPECT_EQ(Adopt(configuration == 'c' ? 'e' : 'c'), second);
    EXPECT_FALSE(fs::exists(scratch() / "generations" / stale));
  }
}

TEST_F(GenerationZeroTest, ItsCommittedMembershipGoesWithTheFirstUpgrade) {
  const fs::path dynamic = scratch() / "foreign/zk.cfg.dynamic.100000000";
  Write(dynamic, kCommitted);
  Write(ZooCfg(), "reconfigEnabled=true\ndynamicConfigFile=" + dynamic.native() + "\n");
  const std::string zero = Adopt();
  const std::string ours = Ours(std::string("reconfigEnabled=true\n") + kMembers);
  ASSERT_TRUE(generations_->CarryOverDynamicFile(zero, ours));
  const fs::path conf = scratch() / "generations" / ours / "conf";
  EXPECT_EQ(Read(conf / "zoo.cfg.dynamic.100000000"), kCommitted);
  EXPECT_NE(Read(conf / "zoo.cfg").find("dynamicConfigFile="), std::string::npos);
}

TEST_F(GenerationZeroTest, GoingBackLeavesItsFilesByteForByteWhileTheMembersAreTheSame) {
  const std::string before = Read(ZooCfg());
  const std::string zero = Adopt();
  const std::string ours = Ours(std::string("reconfigEnabled=true\n") + kMembers);
  LetOursCommit(ours, "200000000", kCommitted);
  ASSERT_TRUE(generations_->CarryOverDynamicFile(ours, zero));
  EXPECT_EQ(Read(ZooCfg()), before);
  EXPECT_FALSE(fs::exists(scratch() / "foreign/zk.cfg.dynamic.200000000"));
}

TEST_F(GenerationZeroTest, GoingBackTakesAMembershipAlongThatWasCommittedSince) {
  fs::permissions(ZooCfg(), fs::perms(0640));
  const std::string zero = Adopt();
  const std::string ours = Ours(std::string("reconfigEnabled=true\n") + kMembers);
  const std::string grown =
      std::string(kCommitted) + "server.4=127.0.11.4:12888:13888:participant;0.0.0.0:12181\n";
  LetOursCommit(ours, "200000000", grown);
  ASSERT_TRUE(generations_->CarryOverDynamicFile(ours, zero));
  const fs::path dynamic = scratch() / "foreign/zk.cfg.dynamic.200000000";
  EXPECT_EQ(Read(dynamic), grown);
  EXPECT_NE(Read(ZooCfg()).find("dynamicConfigFile=" + dynamic.native()), std::string::npos);
  EXPECT_EQ(fs::status(ZooCfg()).permissions(), fs::perms(0640));
}

}  // namespace
}  // namespace zoowarden::agent
