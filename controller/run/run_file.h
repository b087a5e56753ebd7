// A run as it is stored: the desired state it leads to and where it stands. docs/formats.md has the
// shape; the schema version changes with every incompatible change.
#pragma once

#include "base/error.h"
#include "config/setting_edit.h"
#include "core/run_state.h"
#include "model/ensemble.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace zoowarden::controller {

inline constexpr int kRunSchemaVersion = 1;

// Who approved the plan that a run carries out.
struct RunApproval {
  std::string approver;          // certificate name
  std::string serial;            // of the certificate
  std::int64_t approved_ms = 0;  // wall clock, Unix milliseconds
  bool operator==(const RunApproval&) const = default;
};

// Of what a run changes in ensemble.yaml when it has succeeded: version and SHA-512 digest of
// `release:`, or the value of each setting; none = it is not set.
using FileValues = std::vector<std::optional<std::string>>;

struct RunFile {
  std::string kind;  // "upgrade", "apply", "server confirm"
  std::int64_t created_ms = 0;
  std::string holder;       // certificate name of who began it
  std::string plan_digest;  // of the plan that it carries out; empty in records of older programs
  std::optional<RunApproval> approval;  // none was asked for, or the record is older
  bool approval_required = false;       // ensemble.yaml said so; an older record does not tell
  // What ensemble.yaml does not say yet, and shall when the run has succeeded; no secrets.
  std::vector<config::SettingEdit> edits;
  std::optional<FileValues> file_before;  // what it said when the run began; an older record: none
  model::EnsembleSpec spec;
  core::RunState state;
};

// Settings and JVM options whose names say that they hold a secret are stored masked: a record goes
// to every agent. Templates and the commands of checks are stored as they are.
[[nodiscard]] std::string EncodeRun(const RunFile& run);
// Refuses another schema version and anything it does not understand (kDataLoss).
[[nodiscard]] base::Result<RunFile> DecodeRun(const std::string& text);

// What it leads to, in a word: "3.9.4", or "server 2" of a run that settles one server.
[[nodiscard]] std::string DescribeAim(const RunFile& run);
// "upgrade to 3.9.4", "config set on 3.9.4", "repair of server 1", "server confirm 2".
[[nodiscard]] std::string DescribeVerb(const RunFile& run);
// "upgrade of ensemble lab to 3.9.4", "server confirm 2 of ensemble lab".
[[nodiscard]] std::string DescribeRun(const RunFile& run);
// " to 3.9.4", or " on 3.9.4" of a verb that brings no server another release.
[[nodiscard]] std::string DescribeRelease(const std::string& kind,
                                          const model::Version& version,
                                          bool changes_release);

// What was approved of a run, and never changes while it goes on: the desired state, and from what
// to what each server goes. Two copies of one run agree when their texts are equal.
[[nodiscard]] std::string ApprovedPart(const RunFile& run);

}  // namespace zoowarden::controller
