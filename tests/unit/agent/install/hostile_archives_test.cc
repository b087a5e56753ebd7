// The archive policy, one hostile archive a row: its reason, and that nothing is left of it.
#include "agent/install/releases.h"
#include "sys/digest.h"
#include "tests/support/everything.h"
#include "tests/unit/agent/install/scratch.h"
#include "tests/unit/agent/install/tar_maker.h"

#include <chrono>
#include <ctime>
#include <functional>
#include <map>
#include <set>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;

const std::string kTop = "apache-zookeeper-3.8.4-bin";
constexpr std::uint64_t kGibibyte = 1024ULL * 1024 * 1024;

std::string In(const std::string& path) { return kTop + "/" + path; }

std::string Good() {
  return Tar({.name = In(""), .type = '5', .mode = 0755}) +
         Tar({.name = In("bin/zkServer.sh"), .content = "#!/bin/sh\n", .mode = 0755}) +
         Tar({.name = In("lib/zookeeper.jar"), .content = std::string(3000, 'j')});
}

// A good release with this in it.
std::string With(const std::string& blocks) { return Packed(Good() + blocks + TarEnd()); }
std::string WithEntry(const TarEntry& entry) { return With(Tar(entry)); }
std::string WithName(const std::string& name) { return WithEntry({.name = name, .content = "x"}); }
std::string WithPax(const std::string& records, const TarEntry& entry) {
  return With(Pax(records) + Tar(entry));
}

std::string Zeros(std::uint64_t declared, std::uint64_t bytes) {
  char size[16];
  std::snprintf(size, sizeof size, "%011llo", static_cast<unsigned long long>(declared));
  Gzip gzip;
  gzip.Add(Good() + Tar({.name = In("zeros"), .size_field = size}));
  const std::string piece(1024 * 1024, '\0');
  for (std::uint64_t at = 0; at < bytes; at += piece.size()) {
    gzip.Add(piece);
  }
  gzip.Add(TarEnd());
  return gzip.Finish();
}

std::string ManyEntries() {
  Gzip gzip;
  gzip.Add(Good());
  for (int i = 0; i < 20'001; ++i) {
    gzip.Add(Tar({.name = In("d" + std::to_string(i)), .type = '5'}));
  }
  gzip.Add(TarEnd());
  return gzip.Finish();
}

// The base-256 form of a size, as GNU tar writes large ones: 12 bytes, the first with the top bit.
std::string Base256(char first, char rest) { return first + std::string(11, rest); }

std::string Socket() {
  // cpio (old binary text form) can hold a socket, tar cannot.
  return "0707070000010000010140000000000000000010000000000000000000000000700000000000socket" +
         std::string(1, '\0');
}

struct Hostile {
  const char* what;
  const char* reason;
  std::function<std::string()> make;
};

