// What must hold of one server whatever was done to it: the invariants of the safety contract that
// one server alone can break.
//
// Every judgement is empty, or what is wrong. One thread at a time.
#pragma once

#include "tests/crash/box.h"
#include "tests/crash/cases.h"
#include "tests/crash/data_watch.h"
#include "tests/crash/tree.h"

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace zoowarden::journal {
class AgentJournal;
}

namespace zoowarden::crash {

class Judge {
 public:
  // The box must outlive it. What is there now is what must not be written to.
  Judge(const Box& box, Kind kind);

  // The generation that was current before.
  [[nodiscard]] const std::string& from() const { return from_; }
  // At any time: never two servers (I8), what is `current` whole, byte for byte (I7),
  // the data untouched (I9).
  [[nodiscard]] std::string AtAnyTime() const;
  // Of the journal, with no agent running: every step is one of the table, and not more of them
  // than it allows (I12).
  [[nodiscard]] std::string ReadHistory(const std::vector<std::string>& operations);
  // The states that ReadHistory found, over all operations, oldest first.
  [[nodiscard]] const std::vector<std::string>& passed() const { return passed_; }
  // All-new or all-old in `current` and in what is served (I5, I6), nothing started that the
  // journal does not know (I7), nothing written that no operation may write (I9), nothing left.
  [[nodiscard]] std::string AtTheEnd() const;

 private:
  [[nodiscard]] std::vector<std::string> Untouchable() const;
  [[nodiscard]] Tree TreeBelow(const std::string& below) const;
  [[nodiscard]] std::string ReadOperation(journal::AgentJournal& journal,
                                          const std::string& operation);
  [[nodiscard]] std::string JudgeWhatRuns() const;
  [[nodiscard]] std::string JudgeDisk() const;

  const Box& box_;
  DataWatch data_;
  std::string from_;
  std::string to_;
  std::map<std::string, Tree> before_;
  std::set<std::string> digests_;
  std::vector<std::string> passed_;
};

}  // namespace zoowarden::crash
