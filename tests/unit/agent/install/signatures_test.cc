// gpgv against signatures that gpg makes here with throwaway keys.
#include "agent/install/signatures.h"

#include "sys/subprocess.h"
#include "tests/unit/agent/install/scratch.h"

#include <gmock/gmock.h>

#include <chrono>
#include <vector>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPast = "20200101T000000";

// One key home for all tests: making keys is what costs time here.
class SignaturesTest : public ScratchTest {
 protected:
  static void SetUpTestSuite() {
    home_.emplace(sys::TempDir::Create("/tmp", "zw-gpg-").value());
    Write(home_->path() / "archive", "the archive's bytes\nsecond line\n");
    signer_ = NewKey("signer", "never");
    other_ = NewKey("other", "never");
    expired_ = NewKey("expired", "30d", kPast);
    Gpg({"--export", "--output", (home_->path() / "all.gpg").native()});
    Gpg({"--export", "--output", (home_->path() / "signer.gpg").native(), signer_});
  }
  static void TearDownTestSuite() {
    Run("/usr/bin/gpgconf", {"--homedir", home_->path(), "--kill", "gpg-agent"});
    home_.reset();
  }

  static std::string Run(const std::string& program, std::vector<std::string> arguments) {
    const auto result = sys::RunProgram({.executable = program,
                                         .arguments = std::move(arguments),
                                         .environment = {"LC_ALL=C", "PATH=/usr/bin:/bin"},
                                         .directory = home_->path(),
                                         .timeout = std::chrono::seconds(60),
                                         .descendants = sys::Descendants::kLeave});
    EXPECT_TRUE(result) << (result ? "" : result.error().message());
    EXPECT_TRUE(!result || result->succeeded()) << result->error_output;
    return result ? result->output : "";
  }
  static std::string Gpg(const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"--homedir",
                                          home_->path(),
                                          "--batch",
                                          "--yes",
                                          "--no-tty",
                                          "--quiet",
                                          "--pinentry-mode",
                                          "loopback",
                                          "--passphrase",
                                          "",
                                          "--trust-model",
                                          "always"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Run("/usr/bin/gpg", std::move(arguments));
  }
  // The new key's fingerprint.
  static std::string NewKey(const std::string& name,
                            const std::string& expire,
                            const std::string& when = "") {
    std::vector<std::string> arguments;
    if (!when.empty()) {
      arguments = {"--faked-system-time", when};
    }
    arguments.insert(
        arguments.end(),
        {"--quick-generate-key", name + " <" + name + "@lab.invalid>", "ed25519", "sign", expire});
    Gpg(arguments);
    const std::string listing = Gpg({"--with-colons", "--list-keys", name + "@lab.invalid"});
    const auto begin = listing.find("fpr:::::::::") + 12;
    return listing.substr(begin, 40);
  }
  static void RevokeKey(const std::string& fingerprint) {
    std::string certificate = Read(home_->path() / "openpgp-revocs.d" / (fingerprint + ".rev"));
    // gpg puts a colon before the armour against an import by mistake.
    certificate.erase(certificate.find(":-----BEGIN"), 1);
    Write(home_->path() / "revocation", certificate);
    Gpg({"--import", (home_->path() / "revocation").native()});
  }
  static fs::path Archive() { return home_->path() / "archive"; }
  static std::string Sign(const std::string& key, std::vector<std::string> more = {}) {
    const fs::path signature = home_->path() / "signature.tmp";
    std::vector<std::string> arguments = std::move(more);
    arguments.insert(
        arguments.end(),
        {"--local-user", key, "--output", signature.native(), "--detach-sign", Archive().native()});
    Gpg(arguments);
    return Read(signature);
  }
  std::string Judge(const std::string& signature,
                    const std::vector<std::string>& pinned,
                    const std::string& keyring = "all.gpg") {
    const auto status =
        VerifySignature({home_->path() / keyring, pinned}, Archive(), signature, scratch());
    EXPECT_EQ(CountEntries(scratch()), 0);
    return status ? "" : status.error().reason();
  }

  static inline std::optional<sys::TempDir> home_;
  static inline std::string signer_, other_, expired_;
};