const std::vector<Hostile>& All() {
  static const std::vector<Hostile> all = {
      {"absolute path", "archive.name_absolute", [] { return WithName("/etc/cron.d/x"); }},
      {"absolute path in a pax header",
       "archive.name_absolute",
       [] { return WithPax(PaxRecord("path", "/etc/passwd"), {.name = In("x")}); }},
      {"dot-dot first", "archive.name_dots", [] { return WithName("../x"); }},
      {"dot-dot inside", "archive.name_dots", [] { return WithName(In("lib/../../../x")); }},
      {"dot-dot last", "archive.name_dots", [] { return WithName(In("lib/..")); }},
      {"dot", "archive.name_dots", [] { return WithName(In("./x")); }},
      {"empty part", "archive.name_dots", [] { return WithName(In("/x")); }},
      {"no name", "archive.name_empty", [] { return WithName(""); }},
      {"symbolic link to outside",
       "archive.symbolic_link",
       [] { return WithEntry({.name = In("l"), .type = '2', .link = "/etc/shadow"}); }},
      {"symbolic link upwards",
       "archive.symbolic_link",
       [] { return WithEntry({.name = In("l"), .type = '2', .link = "../../../x"}); }},
      {"symbolic link inside",
       "archive.symbolic_link",
       [] { return WithEntry({.name = In("l"), .type = '2', .link = "lib/zookeeper.jar"}); }},
      {"symbolic link, then a file through it",
       "archive.symbolic_link",
       [] {
         return With(Tar({.name = In("d"), .type = '2', .link = "/tmp"}) +
                     Tar({.name = In("d/owned"), .content = "x"}));
       }},
      {"symbolic link named in a pax header",
       "archive.symbolic_link",
       [] {
         return WithPax(PaxRecord("linkpath", "/etc/shadow"), {.name = In("l"), .type = '2'});
       }},
      {"hard link to outside",
       "archive.hard_link",
       [] { return WithEntry({.name = In("h"), .type = '1', .link = "/etc/passwd"}); }},
      {"hard link inside",
       "archive.hard_link",
       [] { return WithEntry({.name = In("h"), .type = '1', .link = In("lib/zookeeper.jar")}); }},
      {"hard link with data",
       "archive.hard_link",
       [] { return WithEntry({.name = In("h"), .content = "x", .type = '1', .link = In("x")}); }},
      {"character device",
       "archive.character_device",
       [] { return WithEntry({.name = In("null"), .type = '3'}); }},
      {"block device",
       "archive.block_device",
       [] { return WithEntry({.name = In("disk"), .type = '4'}); }},
      {"FIFO", "archive.fifo", [] { return WithEntry({.name = In("pipe"), .type = '6'}); }},
      {"socket, which only other formats have", "archive.not_an_archive", Socket},
      {"same file twice", "archive.duplicate", [] { return WithName(In("bin/zkServer.sh")); }},
      {"same directory twice",
       "archive.duplicate",
       [] { return WithEntry({.name = In(""), .type = '5'}); }},
      {"names that differ in case",
       "archive.case_clash",
       [] { return WithName(In("lib/ZooKeeper.jar")); }},
      {"directories that differ in case",
       "archive.case_clash",
       [] { return WithName(In("LIB/x.jar")); }},
      {"newline in a name", "archive.name_characters", [] { return WithName(In("a\nb")); }},
      {"escape in a name", "archive.name_characters", [] { return WithName(In("a\x1b[2J")); }},
      {"semicolon in a name", "archive.name_characters", [] { return WithName(In("a;rm")); }},
      {"command in a name", "archive.name_characters", [] { return WithName(In("$(id)")); }},
      {"backslash in a name", "archive.name_characters", [] { return WithName(In("..\\x")); }},
      {"space in a name", "archive.name_characters", [] { return WithName(In("a b")); }},
      {"letter beyond ASCII", "archive.name_characters", [] { return WithName(In("\xc3\xa4")); }},
      {"set-uid",
       "archive.special_mode",
       [] { return WithEntry({.name = In("su"), .content = "x", .mode = 04755}); }},
      {"set-gid directory",
       "archive.special_mode",
       [] { return WithEntry({.name = In("sg"), .type = '5', .mode = 02755}); }},
      {"sticky directory",
       "archive.special_mode",
       [] { return WithEntry({.name = In("st"), .type = '5', .mode = 01777}); }},
      {"2 GiB of zeros", "archive.ratio", [] { return Zeros(2 * kGibibyte - 8192, 64U << 20U); }},
      {"more than 2 GiB declared", "archive.too_large", [] { return Zeros(2 * kGibibyte + 1, 0); }},
      {"zeros behind the end, no header that declares them",
       "archive.ratio",
       [] {
         Gzip gzip;
         gzip.Add(Good());
         for (int i = 0; i < 64; ++i) {
           gzip.Add(std::string(1024 * 1024, '\0'));
         }
         return gzip.Finish();
       }},
      {"too many entries", "archive.too_many_entries", ManyEntries},
      {"gzip cut off", "archive.truncated", [] { return With("").substr(0, With("").size() - 9); }},
      {"gzip cut off in its header", "archive.truncated", [] { return With("").substr(0, 5); }},
      {"tar cut off in a header", "archive.truncated", [] { return Good() + "apache-zoo"; }},
      {"tar cut off in a file",
       "archive.truncated",
       [] { return Good() + Tar({.name = In("x"), .content = "abc"}).substr(0, 514); }},
      {"tar cut off between entries", "archive.truncated", [] { return Packed(Good()); }},
      {"gzip with a wrong checksum",
       "archive.damaged",
       [] {
         std::string bytes = With("");
         bytes[bytes.size() - 6] = static_cast<char>(bytes[bytes.size() - 6] ^ 1);
         return bytes;
       }},
      {"header with a wrong checksum",
       "archive.damaged",
       [] {
         std::string entry = Tar({.name = In("x")});
         entry[3] = 'X';
         return With(entry);
       }},
      {"garbage behind gzip", "archive.trailing_data", [] { return With("") + "garbage"; }},
      {"second gzip member", "archive.trailing_data", [] { return With("") + With(""); }},
      {"second archive behind the end",
       "archive.trailing_data",
       [] {
         return Packed(Good() + TarEnd() + Tar({.name = In("evil"), .content = "x"}) + TarEnd());
       }},
      {"garbage behind the end",
       "archive.trailing_data",
       [] { return Packed(Good() + TarEnd() + "garbage"); }},
      {"two top-level directories",
       "archive.two_top_directories",
       [] { return WithName("other/x"); }},
      {"both layouts at once",
       "archive.two_top_directories",
       [] { return WithName("zookeeper-3.8.4/x"); }},
      {"file beside the top-level directory",
       "archive.two_top_directories",
       [] { return WithName("install.sh"); }},
      {"other top-level directory",
       "archive.wrong_top_directory",
       [] { return Packed(Tar({.name = "tomcat/bin/zkServer.sh"}) + TarEnd()); }},
      {"top-level name is a file",
       "archive.wrong_top_directory",
       [] { return Packed(Tar({.name = kTop, .content = "x"}) + TarEnd()); }},
      {"another version",
       "archive.wrong_version",
       [] { return Packed(Tar({.name = "apache-zookeeper-3.9.3-bin/x"}) + TarEnd()); }},
      {"file where a directory is",
       "archive.file_as_directory",
       [] { return WithName(In("lib")); }},
      {"file below a file",
       "archive.file_as_directory",
       [] { return WithName(In("lib/zookeeper.jar/x")); }},
      {"huge pax header",
       "archive.header_too_large",
       [] {
         return WithPax(PaxRecord("comment", std::string(3U << 20U, 'c')), {.name = In("x")});
       }},
      {"huge GNU name",
       "archive.header_too_large",
       [] {
         return With(
             Tar({.name = "././@LongLink", .content = std::string(3U << 20U, 'n'), .type = 'L'}) +
             Tar({.name = In("x")}));
       }},
      {"long GNU name",
       "archive.name_too_long",
       [] {
         return With(Tar({.name = "././@LongLink",
                          .content = In(std::string(300, 'n')) + std::string(1, '\0'),
                          .type = 'L'}) +
                     Tar({.name = In("x")}));
       }},
      {"long name in a pax header",
       "archive.name_too_long",
       [] { return WithPax(PaxRecord("path", In(std::string(300, 'n'))), {.name = In("x")}); }},
      {"too deep",
       "archive.too_deep",
       [] { return WithName(In("1/2/3/4/5/6/7/8/9/a/b/c/d/e/f/g")); }},
      {"negative size",
       "archive.bad_size",
       [] { return WithEntry({.name = In("x"), .size_field = Base256('\xff', '\xff')}); }},
      {"size that overflows",
       "archive.bad_size",
       [] { return WithEntry({.name = In("x"), .size_field = Base256('\x80', '\xff')}); }},
      {"sparse file",
       "archive.sparse",
       [] {
         std::string map = "1\n1000\n3\n";
         map.resize(512, '\0');
         return WithPax(PaxRecord("GNU.sparse.major", "1") + PaxRecord("GNU.sparse.minor", "0") +
                            PaxRecord("GNU.sparse.name", In("x")) +
                            PaxRecord("GNU.sparse.realsize", "1048576"),
                        {.name = In("GNUSparseFile.0/x"), .content = map + "abc"});
       }},
      {"pax header that contradicts itself",
       "archive.odd_header",
       [] {
         return WithPax(PaxRecord("GNU.sparse.major", "0") + PaxRecord("GNU.sparse.map", "1000,3"),
                        {.name = In("x"), .content = "abc"});
       }},
      {"our own record",
       "archive.reserved_name",
       [] { return WithName(In("zoowarden-release.json")); }},
      {"empty archive", "archive.empty", [] { return Packed(TarEnd()); }},
      {"gzip of nothing", "archive.not_an_archive", [] { return Packed(""); }},
      {"not an archive", "archive.not_an_archive", [] { return std::string(5000, 'x'); }},
      {"zip", "archive.not_an_archive", [] { return "PK\x03\x04" + std::string(500, 'z'); }},
      {"gzip of no archive",
       "archive.not_an_archive",
       [] { return Packed(std::string(5000, 'x')); }},
      {"source release",
       "archive.incomplete",
       [] { return Packed(Tar({.name = In("pom.xml"), .content = "x"}) + TarEnd()); }},
      {"start script that cannot be run",
       "archive.incomplete",
       [] { return Packed(Tar({.name = In("bin/zkServer.sh"), .content = "x"}) + TarEnd()); }},
  };
  return all;
}

