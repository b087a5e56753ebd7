// A directory that can be opened and then no longer read, as on a disk that fails, is an error; an
// exception would end the agent.
#include "agent/install/conf_files.h"
#include "agent/install/releases.h"
#include "agent/service/installation_record.h"
#include "sys/digest.h"
#include "tests/unit/agent/install/scratch.h"

#include <dirent.h>
#include <dlfcn.h>

#include <cerrno>

namespace {

// So many entries more can be read by this process; negative = all.
int left_to_read = -1;

}  // namespace

// In place of the C library's, for the C++ library too.
extern "C" dirent* readdir(DIR* directory) {
  static const auto real = reinterpret_cast<dirent* (*)(DIR*)>(::dlsym(RTLD_NEXT, "readdir"));
  if (left_to_read == 0) {
    errno = EIO;
    return nullptr;
  }
  left_to_read -= left_to_read > 0 ? 1 : 0;
  return real(directory);
}

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;

class ReadableFor {
 public:
  explicit ReadableFor(int entries) { left_to_read = entries; }
  ~ReadableFor() { left_to_read = -1; }
  ReadableFor(const ReadableFor&) = delete;
  ReadableFor& operator=(const ReadableFor&) = delete;
};

class BrokenDirectoryTest : public ScratchTest {
 protected:
  void SetUp() override {
    ScratchTest::SetUp();
    for (const char* name : {"a", "b", "c"}) {
      Write(scratch() / "uploads" / name, "x");
      Write(scratch() / "conf" / name, "x");
    }
    Write(scratch() / "conf/zoo.cfg", "tickTime=2000\n");
  }
  // The reasons with 0, 1, 2... entries read: "." and ".." are two of them.
  template <typename F>
  static std::vector<std::string> Reasons(F use) {
    std::vector<std::string> reasons;
    for (int entries = 0; entries < 5; ++entries) {
      const ReadableFor these(entries);
      const auto result = use();
      reasons.push_back(result ? "" : result.error().reason());
    }
    return reasons;
  }

  const std::vector<std::string> all_failed_ = std::vector<std::string>(5, "file.io");
};

TEST_F(BrokenDirectoryTest, OfUploadsIsAnError) {
  auto releases =
      Releases::Open(
          {.uploads = scratch() / "uploads", .releases = scratch() / "releases", .spare_bytes = 0})
          .value();
  const std::string bytes = "an archive";
  EXPECT_EQ(Reasons([&] { return releases.Staged(); }), all_failed_);
  EXPECT_EQ(Reasons([&] {
              return releases.Append({.sha512 = sys::Digest(sys::Hash::kSha512, bytes),
                                      .offset = 0,
                                      .total_size = bytes.size(),
                                      .data = bytes});
            }),
            all_failed_);
  Write(scratch() / "uploads" / (sys::Digest(sys::Hash::kSha512, bytes) + ".fetch"), bytes);
  EXPECT_EQ(Reasons([&] { return releases.FinishFetch(sys::Digest(sys::Hash::kSha512, bytes)); }),
            all_failed_);
}

TEST_F(BrokenDirectoryTest, OfAnAdoptedConfigurationIsAnError) {
  EXPECT_EQ(Reasons([&] { return ReadForeignZooCfg(scratch() / "conf/zoo.cfg"); }), all_failed_);
}

// What is not known to be empty is somebody's.
TEST_F(BrokenDirectoryTest, OfDataIsNotAnEmptyOne) {
  Write(scratch() / "data/myid", "1\n");
  config::AgentConfig config{.server = {1}};
  config.instance.data_directory = scratch() / "data";
  config.instance.data_log_directory = scratch() / "data";
  ASSERT_EQ(LookAtData(config).most, DataState::kPrepared);
  for (int entries = 0; entries < 4; ++entries) {
    const ReadableFor these(entries);
    EXPECT_EQ(LookAtData(config).most, DataState::kWritten) << entries;
  }
}

}  // namespace
}  // namespace zoowarden::agent
