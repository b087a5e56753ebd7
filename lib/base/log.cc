#include "base/log.h"

#include "base/text.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>

namespace zoowarden::base {
namespace {

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarn:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

// Never destroyed: gRPC's threads may still log while the program ends.
spdlog::logger& Logger() {
  static auto* const kLogger = [] {
    auto* logger =
        new spdlog::logger("zoowarden", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
    return logger;
  }();
  return *kLogger;
}

}  // namespace

void InitLog(LogLevel minimum) { Logger().set_level(ToSpdlog(minimum)); }

void Log(LogLevel level, std::string_view message) {
  // Names from outside stand in messages: none of them makes a line of its own.
  constexpr std::size_t kMostBytes = 8192;
  Logger().log(ToSpdlog(level), Printable(message, kMostBytes));
}

}  // namespace zoowarden::base
