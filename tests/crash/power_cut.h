// Power cuts: the disk of one server is an ext4 image. While the agent works, the image is copied
// before each call that makes something durable. Each copy is mounted in the place of the first
// (the file system's journal is replayed), the agent is started on it under another boot's name,
// and what it has then come to is judged.
//
// Why a copy is what a power cut leaves: below a loop device the image file is the medium. What the
// file system has not written back, it has only in its memory, and the copy lacks it, as the medium
// would; it writes back what is synced (with the journal's commit that this takes), and the timers
// that would write back more are longer than a run. It is mounted to promise as little as ext4 may
// (`data=writeback,noauto_da_alloc`): a rename reaches the disk before the bytes of the renamed
// file unless those were synced.
#pragma once

#include "tests/crash/box.h"
#include "tests/crash/cases.h"
#include "tests/crash/data_watch.h"
#include "tests/crash/disk.h"

#include <filesystem>
#include <optional>
#include <string>

namespace zoowarden::crash {

class Controller;

class PowerCuts {
 public:
  // One operation of this kind and direction, with its scratch directory and addresses of its own.
  // In a process that has entered its own mounts.
  PowerCuts(const Stage& stage, std::filesystem::path scratch, const Case& way, int number);

  // Number of cuts that were tried; what was wrong is printed.
  [[nodiscard]] base::Result<int> Run();
  [[nodiscard]] int failures() const { return failures_; }

 private:
  [[nodiscard]] base::Status RunUndisturbed();
  [[nodiscard]] std::string Resume(const std::filesystem::path& image);
  [[nodiscard]] std::string GoOn(Box& box);
  [[nodiscard]] std::string JudgeCurrent(const Box& box) const;
  [[nodiscard]] std::string JudgeEnd(Box& box, const model::OperationStatus& operation) const;

  const Stage& stage_;
  std::filesystem::path scratch_;
  std::filesystem::path disk_;
  Case way_;
  int number_;
  std::string from_;
  std::string to_;
  std::optional<DataWatch> data_;
  int boots_ = 0;
  int failures_ = 0;
};

}  // namespace zoowarden::crash
