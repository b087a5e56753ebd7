// What was read of one znode on one member, and the order in which whole trees are walked.
#pragma once

#include "model/ids.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace zoowarden::model {

enum class Sight {
  kAbsent,
  kPresent,
  kForbidden,  // its ACL lets a client without credentials not read it
};

// Of Stat, and of what it stands for; data and ACL themselves stay with the member.
struct ZnodeFacts {
  Zxid created;               // czxid
  Zxid modified;              // mzxid
  std::int32_t version = 0;   // of the data
  std::int32_t cversion = 0;  // of the children
  std::int32_t aversion = 0;  // of the ACL
  std::int64_t owner = 0;     // session of an ephemeral znode; 0 for container and TTL znodes too
  std::uint32_t data_bytes = 0;
  std::uint32_t data_crc = 0;  // CRC-32 of zlib
  std::uint32_t acl_crc = 0;   // of the ACL as it is on the wire, without password hashes
  bool operator==(const ZnodeFacts&) const = default;
};

struct Znode {
  std::string path;
  Sight sight = Sight::kAbsent;
  ZnodeFacts facts;  // of a present one
  bool operator==(const Znode&) const = default;
};

// A node, then its children with all that is below them, by the bytes of their names: the order of
// paths if '/' sorted before every other character. Negative, 0 or positive.
[[nodiscard]] int ComparePaths(std::string_view a, std::string_view b);

// "/" or names separated by '/', none empty, "." or "..", no NUL; at most 1 MiB.
[[nodiscard]] bool IsZnodePath(std::string_view path);

}  // namespace zoowarden::model
