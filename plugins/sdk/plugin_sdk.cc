#include "plugins/sdk/plugin_sdk.h"

#include <nlohmann/json.hpp>

#include <iostream>
#include <iterator>

namespace zoowarden::plugin_sdk {
namespace {

using nlohmann::json;

constexpr int kProtocolVersion = 1;

base::Result<Request> ReadRequest(const std::string& text) try {
  const auto parsed = json::parse(text);
  if (parsed.at("protocol") != kProtocolVersion || parsed.at("verb") != "settings") {
    return base::Fail(base::ErrorCode::kFailedPrecondition,
                      "this plugin speaks protocol 1 with the verb 'settings'");
  }
  const auto& options = parsed.at("options");
  return Request{
      .ensemble = parsed.at("ensemble"),
      .deadline = std::chrono::milliseconds(parsed.at("deadline_ms").get<std::int64_t>()),
      .path = options.value("path", ""),
      .command = options.value("command", std::vector<std::string>())};
} catch (const json::exception& error) {
  return base::Fail(base::ErrorCode::kInvalidArgument,
                    std::string("the request on stdin is not one of protocol 1: ") + error.what());
}

json AnswerOf(const base::Result<Settings>& settings) {
  json answer = {{"protocol", kProtocolVersion}};
  if (!settings) {
    answer["error"] = settings.error().message();
    return answer;
  }
  answer["settings"] = json::object();
  for (const auto& [key, value] : *settings) {
    answer["settings"][key] = {{"value", value.value}, {"origin", value.origin}};
  }
  return answer;
}

}  // namespace

int Serve(const std::function<base::Result<Settings>(const Request&)>& settings) {
  const std::string text{std::istreambuf_iterator<char>(std::cin), {}};
  const auto request = ReadRequest(text);
  if (!request) {
    std::cerr << request.error().message() << "\n";
    return 2;
  }
  // Bytes that are not UTF-8 are replaced: JSON cannot carry them.
  std::cout << AnswerOf(settings(*request)).dump(-1, ' ', false, json::error_handler_t::replace)
            << std::endl;
  return std::cout ? 0 : 1;
}

}  // namespace zoowarden::plugin_sdk
