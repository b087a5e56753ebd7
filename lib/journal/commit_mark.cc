#include "journal/commit_mark.h"

#include "base/text.h"
#include "sys/beneath.h"

#include <fcntl.h>
#include <unistd.h>

#include <string>
#include <string_view>

namespace zoowarden::journal {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kHead = "zoowarden journal, transactions ";
constexpr std::size_t kMaxMark = 200;

fs::path PathOf(const fs::path& journal) { return journal.native() + ".mark"; }

base::Result<sys::Beneath> DirectoryOf(const fs::path& path) {
  return sys::Beneath::Open(path.has_parent_path() ? path.parent_path() : fs::path("."));
}

// Always of the same length, within one sector. The number twice: a changed one is noticed.
std::string TextOf(std::uint64_t count) {
  constexpr std::size_t kDigits = 20;
  const auto digits = std::to_string(count);
  const auto padded = std::string(kDigits - digits.size(), '0') + digits;
  return std::string(kHead) + padded + " " + padded + "\n";
}

}  // namespace

base::Result<std::optional<std::uint64_t>> CommitMark::Read(const fs::path& journal) {
  const auto path = PathOf(journal);
  ZW_ASSIGN(const auto directory, DirectoryOf(path));
  const auto text = directory.Read(path.filename(), kMaxMark);
  if (!text && text.error().Is(base::ErrorCode::kNotFound)) {
    return std::optional<std::uint64_t>();
  }
  if (!text && !text.error().Is(base::ErrorCode::kResourceExhausted)) {
    return base::Fail(text.error());
  }
  const std::string mark = text.value_or("");
  const auto words = base::Split(base::Trim(mark), ' ');
  const auto count = base::ParseUnsigned(words.back());
  if (!count || mark != TextOf(*count)) {
    return base::Fail(base::ErrorCode::kDataLoss,
                      "journal.mark_damaged",
                      path.native() +
                          " is damaged, so nothing tells whether the journal beside it is the "
                          "newest; look at the disk, and remove it when you are sure");
  }
  return count;
}

base::Result<CommitMark> CommitMark::Create(const fs::path& journal, std::uint64_t count) {
  const auto path = PathOf(journal);
  ZW_ASSIGN(const auto directory, DirectoryOf(path));
  ZW_TRY(directory.Write(path.filename(), TextOf(count), 0600));
  ZW_ASSIGN(sys::UniqueFd file, directory.OpenFile(path.filename(), O_WRONLY));
  return CommitMark(std::move(file));
}

void CommitMark::Note(std::uint64_t count) const {
  const auto text = TextOf(count);
  [[maybe_unused]] const auto written = ::pwrite(file_.get(), text.data(), text.size(), 0);
}

}  // namespace zoowarden::journal
