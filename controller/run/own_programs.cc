#include "controller/run/own_programs.h"

#include "base/text.h"
#include "sys/subprocess.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>

namespace zoowarden::controller {
namespace {

constexpr std::size_t kMostShown = 2'000;

std::string OnOneLine(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '\n' || c == '\t' || c == '\r'; }, ' ');
  return text;
}

}  // namespace

ProgramVerdict RunOwnProgram(const std::vector<std::string>& command,
                             std::chrono::milliseconds timeout,
                             const std::string& input,
                             const std::stop_token& stop) {
  const char* path = std::getenv("PATH");
  const auto began = std::chrono::steady_clock::now();
  const auto result = sys::RunProgram(
      {.executable = command.front(),
       .arguments = {command.begin() + 1, command.end()},
       .environment = {std::string("PATH=") + (path == nullptr ? "/usr/bin:/bin" : path)},
       .input = input,
       .timeout = timeout,
       .stop = stop});
  ProgramVerdict verdict{.took = std::chrono::ceil<std::chrono::milliseconds>(
                             std::chrono::steady_clock::now() - began)};
  if (!result) {
    verdict.text = result.error().message();
    return verdict;
  }
  const std::string output = result->error_output + result->output;
  verdict.passed = result->succeeded();
  verdict.output = base::Printable(OnOneLine(std::string(base::Trim(output))), kMostShown);
  if (!verdict.passed) {
    verdict.text = "exit " + std::to_string(result->exit_code);
  }
  return verdict;
}

nlohmann::json MembersJson(const model::Round& round) {
  nlohmann::json members = nlohmann::json::array();
  for (const auto& seen : round.members) {
    members.push_back({{"id", seen.id.value},
                       {"answered", seen.answered},
                       {"mode", model::ModeName(seen.mode)},
                       {"version", seen.version ? seen.version->ToString() : ""},
                       {"zxid", seen.own_zxid ? seen.own_zxid->ToString() : ""},
                       {"pid", seen.process ? seen.process->pid : 0},
                       {"client_port", seen.client_port}});
  }
  return members;
}

std::string ToText(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace zoowarden::controller
