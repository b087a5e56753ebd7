#include "controller/cli/audit_heads.h"

#include "base/text.h"
#include "controller/cli/document.h"
#include "sys/files.h"

#include <limits>

namespace zoowarden::controller {

namespace {

constexpr std::size_t kMaxBytes = 1024 * 1024;
constexpr std::int64_t kFormat = 1;

std::filesystem::path FileIn(const std::filesystem::path& state_directory) {
  return state_directory / "audit-heads.json";
}

template <typename T>
const T* Field(const Document& map, const char* key) {
  const auto* const field = map.Find(key);
  return field == nullptr ? nullptr : std::get_if<T>(&field->value());
}

// JSON has one kind of whole numbers.
std::optional<std::uint64_t> Number(const Document& map, const char* key) {
  if (const auto* const number = Field<std::uint64_t>(map, key)) {
    return *number;
  }
  const auto* const number = Field<std::int64_t>(map, key);
  return number != nullptr && *number >= 0 ? std::optional(static_cast<std::uint64_t>(*number))
                                           : std::nullopt;
}

std::optional<AuditHeads> Parse(const Document& document) {
  const auto* const servers = Field<Document::List>(document, "servers");
  if (Number(document, "format") != kFormat || servers == nullptr) {
    return std::nullopt;
  }
  AuditHeads heads;
  for (const auto& server : *servers) {
    const auto id = Number(server, "id");
    const auto row = Number(server, "row");
    const auto* const hash = Field<std::string>(server, "hash");
    if (!id || *id > std::numeric_limits<std::uint32_t>::max() || !row || hash == nullptr) {
      return std::nullopt;
    }
    heads[{static_cast<std::uint32_t>(*id)}] = {.number = *row, .hash = *hash};
  }
  return heads;
}

}  // namespace

base::Result<AuditHeads> LoadAuditHeads(const std::filesystem::path& state_directory) {
  const auto file = FileIn(state_directory);
  const auto text = sys::ReadFile(file, kMaxBytes);
  if (!text && text.error().Is(base::ErrorCode::kNotFound)) {
    return AuditHeads{};
  }
  ZW_TRY(text);
  const auto document = Document::FromJson(*text);
  auto heads = document ? Parse(*document) : std::nullopt;
  if (!heads) {
    return base::Fail(base::ErrorCode::kDataLoss,
                      "audit.damaged_heads",
                      file.native() +
                          " cannot be read; restore it from a copy, or move it away, which forgets "
                          "what was verified before");
  }
  return *std::move(heads);
}

base::Status SaveAuditHeads(const std::filesystem::path& state_directory, const AuditHeads& heads) {
  ZW_TRY(sys::EnsureDirectory(state_directory, 0700));
  Document servers{Document::List()};
  for (const auto& [id, head] : heads) {
    servers.Add(Document::Map({{"id", id.value}, {"row", head.number}, {"hash", head.hash}}));
  }
  const auto document = Document::Map({{"format", kFormat}, {"servers", std::move(servers)}});
  return sys::WriteFileAtomically(FileIn(state_directory), document.ToJson(), 0600);
}

}  // namespace zoowarden::controller
