// The text format of zoo.cfg and of dynamic configuration files: Java's Properties, as
// Properties.load reads it from a byte stream (ISO-8859-1, so every byte is one character).
//
// Comments (# or !), separators '=', ':' or blanks, continuation by a backslash at the end of a
// line, escapes \t \n \r \f \uXXXX, any other escaped character stands for itself. Texts are UTF-8
// in memory; printing writes everything outside ASCII as \uXXXX. Pure functions; order and
// duplicates are kept, comments are not.
#pragma once

#include "base/error.h"

#include <string>
#include <string_view>
#include <vector>

namespace zoowarden::zk {

struct Property {
  std::string key;
  std::string value;     // blanks after the value are part of it, as in Java
  int line = 0;          // 1-based, where the key begins; 0 when made by a program
  int column = 0;        // 1-based byte
  int value_column = 0;  // 1-based byte on the line where the value begins

  // Places are not part of the value.
  bool operator==(const Property& other) const { return key == other.key && value == other.value; }
};

// `name` is the file's name in messages ("zoo.cfg:3:14: ..."). Reason: zoo_cfg.syntax.
[[nodiscard]] base::Result<std::vector<Property>> ParseProperties(std::string_view text,
                                                                  std::string_view name);

// One `key=value` line each. Parsing the result gives the same properties.
[[nodiscard]] std::string PrintProperties(const std::vector<Property>& properties);

}  // namespace zoowarden::zk
