// Logging behind a narrow header: spdlog costs seconds per translation unit, so only log.cc sees
// it.
//
// Messages start with fields: "op=… server=… state=…". Levels: info = a state changed, warn = it
// will be retried, error = a person is needed. Secrets never reach a log line. Thread-safe.
#pragma once

#include <string_view>

namespace zoowarden::base {

enum class LogLevel { kDebug, kInfo, kWarn, kError };

// Sends log lines to stderr (the default) from `minimum` on. Call once, before threads start.
void InitLog(LogLevel minimum);

void Log(LogLevel level, std::string_view message);
inline void LogDebug(std::string_view message) { Log(LogLevel::kDebug, message); }
inline void LogInfo(std::string_view message) { Log(LogLevel::kInfo, message); }
inline void LogWarn(std::string_view message) { Log(LogLevel::kWarn, message); }
inline void LogError(std::string_view message) { Log(LogLevel::kError, message); }

}  // namespace zoowarden::base
