// The agent does not serve where somebody else could exchange what it keeps.
#include "agent/operation/durable_journal.h"
#include "agent/service/enrolment.h"
#include "agent/service/instance.h"
#include "agent/service/serving_user.h"
#include "journal/agent_journal.h"
#include "tests/support/everything.h"
#include "tests/unit/agent/service/local_users.h"

#include <gmock/gmock.h>

#include <cstdlib>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class OwnDirectoriesTest : public LocalUsersTest {
 protected:
  void SaveOperation(const std::string& state) {
    const auto journal = OpenJournalOf(Config());
    ASSERT_TRUE(journal) << journal.error().message();
    StoredOperation stored;
    stored.operation_id = "op1";
    stored.kind = kRestartKind;
    stored.state = state;
    ASSERT_TRUE(DurableOperationJournal(**journal).Save({.operation = &stored}));
  }
};

TEST_F(OwnDirectoriesTest, TheAgentDoesNotServeWhereOthersMayWrite) {
  for (const char* directory : {"state", "state/uploads", "releases", "generations"}) {
    for (const auto& [bit, who] : {std::pair{020, "go"}, std::pair{002, "o"}}) {
      const auto open = [bit = bit](const fs::path& path) {
        EXPECT_EQ(::chown(path.c_str(), 0, bit == 020 ? kSomebody : 0), 0);
        fs::permissions(path, fs::perms(bit), fs::perm_options::add);
      };
      EXPECT_EQ(ReasonFor(open, directory), "directory.writable") << directory;
      EXPECT_THAT(said_, HasSubstr(std::string("type: chmod ") + who + "-w '" + At(directory)));
    }
  }
}

// As a umask of 002 makes them.
TEST_F(OwnDirectoriesTest, TheGroupOfRootMayWrite) {
  for (const char* directory : {"state", "state/uploads", "releases", "generations", ""}) {
    const auto open = [](const fs::path& path) { fs::permissions(path, fs::perms(0775)); };
    EXPECT_EQ(ReasonFor(open, directory), "") << directory << ": " << said_;
  }
}

TEST_F(OwnDirectoriesTest, NorWhereSomebodyElseOwnsThem) {
  for (const char* directory : {"state", "state/uploads", "releases", "generations"}) {
    EXPECT_EQ(ReasonFor(GiveAway, directory), "directory.owner") << directory;
    EXPECT_THAT(said_, HasSubstr(At(directory) + " belongs to nobody,")) << directory;
  }
  ReasonFor(GiveAway, "state");
  EXPECT_THAT(said_, HasSubstr("type: chown -R root '" + At("state") + "'"));
  EXPECT_THAT(said_, HasSubstr("to serve as nobody, start it as that user, else look"));
  // All the way down, but for what is ZooKeeper's.
  ReasonFor(GiveAway, "releases");
  EXPECT_THAT(said_, HasSubstr("type: chown -R root '" + At("releases") + "'"));
  ReasonFor(GiveAway, "generations");
  EXPECT_THAT(said_, HasSubstr("type: find '" + At("generations") + "' -maxdepth 2 ! -type l"));
}

TEST_F(OwnDirectoriesTest, AllIsSaidAtOnce) {
  Stop();
  for (const char* directory : {"state", "releases"}) {
    GiveAway(At(directory));
  }
  fs::permissions(At("generations"), fs::perms(0777));
  EXPECT_EQ(ReasonOf(Config()), "directory.owner");
  EXPECT_THAT(said_,
              HasSubstr("type: chown -R root '" + At("state") + "' && chown -R root '" +
                        At("releases") + "' && chmod o-w '" + At("generations") + "'"));
}

