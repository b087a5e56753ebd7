#include "sys/digest.h"

#include "sys/files.h"

#include <gtest/gtest.h>

namespace zoowarden::sys {
namespace {

constexpr std::string_view kSha256OfAbc =
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(DigestTest, GivesThePublishedValues) {
  EXPECT_EQ(Digest(Hash::kSha256, "abc"), kSha256OfAbc);
  EXPECT_EQ(Digest(Hash::kSha512, "").substr(0, 32), "cf83e1357eefb8bdf1542850d66d8007");
  EXPECT_EQ(Digest(Hash::kSha512, "").size(), 128U);
}

TEST(DigestTest, PiecesGiveTheSameAsTheWhole) {
  Hasher hasher(Hash::kSha256);
  hasher.Update("a");
  hasher.Update("");
  hasher.Update("bc");
  EXPECT_EQ(hasher.Finish(), kSha256OfAbc);
}

TEST(DigestTest, AFileLargerThanOnePieceGivesTheDigestOfItsBytes) {
  auto directory = TempDir::Create("/tmp", "zw-sys-");
  ASSERT_TRUE(directory);
  const std::string content(200'000, 'x');
  const auto path = directory->path() / "big";
  ASSERT_TRUE(WriteFileAtomically(path, content, 0600));
  EXPECT_EQ(DigestFile(Hash::kSha512, path).value(), Digest(Hash::kSha512, content));
}

TEST(DigestTest, AMissingFileIsNamed) {
  const auto digest = DigestFile(Hash::kSha256, "/nowhere/at-all");
  ASSERT_FALSE(digest);
  EXPECT_EQ(digest.error().code(), base::ErrorCode::kNotFound);
  EXPECT_NE(digest.error().message().find("/nowhere/at-all"), std::string::npos);
}

}  // namespace
}  // namespace zoowarden::sys