class HostileArchivesTest : public ScratchTest {
 protected:
  void SetUp() override {
    ScratchTest::SetUp();
    releases_.emplace(Releases::Open({.uploads = scratch() / "agent/uploads",
                                      .releases = scratch() / "agent/releases",
                                      .archive_directories = {}})
                          .value());
  }
  // Also beside the agent's own directories.
  std::map<std::string, std::string> Everything() const { return test::Everything(scratch()); }
  std::string Place(const std::string& bytes) const {
    std::string sha512 = sys::Digest(sys::Hash::kSha512, bytes);
    Write(scratch() / "agent/uploads" / (sha512 + ".archive"), bytes);
    return sha512;
  }
  std::optional<Releases> releases_;
};

// What a refusal must say: which archive, what is wrong in it, what to do now.
std::string LackOf(const std::string& sentence, const std::string& sha512) {
  const std::string object =
      "archive " + sha512.substr(0, 16) + "... of release 3.8.4 is refused: ";
  const auto why = sentence.find(object);
  const auto next = sentence.rfind("; ");
  if (why == std::string::npos) {
    return "no archive: " + sentence;
  }
  if (next == std::string::npos || next < why + object.size() + 10) {
    return "no reason or no next step: " + sentence;
  }
  const std::string step = sentence.substr(next + 2, sentence.find(' ', next + 2) - next - 2);
  return std::set<std::string>{"get", "use", "correct"}.contains(step) ? ""
                                                                       : "no step: " + sentence;
}

