#include "tests/load/verify.h"

#include <future>
#include <map>
#include <utility>

namespace zoowarden::load {
namespace {

using std::chrono::steady_clock;

// What one member says of everything.
struct MemberReadings {
  std::map<std::string, Reading> nodes;
  std::map<std::string, std::vector<std::string>> children;  // by parent
};

using Writers = std::vector<std::unique_ptr<Writer>>;

base::Status ReadAll(Session& session, const Writers& writers, MemberReadings& readings) {
  for (const auto& writer : writers) {
    if (!session.Sync(writer->parent())) {
      return base::Fail(base::ErrorCode::kUnavailable, "sync of " + writer->parent() + " failed");
    }
    if (!writer->chains().empty()) {
      ZW_ASSIGN(readings.children[writer->parent()], session.Children(writer->parent()));
    }
    for (const auto& chain : writer->chains()) {
      ZW_ASSIGN(readings.nodes[chain.path()], session.Read(chain.path()));
    }
  }
  return base::Ok();
}

base::Result<MemberReadings> ReadMember(const std::string& member,
                                        const VerifyOptions& options,
                                        const Writers& writers) {
  auto session_options = options.session;
  session_options.hosts = member;
  Session session(session_options);
  const auto deadline = steady_clock::now() + options.limit;
  std::string last = "no connection";
  while (steady_clock::now() < deadline) {
    if (!session.WaitConnected(std::chrono::milliseconds(500))) {
      continue;
    }
    MemberReadings readings;
    if (const auto read = ReadAll(session, writers, readings); read) {
      return readings;
    } else {
      last = read.error().message();
    }
  }
  return base::Fail(base::ErrorCode::kUnavailable,
                    "member " + member + " could not be read back: " + last);
}

Verdict JudgeWriter(const Writer& writer,
                    const std::vector<std::string>& members,
                    const std::vector<MemberReadings>& readings) {
  Verdict verdict;
  for (const auto& chain : writer.chains()) {
    std::vector<Reading> of_chain;
    of_chain.reserve(readings.size());
    for (const auto& member : readings) {
      of_chain.push_back(member.nodes.at(chain.path()));
    }
    verdict.Add(JudgeChain(chain, members, of_chain));
  }
  for (const auto& member : readings) {
    if (const auto found = member.children.find(writer.parent()); found != member.children.end()) {
      verdict.Add(JudgeChildren(writer.parent(), writer.chains(), found->second));
    }
  }
  return verdict;
}

}  // namespace

base::Result<Verdict> Verify(const VerifyOptions& options, const Writers& writers) {
  std::vector<std::future<base::Result<MemberReadings>>> reading;
  reading.reserve(options.members.size());
  for (const auto& member : options.members) {
    reading.push_back(std::async(std::launch::async,
                                 [&, member] { return ReadMember(member, options, writers); }));
  }
  std::vector<MemberReadings> readings;
  readings.reserve(options.members.size());
  base::Status problem;
  for (auto& one : reading) {
    auto result = one.get();
    if (result) {
      readings.push_back(*std::move(result));
    } else if (problem) {
      problem = base::Fail(result.error());
    }
  }
  ZW_TRY(problem);
  Verdict verdict;
  for (const auto& writer : writers) {
    verdict.Add(JudgeWriter(*writer, options.members, readings));
  }
  return verdict;
}

}  // namespace zoowarden::load