// An agent that is down cannot bring its server back.
TEST_F(OwnDirectoriesTest, WhereAServerIsInstalledTheAgentServesAndBeginsNothingNew) {
  Fill();
  Stop();
  GiveAway(At("releases"));
  ::testing::internal::CaptureStderr();
  auto opened = AgentCore::Open(Config(), clock_);
  const std::string log = ::testing::internal::GetCapturedStderr();
  ASSERT_TRUE(opened) << opened.error().message();
  EXPECT_THAT(log, HasSubstr("no_new_operations=directory.owner"));
  AgentCore& core = **opened;
  EXPECT_THAT(core.Look({}).problem, HasSubstr("begins no new operation: " + At("releases")));

  const RunIdentity run{.run_id = "run1", .epoch = 5, .holder = "zoowarden://lab/operator run1"};
  const auto begin = [&](std::uint64_t sequence) {
    const CallIdentity call{.run = run, .operation_id = "op1", .sequence = sequence};
    const auto begun = core.WithRunner([&](OperationRunner& runner) {
      return runner.Begin(call, {.kind = kRestartKind, .from_generation = "another"});
    });
    return begun ? "" : begun.error().reason();
  };
  EXPECT_EQ(begin(1), "directory.owner");
  const auto adopt = [&] {
    const auto adopted = core.Adopt(run, {});
    return adopted ? "" : adopted.error().reason();
  };
  EXPECT_EQ(adopt(), "directory.owner");
  ASSERT_EQ(::chown(At("releases").c_str(), 0, 0), 0);
  EXPECT_EQ(begin(2), "operation.other_generation") << "the next check";
  EXPECT_EQ(adopt(), "adopt.no_process");
  EXPECT_EQ(core.Look({}).problem, "");
}

TEST_F(OwnDirectoriesTest, AndWhereAnOperationIsOpen) {
  Stop();
  SaveOperation("staged");
  EXPECT_EQ(ReasonFor(GiveAway, "releases"), "") << said_;
  SaveOperation("rolled_back");
  EXPECT_EQ(ReasonFor(GiveAway, "releases"), "directory.owner");
}

// What was somebody else's before is not mended by giving the agent the directory above it.
TEST_F(OwnDirectoriesTest, WhatLiesInReleasesAndGenerationsIsTheAgentsToo) {
  Fill();
  const std::string generation =
      "generations/" + fs::read_symlink(At("generations/current")).native();
  EXPECT_EQ(ReasonOf(Config()), "");
  for (const std::string& name :
       {std::string("releases/3.8.4-aaaaaaaa"), generation, generation + "/generation.json"}) {
    GiveAway(At(name));
    EXPECT_EQ(ReasonOf(Config()), "directory.owner") << name;
    EXPECT_THAT(said_, HasSubstr(At(name) + " belongs to nobody"));
    ASSERT_EQ(::chown(At(name).c_str(), 0, 0), 0);
  }
  GiveAway(At(generation + "/conf"));
  EXPECT_EQ(ReasonOf(Config()), "") << "conf is ZooKeeper's";
}