// Of the processor: what else runs on this machine does not count.
std::chrono::nanoseconds ThreadTime() {
  timespec time{};
  EXPECT_EQ(::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time), 0);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

TEST_F(HostileArchivesTest, EachIsRefusedByItsOwnReasonAndLeavesNothing) {
  for (const Hostile& hostile : All()) {
    SCOPED_TRACE(hostile.what);
    const std::string sha512 = Place(hostile.make());
    const auto before = Everything();
    const auto begin = ThreadTime();
    const auto unpacked = releases_->Unpack({3, 8, 4}, sha512);
    const auto took = ThreadTime() - begin;
    EXPECT_EQ(unpacked ? "accepted" : unpacked.error().reason(), hostile.reason)
        << (unpacked ? "" : unpacked.error().message());
    EXPECT_EQ(Everything(), before);
    EXPECT_EQ(unpacked ? "" : LackOf(unpacked.error().message(), sha512), "");
    EXPECT_LT(took, std::chrono::seconds(5)) << "limits fire late";
    fs::remove(scratch() / "agent/uploads" / (sha512 + ".archive"));
  }
}

TEST_F(HostileArchivesTest, TheSameWithoutTheTrickIsAccepted) {
  const auto accepted = [&](const std::string& bytes) {
    const auto unpacked = releases_->Unpack({3, 8, 4}, Place(bytes));
    EXPECT_TRUE(unpacked) << unpacked.error().message();
  };
  accepted(With(""));
  accepted(Good() + TarEnd());
  accepted(WithName(In("1/2/3/4/5/6/7/8/9/a/b/c/d/e/f")));
  accepted(WithPax(PaxRecord("path", In(std::string(200, 'n'))), {.name = In("x")}));
  accepted(WithEntry({.name = In("world"), .content = "x", .mode = 0777}));
}

TEST_F(HostileArchivesTest, AreThirtyOrMoreAndOfManyReasons) {
  std::set<std::string> reasons;
  for (const Hostile& hostile : All()) {
    reasons.insert(hostile.reason);
  }
  EXPECT_GE(All().size(), 30U);
  EXPECT_GE(reasons.size(), 25U);
}

}  // namespace
}  // namespace zoowarden::agent
