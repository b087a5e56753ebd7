// Releases for tests, written with libarchive; what it would not write: tar_maker.h.
#pragma once

#include <archive.h>
#include <archive_entry.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace zoowarden::agent {

struct MadeEntry {
  std::string path;
  std::string content;
  unsigned int type = AE_IFREG;
  unsigned int mode = 0644;
};

inline void AddEntry(archive* writer, const MadeEntry& made) {
  archive_entry* entry = archive_entry_new();
  archive_entry_set_pathname(entry, made.path.c_str());
  archive_entry_set_perm(entry, static_cast<__LA_MODE_T>(made.mode));
  archive_entry_set_filetype(entry, made.type);
  archive_entry_set_size(entry, static_cast<la_int64_t>(made.content.size()));
  archive_write_header(writer, entry);
  if (!made.content.empty()) {
    archive_write_data(writer, made.content.data(), made.content.size());
  }
  archive_entry_free(entry);
}

inline std::string MakeArchive(const std::vector<MadeEntry>& entries, bool gzip = true) {
  std::size_t capacity = 256U * 1024;
  for (const auto& entry : entries) {
    capacity += entry.content.size() + 4096;
  }
  std::string bytes(capacity, '\0');
  std::size_t used = 0;
  archive* writer = archive_write_new();
  if (gzip) {
    archive_write_add_filter_gzip(writer);
  }
  archive_write_set_format_pax_restricted(writer);
  archive_write_open_memory(writer, bytes.data(), bytes.size(), &used);
  for (const auto& entry : entries) {
    AddEntry(writer, entry);
  }
  archive_write_close(writer);
  archive_write_free(writer);
  bytes.resize(used);
  return bytes;
}

// A plain release of this version with a few files.
inline std::vector<MadeEntry> PlainRelease(const std::string& top) {
  return {{.path = top + "/", .type = AE_IFDIR, .mode = 0755},
          {.path = top + "/bin/", .type = AE_IFDIR, .mode = 0700},
          {.path = top + "/bin/zkServer.sh", .content = "#!/bin/sh\n", .mode = 0755},
          {.path = top + "/lib/zookeeper.jar", .content = std::string(3000, 'j'), .mode = 0600},
          {.path = top + "/conf/zoo_sample.cfg", .content = "tickTime=2000\n", .mode = 0666},
          {.path = top + "/empty", .content = ""}};
}

// A release in the official layout, as far as the agent looks at one.
inline std::vector<MadeEntry> ReleaseEntries(const std::string& top,
                                             const std::string& server_script) {
  return {{.path = top + "/", .type = AE_IFDIR, .mode = 0755},
          {.path = top + "/bin/", .type = AE_IFDIR, .mode = 0755},
          {.path = top + "/bin/zkServer.sh", .content = server_script, .mode = 0755},
          {.path = top + "/lib/zookeeper.jar", .content = "jar"}};
}

inline std::string MakeRelease(const std::string& version, const std::string& server_script) {
  return MakeArchive(ReleaseEntries("apache-zookeeper-" + version + "-bin", server_script));
}

}  // namespace zoowarden::agent