TEST_F(OwnDirectoriesTest, WhatIsToBeTypedMendsAll) {
  Fill();
  Stop();
  for (const auto& path : AllBelow(scratch_->path())) {
    ::lchown(path.c_str(), kSomebody, kSomebody);
  }
  ASSERT_EQ(ReasonOf(Config()), "directory.owner");
  const std::string marker = "type: ";
  const std::string command = said_.substr(said_.find(marker) + marker.size());
  EXPECT_EQ(std::system(command.c_str()), 0) << command;
  EXPECT_EQ(ReasonOf(Config()), "") << said_;
  struct stat status {};
  const fs::path current = At("generations") / fs::read_symlink(At("generations/current"));
  ASSERT_EQ(::stat((current / "conf").c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, kSomebody);
}

// Root asks on behalf of an agent that serves as another user.
TEST_F(OwnDirectoriesTest, RootJudgesByTheOwnerOfTheStateDirectory) {
  Stop();
  EXPECT_EQ(ServingUser(Config()), 0U);
  EXPECT_TRUE(CheckServingUser(Config()));
  for (const char* directory : {"state", "state/uploads", "releases", "generations"}) {
    GiveAway(At(directory));
  }
  EXPECT_EQ(ServingUser(Config()), kSomebody);
  EXPECT_TRUE(LookAtOwnDirectories(Config(), kSomebody).sound);
  const auto told = CheckServingUser(Config());
  ASSERT_FALSE(told);
  EXPECT_EQ(told.error().reason(), "agent.other_user");
  EXPECT_THAT(told.error().message(), HasSubstr("runuser -u nobody -- "));
  const auto enrolled = EnrolServer(Config(), TokenOfServer1(), "127.0.0.1:1", clock_);
  ASSERT_FALSE(enrolled);
  EXPECT_EQ(enrolled.error().reason(), "agent.other_user");
}

TEST_F(OwnDirectoriesTest, WhatCannotBeLookedAtIsNamedAndNothingIsMade) {
  Stop();
  fs::create_symlink("loop", At("loop"));
  auto config = Config();
  config.instance.releases = At("loop/releases");
  const auto before = test::Everything(scratch_->path());
  EXPECT_EQ(ReasonOf(config), "directory.unseen");
  EXPECT_THAT(said_, HasSubstr("cannot follow " + At("loop")));
  EXPECT_THAT(said_, HasSubstr("; check what is at the path"));
  EXPECT_EQ(test::Everything(scratch_->path()), before);
}

TEST_F(OwnDirectoriesTest, ATokenOfAnotherServerEnrolsNobody) {
  Stop();
  const auto token = pki::MakeToken(scratch_->path() / "ca", 2, pki::UnixTime(3600), clock_);
  ASSERT_TRUE(token);
  const auto before = test::Everything(scratch_->path());
  const auto enrolled = EnrolServer(Config(), pki::PrintToken(*token), "127.0.0.1:1", clock_);
  ASSERT_FALSE(enrolled);
  EXPECT_EQ(enrolled.error().reason(), "enrol.other_name");
  EXPECT_EQ(enrolled.error().message(),
            "the token is for zoowarden://lab/agent/2, agent.yaml says zoowarden://lab/agent/1; "
            "make one with 'zoowarden pki token --server 1'");
  EXPECT_EQ(test::Everything(scratch_->path()), before);
}

TEST_F(OwnDirectoriesTest, WhatTheAgentTrustsIsWarnedOf) {
  ASSERT_TRUE(sys::EnsureDirectory(At("trust"), 0755));
  ASSERT_TRUE(sys::EnsureDirectory(At("archives"), 0755));
  for (const char* name : {"trust/ca.pem", "trust/crl.pem", "trust/keyring.gpg"}) {
    ASSERT_TRUE(sys::WriteFileAtomically(At(name), "x", 0644));
  }
  auto config = Config();
  config.pki = {.ca = At("trust/ca.pem"), .certificate = "", .key = "", .crl = At("trust/crl.pem")};
  config.signatures.keyring = At("trust/keyring.gpg");
  config.archive_directories = {At("archives")};
  EXPECT_THAT(LookAtOwnDirectories(config, 0, LookAlso::kAtAllThatIsTrusted).warnings, IsEmpty());
  for (const char* name : {"trust/ca.pem", "trust/crl.pem", "trust/keyring.gpg", "archives"}) {
    fs::permissions(At(name), fs::perms(0666));
    const auto found = LookAtOwnDirectories(config, 0, LookAlso::kAtAllThatIsTrusted);
    EXPECT_TRUE(found.sound);
    EXPECT_THAT(found.warnings, ElementsAre(HasSubstr("what the agent reads from " + At(name))));
    fs::permissions(At(name), fs::perms(0644));
  }
  fs::permissions(At("trust"), fs::perms(0757));
  EXPECT_THAT(LookAtOwnDirectories(config, 0, LookAlso::kAtAllThatIsTrusted).warnings,
              ElementsAre(HasSubstr("chmod o-w")));
}

TEST_F(OwnDirectoriesTest, NorBelowADirectoryInWhichAnybodyMayExchangeThem) {
  const auto open = [](const fs::path& path) { fs::permissions(path, fs::perms(0757)); };
  EXPECT_EQ(ReasonFor(open, ""), "directory.writable");
  EXPECT_THAT(said_, HasSubstr("has mode 0757"));
  EXPECT_THAT(said_, HasSubstr("type: chmod o-w '"));
  // The sticky bit, as of /tmp, keeps others from what is not theirs, but for the owner.
  const auto sticky = [](const fs::path& path) { ::chmod(path.c_str(), 01777); };
  EXPECT_EQ(ReasonFor(sticky, ""), "");
  EXPECT_EQ(ReasonFor(sticky, "releases"), "directory.writable");
  const auto given = [&](const fs::path& path) {
    sticky(path);
    GiveAway(path);
  };
  EXPECT_EQ(ReasonFor(given, ""), "directory.writable");
}

// As /opt/zookeeper of a ZooKeeper that somebody else has installed: it is said, and not refused.
TEST_F(OwnDirectoriesTest, WhoOwnsADirectoryAboveIsSaid) {
  const auto of_a_group = [](const fs::path& path) {
    EXPECT_EQ(::chown(path.c_str(), 0, kSomebody), 0);
    fs::permissions(path, fs::perms(0775));
  };
  for (const auto& spoil : {std::function<void(const fs::path&)>(GiveAway),
                            std::function<void(const fs::path&)>(of_a_group)}) {
    ::testing::internal::CaptureStderr();
    EXPECT_EQ(ReasonFor(spoil, ""), "");
    const std::string log = ::testing::internal::GetCapturedStderr();
    EXPECT_THAT(log, HasSubstr("can exchange what the agent keeps in " + At("state")));
    EXPECT_THAT(log, Not(HasSubstr("keeps in " + At("releases")))) << "said once";
  }
}

// Of what ZooKeeper's user owns with right: its data, its logs, the configurations it reads.
TEST_F(OwnDirectoriesTest, WhatIsZooKeepersIsItsUsers) {
  Fill();
  for (const char* directory : {"data", "logs"}) {
    ASSERT_TRUE(sys::EnsureDirectory(At(directory), 0755));
    fs::permissions(At(directory), fs::perms(0770));
    EXPECT_EQ(ReasonFor(GiveAway, directory), "") << directory;
  }
}

TEST_F(OwnDirectoriesTest, AnAgentThatIsNotRootOwnsItsDirectoriesItself) {
  Stop();
  for (const char* directory : {"state", "state/uploads", "releases", "generations", ""}) {
    GiveAway(At(directory));
  }
  EXPECT_FALSE(CheckOwnDirectories(Config()));
  ASSERT_EQ(::seteuid(kSomebody), 0);
  const auto own = CheckOwnDirectories(Config());
  EXPECT_EQ(::seteuid(0), 0);
  EXPECT_TRUE(own) << own.error().message();
}

TEST_F(OwnDirectoriesTest, TheKeyAndWhereItLiesAreTheAgentsToo) {
  ASSERT_TRUE(sys::EnsureDirectory(At("pki-1"), 0755));
  fs::create_directory_symlink("pki-1", At("pki"));
  for (const char* name : {"pki-1/cert.pem", "pki-1/key.pem"}) {
    ASSERT_TRUE(sys::WriteFileAtomically(At(name), "x", 0600));
  }
  auto config = Config();
  config.pki = {.ca = "", .certificate = At("pki/cert.pem"), .key = At("pki/key.pem"), .crl = ""};
  ASSERT_TRUE(CheckOwnDirectories(config));
  for (const char* name : {"pki-1", "pki-1/key.pem"}) {
    GiveAway(At(name));
    EXPECT_EQ(ReasonOf(config), "directory.owner") << name;
    ASSERT_EQ(::chown(At(name).c_str(), 0, 0), 0);
  }
  ASSERT_EQ(::chown(At("pki-1").c_str(), 0, kSomebody), 0);
  fs::permissions(At("pki-1"), fs::perms(0770));
  EXPECT_EQ(ReasonOf(config), "directory.writable");
}

TEST_F(OwnDirectoriesTest, ALinkIsAsGoodAsWhatItNamesAndWhereItLies) {
  Stop();
  ASSERT_TRUE(sys::EnsureDirectory(At("beside/mount"), 0755));
  fs::rename(At("releases"), At("disk"));
  fs::create_directory_symlink("../../disk", At("beside/mount/releases"));
  fs::create_directory_symlink(At("beside/mount/releases"), At("releases"));
  EXPECT_EQ(ReasonOf(Config()), "");
  for (const char* open : {"disk", "beside/mount", "beside"}) {
    fs::permissions(At(open), fs::perms(0777));
    EXPECT_EQ(ReasonOf(Config()), "directory.writable") << open;
    EXPECT_THAT(said_, HasSubstr(At(open) + " has mode 0777"));
    fs::permissions(At(open), fs::perms(0755));
  }
  fs::remove(At("releases"));
  fs::create_directory_symlink("releases", At("releases"));
  EXPECT_FALSE(CheckOwnDirectories(Config())) << "a link to itself";
}

}  // namespace
}  // namespace zoowarden::agent
