#include "agent/install/generations.h"

#include "tests/unit/agent/install/scratch.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr model::Version k34{3, 4, 14};
constexpr model::Version k38{3, 8, 4};
constexpr model::Version k39{3, 9, 4};

constexpr const char* kRendered =
    "tickTime=2000\ninitLimit=10\nsyncLimit=5\nreconfigEnabled=true\ndataDir=/data\n"
    "clientPort=12181\nserver.1=127.0.11.1:12888:13888\nserver.2=127.0.11.2:12888:13888\n"
    "server.3=127.0.11.3:12888:13888\n";

class GenerationsTest : public ScratchTest {
 protected:
  void SetUp() override {
    ScratchTest::SetUp();
    generations_.emplace(Generations::Open(scratch() / "generations", std::nullopt).value());
  }

  GenerationRequest Request(model::Version version, std::string zoo_cfg = kRendered) {
    const fs::path release = scratch() / "releases" / (version.ToString() + "-aaaaaaaa");
    fs::create_directories(release / "bin");
    return {.version = version,
            .release_sha512 = std::string(128, 'a'),
            .release_directory = release,
            .configuration_digest = std::string(64, 'c'),
            .server = model::ServerId{1},
            .declared_servers = 3,
            .settings = {{"tickTime", "2000"}, {"ssl.keyStore.password", "hunter2"}},
            .files = {{"zoo.cfg", std::move(zoo_cfg)}, {"java.env", "# none\n"}}};
  }
  std::string Make(model::Version version) {
    const auto made = generations_->Make(Request(version));
    EXPECT_TRUE(made) << made.error().message();
    return made ? made->digest : "";
  }
  fs::path Conf(const std::string& digest) { return scratch() / "generations" / digest / "conf"; }
  // What ZooKeeper 3.5 and later does on the first established leader when reconfigEnabled=true.
  void LetZooKeeperRewrite(const std::string& digest, const std::string& version, int servers) {
    std::string dynamic;
    for (int id = 1; id <= servers; ++id) {
      const std::string n = std::to_string(id);
      dynamic += "server." + n + "=127.0.11." + n + ":12888:13888:participant;0.0.0.0:12181\n";
    }
    const fs::path file = Conf(digest) / ("zoo.cfg.dynamic." + version);
    Write(file, dynamic);
    Write(Conf(digest) / "zoo.cfg",
          "initLimit=10\nsyncLimit=5\nreconfigEnabled=true\ndataDir=/data\ntickTime=2000\n"
          "dynamicConfigFile=" +
              file.native() + "\n");
  }
  std::string Reason(const base::Status& status) { return status ? "" : status.error().reason(); }

  std::optional<Generations> generations_;
};

TEST_F(GenerationsTest, IsNamedByItsContentAndShowsRealPaths) {
  const std::string digest = Make(k38);
  ASSERT_EQ(digest.size(), 16U);
  const auto found = generations_->Find(digest);
  ASSERT_TRUE(found) << found.error().message();
  EXPECT_EQ(found->generation.version, k38);
  EXPECT_EQ(found->generation.release_sha512, std::string(128, 'a'));
  EXPECT_EQ(found->release_directory, fs::canonical(scratch() / "releases/3.8.4-aaaaaaaa"));
  EXPECT_EQ(found->configuration_directory, fs::canonical(Conf(digest)));
  EXPECT_EQ(found->declared_servers, 3U);
  EXPECT_EQ(Read(Conf(digest) / "zoo.cfg"), kRendered);
}

