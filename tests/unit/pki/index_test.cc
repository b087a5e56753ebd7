#include "pki/index.h"

#include "sys/fd.h"
#include "tests/unit/pki/ca_fixture.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>

namespace zoowarden::pki {
namespace {

namespace fs = std::filesystem;

class IndexTest : public CaTest {
 protected:
  [[nodiscard]] std::string Text() const { return Read("ca/index.json"); }
  void Replace(const std::string& text) const { Write("ca/index.json", text); }
  [[nodiscard]] IssueRequest Request(const char* out) const {
    return {
        .ca_directory = Path("ca"), .out_directory = Path(out), .role = Role::kAgent, .server = 1};
  }
  std::string ReasonOfIssuing(const IssueRequest& request) {
    const auto issued = Issue(request, clock_);
    return issued ? "" : issued.error().reason();
  }
};

TEST_F(IndexTest, EveryIssuedCertificateIsInIt) {
  const auto issued = Issue(Request("one"), clock_);
  ASSERT_TRUE(issued);
  const auto index = ReadIndex(Path("ca"));
  ASSERT_TRUE(index) << index.error().message();
  ASSERT_EQ(index->certificates.size(), 1U);
  const auto& entry = index->certificates[0];
  EXPECT_EQ(entry.serial, issued->serial);
  EXPECT_EQ(entry.name, "zoowarden://lab/agent/1");
  EXPECT_EQ(entry.not_before, issued->not_before);
  EXPECT_EQ(entry.not_after, issued->not_after);
  EXPECT_FALSE(entry.revoked);
  EXPECT_EQ(entry.serial.size(), 32U);
}

TEST_F(IndexTest, OnlyItsOwnerMayReadIt) {
  struct stat info {};
  ASSERT_EQ(::stat(Path("ca/index.json").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777U, 0600U);
}

TEST_F(IndexTest, WhatIsWrittenIsReadAgain) {
  const Index index{.crl_number = 7,
                    .certificates = {{.serial = "4a",
                                      .name = "n",
                                      .not_before = UnixTime(1),
                                      .not_after = UnixTime(2),
                                      .revoked = UnixTime(3)}},
                    .tokens = {{.id = "i",
                                .secret_sha256 = "s",
                                .name = "t",
                                .expires = UnixTime(4),
                                .used = UnixTime(5),
                                .serial = "4b"}}};
  ASSERT_TRUE(WriteIndex(Path("ca"), index));
  const auto read = ReadIndex(Path("ca"));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->crl_number, 7U);
  EXPECT_EQ(read->certificates.at(0).revoked, UnixTime(3));
  EXPECT_EQ(read->tokens.at(0).used, UnixTime(5));
  EXPECT_EQ(read->tokens.at(0).serial, "4b");
}

// Whoever refuses must not have changed anything: no entry, no serial, no file.
TEST_F(IndexTest, ARefusedRequestChangesNothing) {
  ASSERT_TRUE(Issue(Request("one"), clock_));
  const std::string before = Text();
  auto no_server = Request("two");
  no_server.server.reset();
  auto too_long = Request("two");
  too_long.lifetime = Days(4000);
  for (const auto& [request, reason] : {std::pair{no_server, "pki.bad_identity"},
                                        {too_long, "pki.outlives_ca"},
                                        {Request("one"), "pki.exists"}}) {
    EXPECT_EQ(ReasonOfIssuing(request), reason);
    EXPECT_EQ(Text(), before) << reason;
    EXPECT_FALSE(fs::exists(Path("two"))) << reason;
  }
}

TEST_F(IndexTest, ADamagedOrMissingIndexIsNeverBegunAnew) {
  for (const auto& [text, reason] :
       {std::pair{"", "pki.damaged_index"},
        {"{}", "pki.damaged_index"},
        {R"({"format": 1, "crl_number": 1, "certificates": [{"serial": 5}], "tokens": []})",
         "pki.damaged_index"},
        {R"({"format": 2})", "pki.unknown_index_format"}}) {
    Replace(text);
    EXPECT_EQ(ReasonOfIssuing(Request("one")), reason) << text;
    EXPECT_EQ(Text(), text);
  }
  fs::remove(Path("ca/index.json"));
  EXPECT_EQ(ReasonOfIssuing(Request("one")), "pki.no_index");
  EXPECT_FALSE(fs::exists(Path("ca/index.json")));
  EXPECT_FALSE(fs::exists(Path("one")));
}

TEST_F(IndexTest, ACaFromBeforeThereWasAnIndexGetsOneWhenAsked) {
  EXPECT_EQ(AddIndex(Path("ca")).error().reason(), "pki.exists");
  fs::remove(Path("ca/index.json"));
  ASSERT_TRUE(AddIndex(Path("ca")));
  EXPECT_EQ(ReasonOfIssuing(Request("one")), "");
}

TEST_F(IndexTest, ASecondCommandOnTheSameCaWaitsAndThenIsRefused) {
  const std::string before = Text();
  const sys::UniqueFd other(::open(Path("ca").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  ASSERT_EQ(::flock(other.get(), LOCK_EX), 0);
  const auto began = clock_.BootTime();
  EXPECT_EQ(ReasonOfIssuing(Request("one")), "pki.busy");
  EXPECT_GE(clock_.BootTime() - began, std::chrono::seconds(10));
  EXPECT_EQ(Text(), before);
  ASSERT_EQ(::flock(other.get(), LOCK_UN), 0);
  EXPECT_EQ(ReasonOfIssuing(Request("one")), "");
}

}  // namespace
}  // namespace zoowarden::pki
