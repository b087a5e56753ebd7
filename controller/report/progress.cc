#include "controller/report/progress.h"

#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace zoowarden::controller {
namespace {

constexpr std::size_t kTextColumn = 19;  // after the kind of the event
constexpr std::size_t kMaxGate = 400;    // that is drawn anew each round

// Evidence of every gate is in the record; on the screen the first part is enough.
std::string ShortText(const core::Event& event) {
  auto text = event.text;
  if (event.kind == "stop_intended") {
    text = text.substr(0, text.find(';'));
  }
  return base::Printable(text, text.size());
}

std::string EventLine(const core::Event& event) {
  return fmt::format("{:<18} {}", event.kind, ShortText(event));
}

// Columns, one a character.
std::size_t WidthOf(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
  }));
}

// Lines of at most `width` columns, all but the first after `indent` spaces. A word that is longer
// is left whole, and the terminal breaks it.
std::vector<std::string> Wrap(const std::string& text, std::size_t indent, std::size_t width) {
  std::vector<std::string> lines = {""};
  bool bare = true;  // nothing but the indent is on the line
  for (const auto word : base::Split(text, ' ')) {
    if (!bare && WidthOf(lines.back()) + 1 + WidthOf(word) > width) {
      lines.emplace_back(indent < width ? indent : 0, ' ');
      bare = true;
    }
    lines.back().append(bare ? "" : " ").append(word);
    bare = false;
  }
  return lines;
}

// "7" and "5.4", not "3.9.4".
bool IsNumber(std::string_view word) {
  const auto point = word.find('.');
  return base::ParseUnsigned(word.substr(0, point)).has_value() &&
         (point == std::string_view::npos ||
          base::ParseUnsigned(word.substr(point + 1)).has_value());
}

// Countdowns, rounds and zxids change every round; another reason or another server is news.
std::string Shape(const std::string& waiting) {
  std::string shape;
  std::string_view before;
  for (const auto word : base::Split(waiting, ' ')) {
    const bool number = word.starts_with("0x") || IsNumber(word);
    if (!number || before == "server") {
      shape.append(word).append(" ");
    }
    before = word;
  }
  return shape;
}

class PlainProgress final : public Progress {
 public:
  explicit PlainProgress(const ProgressOptions& options) : options_(options) {}

  void OnEvent(const core::Event& event) override { options_.write(EventLine(event) + "\n"); }

  void OnRound(const RunFile& /*run*/,
               const core::Decision& decision,
               const model::Round& /*round*/) override {
    const auto what = Shape(decision.waiting);
    if (!decision.waiting.empty() && what != told_) {
      options_.write(EventLine({"waiting", {}, decision.waiting}) + "\n");
      told_ = what;
    }
  }

 private:
  ProgressOptions options_;
  std::string told_;
};

class LiveProgress final : public Progress {
 public:
  explicit LiveProgress(const ProgressOptions& options)
      : options_(options), began_(options.clock.BootTime()) {}

  ~LiveProgress() override { Erase(); }
  LiveProgress(const LiveProgress&) = delete;
  LiveProgress& operator=(const LiveProgress&) = delete;

  void OnEvent(const core::Event& event) override {
    Erase();
    std::string text;
    for (const auto& line : Wrap(EventLine(event), kTextColumn, options_.width)) {
      text += line + "\n";
    }
    options_.write(text);
  }

  void OnRound(const RunFile& run,
               const core::Decision& decision,
               const model::Round& round) override {
    Erase();
    std::string text;
    for (const auto& server : run.state.servers) {
      text += Cut("  " + ServerLine(run, round, server.id)) + "\n";
    }
    const auto elapsed = (options_.clock.BootTime() - began_).count() / 1000;
    const auto gate = decision.waiting.empty() ? std::string(core::RunPhaseName(run.state.phase))
                                               : base::Printable(decision.waiting, kMaxGate);
    const auto expected = Expected(run, elapsed);
    const auto last = Wrap(fmt::format("  {} s{}  {}", elapsed, expected, gate), 4, options_.width);
    for (const auto& line : last) {
      text += Bold(Cut(line)) + "\n";
    }
    options_.write(text);
    lines_ = run.state.servers.size() + last.size();
  }

 private:
  // From the servers done so far: what the others will take if they take as long.
  static std::string Expected(const RunFile& run, std::int64_t elapsed) {
    const auto done = run.state.done.size();
    if (done == 0 || run.state.goal == core::RunGoal::kBack) {
      return "";
    }
    const auto all = static_cast<std::int64_t>(run.state.servers.size());
    const auto left =
        elapsed * (all - static_cast<std::int64_t>(done)) / static_cast<std::int64_t>(done);
    return fmt::format(", about {} s left", left);
  }

  void Erase() {
    std::string text;
    for (; lines_ > 0; --lines_) {
      text += "\x1b[1A\x1b[2K";  // one line up, erased
    }
    if (!text.empty()) {
      options_.write(text);
    }
  }

  // A line that the terminal broke could not be erased.
  [[nodiscard]] std::string Cut(const std::string& line) const {
    return std::string(base::CutUtf8(line, options_.width));
  }

  [[nodiscard]] std::string Bold(const std::string& text) const {
    return options_.color ? "\x1b[1m" + text + "\x1b[0m" : text;
  }

  ProgressOptions options_;
  model::Instant began_;
  std::size_t lines_ = 0;
};

// How far a member is behind the round's canary, as a person reads it. Between two epochs the
// difference of two zxids counts nothing.
std::string Lag(const model::MemberObservation& seen, const model::Round& round) {
  if (!seen.own_zxid || !round.canary) {
    return "zxid ?";
  }
  if (*seen.own_zxid >= *round.canary) {
    return "in step";
  }
  constexpr std::uint64_t kMostCounted = 1'000'000;
  const auto behind = round.canary->value - seen.own_zxid->value;
  return behind <= kMostCounted ? fmt::format("-{}", behind) : "behind";
}

}  // namespace

std::string ServerLine(const RunFile& run, const model::Round& round, model::ServerId id) {
  const auto& server = core::ServerOf(run.state, id);
  const auto* seen = model::FindMember(round, id);
  const auto name = "server " + model::ToString(id);
  if (seen == nullptr || !seen->answered) {
    return fmt::format("{:<10} its agent does not answer", name);
  }
  const bool done = seen->current && seen->current->digest == server.target.digest &&
                    !model::IsInFlight(seen->operation.state);
  const auto version = seen->version ? seen->version->ToString() : "-";
  return fmt::format("{:<10} {:<12} {:<8} {:<8} {}",
                     name,
                     seen->process ? model::ModeName(seen->mode) : "down",
                     version,
                     Lag(*seen, round),
                     done ? "done" : std::string(model::OperationStateName(seen->operation.state)));
}

std::unique_ptr<Progress> MakeProgress(const ProgressOptions& options) {
  if (options.live) {
    return std::make_unique<LiveProgress>(options);
  }
  return std::make_unique<PlainProgress>(options);
}

}  // namespace zoowarden::controller