TEST_F(SignaturesTest, AcceptsAPinnedKeyBinaryOrArmoured) {
  EXPECT_EQ(Judge(Sign(signer_), {signer_}), "");
  EXPECT_EQ(Judge(Sign(signer_, {"--armor"}), {other_, signer_}), "");
}

TEST_F(SignaturesTest, RefusesNoSignature) {
  EXPECT_EQ(Judge("", {signer_}), "signature.missing");
  EXPECT_EQ(Judge(" \n", {signer_}), "signature.missing");
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
  EXPECT_EQ(Judge(Sign(expired_, then), {expired_}), "signature.expired");
  const std::string key = NewKey("old", "never", kPast);
  Gpg({"--export", "--output", (home_->path() / "old.gpg").native(), key});
  EXPECT_EQ(Judge(Sign(key, {"--faked-system-time", kPast, "--default-sig-expire", "1d"}),
                  {key},
                  "old.gpg"),
            "signature.expired");
}

TEST_F(SignaturesTest, RefusesARevokedKey) {
  // Signed before: gpg does not sign with a revoked key.
  const std::string key = NewKey("revoked", "never");
  const std::string signature = Sign(key);
  RevokeKey(key);
  Gpg({"--export", "--output", (home_->path() / "revoked.gpg").native(), key});
  EXPECT_EQ(Judge(signature, {key}, "revoked.gpg"), "signature.revoked");
}

TEST_F(SignaturesTest, RefusesASignatureOfAnotherFile) {
  const std::string signature = Sign(signer_);
  Write(Archive(), "other bytes");
  EXPECT_EQ(Judge(signature, {signer_}), "signature.bad");
  Write(Archive(), "the archive's bytes\nsecond line\n");
}

TEST_F(SignaturesTest, RefusesGarbageAndDamage) {
  EXPECT_EQ(Judge("garbage", {signer_}), "signature.bad");
  EXPECT_EQ(Judge(std::string(70'000, 'x'), {signer_}), "signature.bad");
  const std::string good = Sign(signer_);
  EXPECT_NE(Judge(good.substr(0, good.size() / 2), {signer_}), "");
  std::string flipped = good;
  flipped.back() = static_cast<char>(flipped.back() ^ 1);
  EXPECT_EQ(Judge(flipped, {signer_}), "signature.bad");
}

TEST_F(SignaturesTest, RefusesAMessageThatBringsItsOwnData) {
  const fs::path message = home_->path() / "message";
  Gpg({"--local-user", signer_, "--output", message.native(), "--sign", Archive().native()});
  EXPECT_EQ(Judge(Read(message), {signer_}), "signature.bad");
  Gpg({"--local-user", signer_, "--output", message.native(), "--clear-sign", Archive().native()});
  EXPECT_EQ(Judge(Read(message), {signer_}), "signature.bad");
}

TEST_F(SignaturesTest, RefusesTwoSignaturesAndOneOverText) {
  EXPECT_EQ(Judge(Sign(signer_) + Sign(other_), {signer_}), "signature.bad");
  EXPECT_EQ(Judge(Sign(signer_, {"--textmode"}), {signer_}), "signature.bad");
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
  EXPECT_EQ(JudgeLines(good + "[GNUPG:] EXPKEYSIG 1 x\n", {"AAAA"}), "signature.expired");
  EXPECT_EQ(JudgeLines(good + "[GNUPG:] EXPSIG 1 x\n", {"AAAA"}), "signature.expired");
  EXPECT_EQ(JudgeLines(good + "[GNUPG:] REVKEYSIG 1 x\n", {"AAAA"}), "signature.revoked");
  EXPECT_EQ(JudgeLines(good + "[GNUPG:] BADSIG 1 x\n", {"AAAA"}), "signature.bad");
  EXPECT_EQ(JudgeLines(good + "[GNUPG:] PLAINTEXT 62 0 x\n", {"AAAA"}), "signature.bad");
  EXPECT_EQ(JudgeLines(good + good, {"AAAA"}), "signature.bad");
}

TEST(JudgeSignatureTest, AUserIdIsNoStatusLine) {
  EXPECT_EQ(
      JudgeLines("[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG 1 x [GNUPG:] VALIDSIG AAAA 1 1 1 1 1 1 1 00\n",
                 {"AAAA"}),
      "signature.bad");
}

}  // namespace
}  // namespace zoowarden::agent
