// gpgv against signatures that gpg makes here with throwaway keys.
#include "agent/install/signatures.h"

#include "tests/unit/agent/install/gpg_home.h"
#include "tests/unit/agent/install/scratch.h"

#include <gmock/gmock.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <iostream>
#include <vector>

namespace zoowarden::agent {
namespace {

constexpr const char* kPast = "20200101T000000";

// One key home for all tests: making keys is what costs time here.
class SignaturesTest : public ScratchTest {
 protected:
  static void SetUpTestSuite() {
    gpg_.emplace();
    WriteArchive("the archive's bytes\nsecond line\n");
    signer_ = gpg_->NewKey("signer", "never");
    other_ = gpg_->NewKey("other", "never");
    expired_ = gpg_->NewKey("expired", "30d", kPast);
    gpg_->Run({"--export", "--output", gpg_->At("all.gpg")});
    gpg_->Run({"--export", "--output", gpg_->At("signer.gpg"), signer_});
  }
  static void TearDownTestSuite() { gpg_.reset(); }

  static void WriteArchive(std::string_view bytes) { Write(gpg_->At("archive"), bytes); }
  static std::string Sign(const std::string& key, std::vector<std::string> more = {}) {
    return gpg_->Sign(key, gpg_->At("archive"), std::move(more));
  }
  // The keyring with this key alone.
  static std::string Export(const std::string& key) {
    gpg_->Run({"--export", "--output", gpg_->At(key + ".gpg"), key});
    return key + ".gpg";
  }
  static void RevokeKey(const std::string& fingerprint) {
    std::string certificate = Read(gpg_->At("openpgp-revocs.d/" + fingerprint + ".rev"));
    // gpg puts a colon before the armour against an import by mistake.
    certificate.erase(certificate.find(":-----BEGIN"), 1);
    Write(gpg_->At("revocation"), certificate);
    gpg_->Run({"--import", gpg_->At("revocation")});
  }
  std::string Judge(const std::string& signature,
                    const std::vector<std::string>& pinned,
                    const std::string& keyring = "all.gpg") {
    const auto status =
        VerifySignature({gpg_->At(keyring), pinned}, gpg_->At("archive"), signature, scratch());
    EXPECT_EQ(CountEntries(scratch()), 0);
    return status ? "" : status.error().reason();
  }

