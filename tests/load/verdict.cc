#include "tests/load/verdict.h"

#include <algorithm>

namespace zoowarden::load {
namespace {

constexpr std::size_t kMostFindings = 20;

std::string Described(const Reading& reading) {
  return reading.version == kAbsent
             ? "nothing"
             : "version " + std::to_string(reading.version) + " '" + reading.data + "'";
}

Verdict Found(std::uint64_t lost, std::uint64_t phantom, std::string finding) {
  return {.lost = lost, .phantom = phantom, .findings = {std::move(finding)}};
}

Verdict JudgeReading(const Chain& chain, const std::string& member, const Reading& reading) {
  const std::string subject = chain.path() + " on " + member + ": ";
  const std::string expected =
      ", acknowledged is " + Described({.version = chain.version(), .data = chain.data()});
  if (reading.version < chain.version()) {
    return Found(static_cast<std::uint64_t>(chain.version() - reading.version),
                 0,
                 subject + "lost, it has " + Described(reading) + expected);
  }
  if (reading.version == chain.version()) {
    if (reading.data == chain.data()) {
      return {};
    }
    return Found(1, 1, subject + "replaced, it has " + Described(reading) + expected);
  }
  const auto& candidates = chain.candidates();
  const bool candidate =
      std::find(candidates.begin(), candidates.end(), reading.data) != candidates.end();
  if (reading.version == chain.version() + 1 && candidate) {
    return {};
  }
  return Found(0,
               static_cast<std::uint64_t>(reading.version - chain.version()),
               subject + "phantom, it has " + Described(reading) + expected);
}

}  // namespace

void Verdict::Add(const Verdict& other) {
  lost += other.lost;
  phantom += other.phantom;
  for (const auto& finding : other.findings) {
    if (findings.size() < kMostFindings) {
      findings.push_back(finding);
    }
  }
}

Verdict JudgeChain(const Chain& chain,
                   const std::vector<std::string>& members,
                   const std::vector<Reading>& readings) {
  Verdict worst;
  for (std::size_t i = 0; i < readings.size(); ++i) {
    const auto verdict = JudgeReading(chain, members[i], readings[i]);
    worst.lost = std::max(worst.lost, verdict.lost);
    worst.phantom = std::max(worst.phantom, verdict.phantom);
    worst.findings.insert(worst.findings.end(), verdict.findings.begin(), verdict.findings.end());
  }
  // Each may be allowed by itself, but of two candidates only one can have been applied.
  for (std::size_t i = 1; i < readings.size(); ++i) {
    if (readings[i].version == readings[0].version && readings[i].data != readings[0].data &&
        worst.lost + worst.phantom == 0) {
      worst.Add(Found(0,
                      1,
                      chain.path() + ": " + members[0] + " has " + Described(readings[0]) +
                          " and " + members[i] + " has " + Described(readings[i])));
    }
  }
  return worst;
}

Verdict JudgeChildren(const std::string& parent,
                      const std::vector<Chain>& chains,
                      const std::vector<std::string>& children) {
  Verdict verdict;
  for (const auto& child : children) {
    std::string path = parent;
    path.append("/").append(child);
    const bool known = std::any_of(
        chains.begin(), chains.end(), [&](const Chain& chain) { return chain.path() == path; });
    if (!known) {
      verdict.Add(Found(0, 1, path + ": phantom, nobody created it"));
    }
  }
  return verdict;
}

}  // namespace zoowarden::load
