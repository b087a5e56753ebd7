// What is known of one znode that one client alone writes to. Every write expects the version
// before it (a create expects none), so versions form a chain: the znode's final version proves all
// acknowledged writes below it, and of several writes that expected the same version at most one
// can ever be applied. Pure; one thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace zoowarden::load {

inline constexpr std::int32_t kAbsent = -1;

enum class Outcome {
  kAcknowledged,
  kVersionRefused,  // bad version, or the node exists: something else is in the expected place
  kFailed,          // definitely not applied, and must never appear
  kUnknown,         // the connection was lost: applied or not
};

// What a znode holds; version kAbsent when it is not there.
struct Reading {
  std::int32_t version = kAbsent;
  std::string data;
};

class Chain {
 public:
  Chain(std::string path, std::string prefix)
      : path_(std::move(path)), prefix_(std::move(prefix)) {}

  [[nodiscard]] const std::string& path() const { return path_; }
  // The version that the next write must expect: kAbsent = create.
  [[nodiscard]] std::int32_t version() const { return version_; }
  [[nodiscard]] const std::string& data() const { return data_; }
  // Data of writes whose fate is unknown: one of them may stand at version() + 1.
  [[nodiscard]] const std::vector<std::string>& candidates() const { return candidates_; }
  // A read must tell which candidate was applied before the chain can go on.
  [[nodiscard]] bool needs_reading() const { return needs_reading_; }
  // Nothing more is written to it: it is contradictory, or has too many candidates. Judged at the
  // end.
  [[nodiscard]] bool retired() const { return retired_; }

  // The data of the next write: unlike any other that this chain ever sends.
  [[nodiscard]] std::string NextData();
  void End(const std::string& data, Outcome outcome);
  void Read(const Reading& reading);

 private:
  void Retire();

  std::string path_;
  std::string prefix_;
  std::uint64_t sent_ = 0;
  std::int32_t version_ = kAbsent;
  std::string data_;
  std::vector<std::string> candidates_;
  bool needs_reading_ = false;
  bool retired_ = false;
};

}  // namespace zoowarden::load