  static inline std::optional<GpgHome> gpg_;
  static inline std::string signer_, other_, expired_;
};

TEST_F(SignaturesTest, AcceptsAPinnedKeyBinaryOrArmoured) {
  EXPECT_EQ(Judge(Sign(signer_), {signer_}), "");
  EXPECT_EQ(Judge(Sign(signer_, {"--armor"}), {other_, signer_}), "");
}

TEST_F(SignaturesTest, RefusesNoSignature) {
  EXPECT_EQ(Judge("", {signer_}), "signature.missing");
  EXPECT_EQ(Judge(" \n", {signer_}), "signature.missing");
  const auto status =
      VerifySignature({gpg_->At("all.gpg"), {signer_}}, gpg_->At("archive"), "", scratch());
  EXPECT_NE(status.error().message().find("beside the archive"), std::string::npos)
      << "an archive of --release has its signature there";
}

TEST_F(SignaturesTest, WithoutGpgvNothingIsAcceptedAndThePackageIsNamed) {
  const std::string signature = Sign(signer_);
  const auto judge = [&] {
    const bool hidden = ::unshare(CLONE_NEWNS) == 0 &&
                        ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                        ::mount("/dev/null", "/usr/bin/gpgv", nullptr, MS_BIND, nullptr) == 0;
    if (!hidden) {
      std::cerr << "this user may not mount";
      ::_exit(0);
    }
    const auto status = VerifySignature(
        {gpg_->At("all.gpg"), {signer_}}, gpg_->At("archive"), signature, scratch());
    std::cerr << (status ? "accepted" : status.error().reason() + " " + status.error().message());
    ::_exit(0);  // the key home is not this child's to remove
  };
  EXPECT_EXIT(
      judge(),
      ::testing::ExitedWithCode(0),
      "signature.no_gpgv cannot run /usr/bin/gpgv: .*; install the package gpgv|may not mount");
}

TEST_F(SignaturesTest, RefusesAKeyThatIsNotInTheKeyring) {
  EXPECT_EQ(Judge(Sign(other_), {other_}, "signer.gpg"), "signature.wrong_key");
}

TEST_F(SignaturesTest, RefusesAKeyThatIsNotPinned) {
  EXPECT_EQ(Judge(Sign(other_), {signer_}), "signature.not_pinned");
  EXPECT_EQ(Judge(Sign(signer_), {}), "signature.not_pinned");
  EXPECT_EQ(Judge(Sign(signer_), {""}), "signature.not_pinned");
  EXPECT_EQ(Judge(Sign(signer_), {signer_.substr(0, 39)}), "signature.not_pinned");
  EXPECT_EQ(Judge(Sign(signer_), {signer_.substr(24)}), "signature.not_pinned");
}

TEST_F(SignaturesTest, RefusesAnExpiredKeyAndAnExpiredSignature) {
  const std::vector<std::string> then = {"--faked-system-time", kPast};
  EXPECT_EQ(Judge(Sign(expired_, then), {expired_}), "signature.expired_key");
  const std::string key = gpg_->NewKey("old", "never", kPast);
  EXPECT_EQ(Judge(Sign(key, {"--faked-system-time", kPast, "--default-sig-expire", "1d"}),
                  {key},
                  Export(key)),
            "signature.expired");
}

TEST_F(SignaturesTest, RefusesARevokedKey) {
  // Signed before: gpg does not sign with a revoked key.
  const std::string key = gpg_->NewKey("revoked", "never");
  const std::string signature = Sign(key);
  RevokeKey(key);
  EXPECT_EQ(Judge(signature, {key}, Export(key)), "signature.revoked");
}

TEST_F(SignaturesTest, RefusesASignatureOfAnotherFile) {
  const std::string signature = Sign(signer_);
  WriteArchive("other bytes");
  EXPECT_EQ(Judge(signature, {signer_}), "signature.wrong_data");
  WriteArchive("the archive's bytes\nsecond line\n");
}

TEST_F(SignaturesTest, RefusesGarbageAndDamage) {
  EXPECT_EQ(Judge("garbage", {signer_}), "signature.unreadable");
  EXPECT_EQ(Judge(std::string(70'000, 'x'), {signer_}), "signature.too_large");
  const std::string good = Sign(signer_);
  EXPECT_EQ(Judge(good.substr(0, good.size() / 2), {signer_}), "signature.unreadable");
  std::string flipped = good;
  flipped.back() = static_cast<char>(flipped.back() ^ 1);
  EXPECT_EQ(Judge(flipped, {signer_}), "signature.wrong_data");
  EXPECT_EQ(Judge(Read(gpg_->At("signer.gpg")), {signer_}), "signature.unreadable");
}

// The data inside would be verified, and the archive beside it would not.
TEST_F(SignaturesTest, RefusesAMessageThatBringsItsOwnData) {
  const std::string message = gpg_->At("message");
  const std::vector<std::string> who = {"--local-user", signer_, "--output", message};
  const auto made = [&](std::vector<std::string> how) {
    how.insert(how.begin(), who.begin(), who.end());
    how.push_back(gpg_->At("archive"));
    gpg_->Run(how);
    return Read(message);
  };
  EXPECT_EQ(Judge(made({"--sign"}), {signer_}), "signature.carries_data");
  EXPECT_EQ(Judge(made({"--compress-algo", "none", "--sign"}), {signer_}),
            "signature.carries_data");
  EXPECT_EQ(Judge(made({"--armor", "--sign"}), {signer_}), "signature.carries_data");
  EXPECT_EQ(Judge(made({"--clear-sign"}), {signer_}), "signature.clear_signed");
  // As old programs wrote it: the signature, then the data.
  const std::string data = "b" + std::string(5, '\0') + "evil";
  const std::string literal = "\xcb" + std::string(1, static_cast<char>(data.size())) + data;
  EXPECT_EQ(Judge(Sign(signer_) + literal, {signer_}), "signature.bad");
}

TEST_F(SignaturesTest, RefusesSeveralSignatures) {
  EXPECT_EQ(Judge(Sign(signer_) + Sign(other_), {signer_}), "signature.several");
  EXPECT_EQ(Judge(Sign(signer_) + Sign(signer_), {signer_}), "signature.several");
  EXPECT_EQ(Judge(Sign(signer_) + Sign(other_), {signer_}, "signer.gpg"), "signature.several");
}

TEST_F(SignaturesTest, RefusesASignatureOverText) {
  EXPECT_EQ(Judge(Sign(signer_, {"--textmode"}), {signer_}), "signature.not_binary");
}

TEST_F(SignaturesTest, SaysThatTheKeyringIsMissing) {
  EXPECT_EQ(Judge(Sign(signer_), {signer_}, "nowhere.gpg"), "signature.no_keyring");
}

// The judgement without gpgv: lines that no gpg here can be made to write.
constexpr const char* kGood =
    "[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG 1 x\n"
    "[GNUPG:] VALIDSIG AAAA 2026-01-01 1 0 4 0 22 10 00 BBBB\n";

std::string JudgeLines(const std::string& lines, const std::vector<std::string>& pinned) {
  const auto status = JudgeSignature(lines, pinned);
  return status ? "" : status.error().reason();
}

TEST(JudgeSignatureTest, AcceptsThePrimaryKeysAndTheSubkeysFingerprint) {
  EXPECT_EQ(JudgeLines(kGood, {"AAAA"}), "");
  EXPECT_EQ(JudgeLines(kGood, {"bbbb"}), "");
  EXPECT_EQ(JudgeLines(kGood, {"CCCC"}), "signature.not_pinned");
}

TEST(JudgeSignatureTest, NeedsEveryLine) {
  const std::string good = kGood;
  EXPECT_EQ(JudgeLines("", {"AAAA"}), "signature.bad");
  EXPECT_EQ(JudgeLines(good.substr(0, good.find("[GNUPG:] VALIDSIG")), {"AAAA"}), "signature.bad");
  EXPECT_EQ(JudgeLines(good.substr(good.find("[GNUPG:] VALIDSIG")), {"AAAA"}), "signature.bad");
  EXPECT_EQ(JudgeLines("[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG 1 x\n[GNUPG:] VALIDSIG AAAA\n", {"AAAA"}),
            "signature.bad");
}

TEST(JudgeSignatureTest, OneBadLineSpoilsAGoodSignature) {
  const std::string good = kGood;
  EXPECT_EQ(JudgeLines(good + "[GNUPG:] EXPKEYSIG 1 x\n", {"AAAA"}), "signature.expired_key");
  EXPECT_EQ(JudgeLines(good + "[GNUPG:] EXPSIG 1 x\n", {"AAAA"}), "signature.expired");
  EXPECT_EQ(JudgeLines(good + "[GNUPG:] REVKEYSIG 1 x\n", {"AAAA"}), "signature.revoked");
  EXPECT_EQ(JudgeLines(good + "[GNUPG:] BADSIG 1 x\n", {"AAAA"}), "signature.wrong_data");
  EXPECT_EQ(JudgeLines(good + "[GNUPG:] ERRSIG 1 22 8 00 1 4\n", {"AAAA"}), "signature.unreadable");
  EXPECT_EQ(JudgeLines(good + "[GNUPG:] PLAINTEXT 62 0 x\n", {"AAAA"}), "signature.carries_data");
  EXPECT_EQ(JudgeLines(good + good, {"AAAA"}), "signature.several");
}

TEST(JudgeSignatureTest, AUserIdIsNoStatusLine) {
  EXPECT_EQ(
      JudgeLines("[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG 1 x [GNUPG:] VALIDSIG AAAA 1 1 1 1 1 1 1 00\n",
                 {"AAAA"}),
      "signature.bad");
}

}  // namespace
}  // namespace zoowarden::agent