TEST_F(GenerationsTest, KeepsNoSecretInItsRecord) {
  const std::string digest = Make(k38);
  EXPECT_EQ(generations_->Find(digest)->settings.at("ssl.keyStore.password"), "********");
  EXPECT_EQ(generations_->Find(digest)->settings.at("tickTime"), "2000");
  EXPECT_THAT(Read(Conf(digest).parent_path() / "generation.json"), Not(HasSubstr("hunter2")));
  struct stat status {};
  ASSERT_EQ(::stat((Conf(digest) / "zoo.cfg").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 077U, 0U);
}

TEST_F(GenerationsTest, MakingTheSameAgainTouchesNothing) {
  const std::string digest = Make(k38);
  struct stat before {};
  ASSERT_EQ(::stat((Conf(digest) / "zoo.cfg").c_str(), &before), 0);
  EXPECT_EQ(Make(k38), digest);
  struct stat after {};
  ASSERT_EQ(::stat((Conf(digest) / "zoo.cfg").c_str(), &after), 0);
  EXPECT_EQ(before.st_ino, after.st_ino);
}

TEST_F(GenerationsTest, LeavesNothingBesideTheGenerations) {
  Make(k38);
  Make(k39);
  EXPECT_EQ(CountEntries(scratch() / "generations"), 2);
  ASSERT_EQ(generations_->List()->size(), 2U);
}

TEST_F(GenerationsTest, RemovesWhatACrashLeftAndDoesNotListIt) {
  Write(scratch() / "generations/.new-abc/conf/zoo.cfg", "half");
  EXPECT_TRUE(generations_->List()->empty());
  ASSERT_TRUE(Generations::Open(scratch() / "generations", std::nullopt));
  EXPECT_EQ(CountEntries(scratch() / "generations"), 0);
}

TEST_F(GenerationsTest, SwitchesForwardBackAndAway) {
  const std::string old_digest = Make(k38);
  const std::string new_digest = Make(k39);
  EXPECT_EQ(generations_->Current().value(), std::nullopt);
  for (const auto& digest : {old_digest, new_digest, new_digest, old_digest}) {
    ASSERT_TRUE(generations_->SwitchTo(digest));
    EXPECT_EQ(generations_->Current().value()->generation.digest, digest);
    EXPECT_EQ(fs::read_symlink(scratch() / "generations/current"), digest);
  }
  ASSERT_TRUE(generations_->SwitchTo(""));
  ASSERT_TRUE(generations_->SwitchTo(""));
  EXPECT_EQ(generations_->Current().value(), std::nullopt);
}

TEST_F(GenerationsTest, KnowsWhichOnesRan) {
  const std::string old = Make(k38);
  const std::string next = Make(k39);
  EXPECT_EQ(generations_->LastRan(old), std::nullopt);
  EXPECT_EQ(generations_->LastRan("0123456789abcdef"), std::nullopt);
  // As an older agent made it current, without a note.
  fs::create_directory_symlink(old, scratch() / "generations/current");
  EXPECT_EQ(generations_->LastRan(old), 0);
  ASSERT_TRUE(generations_->SwitchTo(next));
  EXPECT_EQ(generations_->LastRan(old), 0);
  EXPECT_GT(generations_->LastRan(next), 0);
  ASSERT_TRUE(generations_->SwitchTo(""));
  EXPECT_GT(generations_->LastRan(next), 0);
  Write(scratch() / "generations" / next / "ran", "damaged");
  EXPECT_EQ(generations_->LastRan(next), 0);
}

TEST_F(GenerationsTest, TheOneThatRanLastIsTheNewestAlsoWhenTheClockWasSetBack) {
  const std::string first = Make(k38);
  const std::string second = Make(k39);
  ASSERT_TRUE(generations_->SwitchTo(first));
  const auto ten_years_on = generations_->LastRan(first).value() + 315'360'000;
  Write(scratch() / "generations" / first / "ran", std::to_string(ten_years_on) + "\n");
  ASSERT_TRUE(generations_->SwitchTo(second));
  EXPECT_GT(generations_->LastRan(second), ten_years_on);
}

TEST_F(GenerationsTest, RefusesToSwitchToWhatIsNotThere) {
  const std::string digest = Make(k38);
  ASSERT_TRUE(generations_->SwitchTo(digest));
  EXPECT_EQ(Reason(generations_->SwitchTo("0123456789abcdef")), "generation.unknown");
  EXPECT_EQ(Reason(generations_->SwitchTo("../../etc")), "generation.unknown");
  EXPECT_EQ(Reason(generations_->SwitchTo("..")), "generation.unknown");
  EXPECT_EQ(generations_->Current().value()->generation.digest, digest);
}

TEST_F(GenerationsTest, NamesEveryKindOfDamage) {
  const std::string digest = Make(k38);
  const fs::path record = Conf(digest).parent_path() / "generation.json";
  const std::string good = Read(record);
  const auto reason = [&] {
    const auto found = generations_->Find(digest);
    return found ? std::string() : found.error().reason();
  };
  EXPECT_EQ(reason(), "");
  for (const std::string& bad :
       {std::string(), good.substr(0, good.size() / 2), std::string("[]")}) {
    Write(record, bad);
    EXPECT_EQ(reason(), "generation.damaged") << bad;
    EXPECT_TRUE(generations_->List()->empty());
  }
  std::string other = good;
  other.replace(other.find("3.8.4"), 5, "3.8.5");
  Write(record, other);
  EXPECT_EQ(reason(), "generation.damaged");
  std::string newer = good;
  newer.replace(newer.find("\"format\": 1"), 11, "\"format\": 9");
  Write(record, newer);
  EXPECT_EQ(reason(), "generation.unknown_format");
  Write(record, good);
  fs::remove_all(scratch() / "releases");
  EXPECT_EQ(reason(), "generation.damaged");
}

TEST_F(GenerationsTest, CurrentThatNamesADamagedGenerationIsAnErrorNotAbsence) {
  const std::string digest = Make(k38);
  ASSERT_TRUE(generations_->SwitchTo(digest));
  fs::remove_all(Conf(digest).parent_path());
  const auto current = generations_->Current();
  ASSERT_FALSE(current);
  EXPECT_EQ(current.error().reason(), "generation.damaged");
}

TEST_F(GenerationsTest, ReconfigurationIsNoDifference) {
  const std::string digest = Make(k38);
  ASSERT_TRUE(generations_->SwitchTo(digest));
  const auto before = generations_->Find(digest)->generation;
  LetZooKeeperRewrite(digest, "100000000", 3);
  const std::string rewritten = Read(Conf(digest) / "zoo.cfg");
  EXPECT_EQ(generations_->Find(digest)->generation, before);
  EXPECT_EQ(Make(k38), digest);
  EXPECT_EQ(Read(Conf(digest) / "zoo.cfg"), rewritten);
}

TEST_F(GenerationsTest, AnOldGenerationMadeAgainBringsNoOldMembershipBack) {
  const std::string old_digest = Make(k38);
  LetZooKeeperRewrite(old_digest, "100000000", 3);
  const std::string new_digest = Make(k39);
  ASSERT_TRUE(generations_->SwitchTo(new_digest));
  // Meanwhile the ensemble grew to five; then somebody goes to 3.8.4 with the same configuration.
  LetZooKeeperRewrite(new_digest, "500000003", 5);
  EXPECT_EQ(Make(k38), old_digest);
  EXPECT_EQ(Read(Conf(old_digest) / "zoo.cfg"), kRendered);
  ASSERT_TRUE(generations_->CarryOverDynamicFile(new_digest, old_digest));
  EXPECT_THAT(Read(Conf(old_digest) / "zoo.cfg.dynamic.500000003"), HasSubstr("server.5="));
  EXPECT_THAT(Read(Conf(old_digest) / "zoo.cfg"), Not(HasSubstr("server.")));
  EXPECT_EQ(CountEntries(scratch() / "generations"), 3);
}

TEST_F(GenerationsTest, CarriesTheNewestDynamicFileOver) {
  const std::string old_digest = Make(k38);
  const std::string new_digest = Make(k39);
  LetZooKeeperRewrite(old_digest, "100000000", 3);
  LetZooKeeperRewrite(old_digest, "a00000001", 4);
  Write(Conf(old_digest) / "zoo.cfg.dynamic.next", "server.9=proposed:1:2:participant;3\n");
  for (int again = 0; again < 2; ++again) {
    ASSERT_TRUE(generations_->CarryOverDynamicFile(old_digest, new_digest));
    const std::string cfg = Read(Conf(new_digest) / "zoo.cfg");
    EXPECT_THAT(
        cfg,
        HasSubstr("dynamicConfigFile=" +
                  (fs::canonical(Conf(new_digest)) / "zoo.cfg.dynamic.a00000001").native()));
    EXPECT_THAT(cfg, HasSubstr("tickTime=2000"));
    EXPECT_THAT(cfg, Not(HasSubstr("server.")));
    EXPECT_THAT(cfg, Not(HasSubstr("clientPort")));
    EXPECT_EQ(Read(Conf(new_digest) / "zoo.cfg.dynamic.a00000001"),
              Read(Conf(old_digest) / "zoo.cfg.dynamic.a00000001"));
  }
  EXPECT_FALSE(fs::exists(Conf(new_digest) / "zoo.cfg.dynamic.next"));
  EXPECT_FALSE(fs::exists(Conf(new_digest) / "zoo.cfg.dynamic.100000000"));
}

TEST_F(GenerationsTest, ANewerDynamicFileOfTheTargetStays) {
  const std::string old_digest = Make(k38);
  const std::string new_digest = Make(k39);
  LetZooKeeperRewrite(old_digest, "100000000", 3);
  LetZooKeeperRewrite(new_digest, "200000000", 4);
  ASSERT_TRUE(generations_->CarryOverDynamicFile(old_digest, new_digest));
  EXPECT_THAT(Read(Conf(new_digest) / "zoo.cfg"), HasSubstr("zoo.cfg.dynamic.200000000"));
  EXPECT_FALSE(fs::exists(Conf(new_digest) / "zoo.cfg.dynamic.100000000"));
}

TEST_F(GenerationsTest, GoingBackTo34PutsTheCommittedServerLinesIntoZooCfg) {
  const std::string old_digest = Make(k34);
  const std::string new_digest = Make(k38);
  LetZooKeeperRewrite(new_digest, "100000000", 4);
  ASSERT_TRUE(generations_->CarryOverDynamicFile(new_digest, old_digest));
  const std::string cfg = Read(Conf(old_digest) / "zoo.cfg");
  EXPECT_THAT(cfg, HasSubstr("server.4=127.0.11.4:12888:13888\n"));
  EXPECT_THAT(cfg, HasSubstr("clientPort=12181"));
  EXPECT_THAT(cfg, Not(HasSubstr("dynamicConfigFile")));
  EXPECT_THAT(cfg, Not(HasSubstr(";")));
  EXPECT_FALSE(fs::exists(Conf(old_digest) / "zoo.cfg.dynamic.100000000"));
}

TEST_F(GenerationsTest, NothingToCarryOverChangesNothing) {
  const std::string old_digest = Make(k38);
  const std::string new_digest = Make(k39);
  ASSERT_TRUE(generations_->CarryOverDynamicFile(old_digest, new_digest));
  ASSERT_TRUE(generations_->CarryOverDynamicFile("", new_digest));
  ASSERT_TRUE(generations_->CarryOverDynamicFile(new_digest, new_digest));
  EXPECT_EQ(Read(Conf(new_digest) / "zoo.cfg"), kRendered);
}

TEST_F(GenerationsTest, PreviewShowsWhatCarryingOverWouldLeaveAndChangesNothing) {
  const std::string old_digest = Make(k38);
  const std::string new_digest = Make(k39);
  LetZooKeeperRewrite(old_digest, "100000000", 3);
  const auto preview = generations_->PreviewCarryOver(old_digest, new_digest);
  ASSERT_TRUE(preview) << preview.error().message();
  EXPECT_EQ(Read(Conf(new_digest) / "zoo.cfg"), kRendered);
  ASSERT_TRUE(generations_->CarryOverDynamicFile(old_digest, new_digest));
  EXPECT_EQ(generations_->ReadZooCfg(new_digest).value(), *preview);
}

TEST_F(GenerationsTest, RefusesAMembershipWithoutThisServer) {
  const std::string old_digest = Make(k38);
  const std::string new_digest = Make(k39);
  Write(Conf(old_digest) / "zoo.cfg.dynamic.5", "server.2=h:1:2:participant;3\n");
  EXPECT_EQ(Reason(generations_->CarryOverDynamicFile(old_digest, new_digest)),
            "config.not_a_member");
  EXPECT_EQ(Read(Conf(new_digest) / "zoo.cfg"), kRendered);
}

TEST_F(GenerationsTest, AMembershipThatCannotBeReadDoesNotBlockTheWayBackToOneThatHasItsOwn) {
  const std::string old_digest = Make(k38);
  const std::string new_digest = Make(k39);
  LetZooKeeperRewrite(old_digest, "100000000", 3);
  LetZooKeeperRewrite(new_digest, "200000000", 4);
  const auto own = generations_->ReadZooCfg(old_digest).value();
  Write(Conf(new_digest) / "zoo.cfg.dynamic.200000000", "server.1=nonsense\n");
  const auto back = generations_->CarryOverDynamicFile(new_digest, old_digest);
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_EQ(generations_->ReadZooCfg(old_digest).value(), own);

  Write(Conf(new_digest) / "zoo.cfg.dynamic.200000000", "");  // left by a power cut
  EXPECT_TRUE(generations_->CarryOverDynamicFile(new_digest, old_digest));
  fs::remove(Conf(new_digest) / "zoo.cfg.dynamic.200000000");
  fs::create_symlink("/etc/hostname", Conf(new_digest) / "zoo.cfg.dynamic.200000000");
  ASSERT_TRUE(generations_->CarryOverDynamicFile(new_digest, old_digest));
  EXPECT_EQ(generations_->ReadZooCfg(old_digest).value(), own);
}

TEST_F(GenerationsTest, AMembershipThatCannotBeReadIsNotGuessedWhereTheTargetHasNone) {
  const std::string old_digest = Make(k38);
  const std::string new_digest = Make(k39);
  LetZooKeeperRewrite(old_digest, "100000000", 3);
  Write(Conf(old_digest) / "zoo.cfg.dynamic.100000000", "server.1=nonsense\n");
  EXPECT_EQ(Reason(generations_->CarryOverDynamicFile(old_digest, new_digest)),
            "config.membership_unreadable");
  EXPECT_EQ(Read(Conf(new_digest) / "zoo.cfg"), kRendered);
}

// 3.4 learns no newer membership from its peers: with server lines of its own time it could form a
// second quorum beside the one that the others have agreed on.
TEST_F(GenerationsTest, A34IsNotTakenBackToServerLinesThatMayBeOutOfDate) {
  const std::string old_digest = Make(k34);
  const std::string new_digest = Make(k38);
  LetZooKeeperRewrite(new_digest, "100000000", 4);
  Write(Conf(new_digest) / "zoo.cfg.dynamic.100000000", "server.1=nonsense\n");
  const auto back = generations_->CarryOverDynamicFile(new_digest, old_digest);
  EXPECT_EQ(Reason(back), "config.membership_unreadable");
  EXPECT_THAT(back.error().message(), HasSubstr("zoo.cfg.dynamic.100000000"));
  EXPECT_EQ(Read(Conf(old_digest) / "zoo.cfg"), kRendered);
}

TEST_F(GenerationsTest, AnUnreadableDynamicFileThatNothingNamesHoldsNothing) {
  const std::string old_digest = Make(k34);
  const std::string new_digest = Make(k38);
  Write(Conf(new_digest) / "zoo.cfg.dynamic.7", "server.1=nonsense\n");
  const auto back = generations_->CarryOverDynamicFile(new_digest, old_digest);
  EXPECT_TRUE(back) << back.error().message();
  EXPECT_EQ(Read(Conf(old_digest) / "zoo.cfg"), kRendered);
}

TEST_F(GenerationsTest, FollowsNoLinkThatTheServersUserPlanted) {
  const std::string old_digest = Make(k38);
  const std::string new_digest = Make(k39);
  Write(scratch() / "secret", "root's own");
  fs::create_symlink(scratch() / "secret", Conf(old_digest) / "zoo.cfg.dynamic.7");
  ASSERT_FALSE(generations_->CarryOverDynamicFile(old_digest, new_digest));
  EXPECT_FALSE(fs::exists(Conf(new_digest) / "zoo.cfg.dynamic.7"));
}

TEST_F(GenerationsTest, RefusesNamesThatLeaveTheDirectory) {
  auto request = Request(k38);
  request.files["../../escape"] = "x";
  const auto made = generations_->Make(request);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().reason(), "config.file_name");
  EXPECT_EQ(CountEntries(scratch() / "generations"), 0);
}

}  // namespace
}  // namespace zoowarden::agent
