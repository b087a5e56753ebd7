#include "agent/render/logging_defaults.h"

namespace zoowarden::agent {
namespace {

constexpr model::Version kFirstWithLogback{3, 8, 0};

constexpr std::string_view kLog4j = R"(# Written by Zoowarden.
zookeeper.log.dir=.
zookeeper.log.file=zookeeper.log
log4j.rootLogger=INFO, ROLLINGFILE, CONSOLE

log4j.appender.ROLLINGFILE=org.apache.log4j.RollingFileAppender
log4j.appender.ROLLINGFILE.File=${zookeeper.log.dir}/${zookeeper.log.file}
log4j.appender.ROLLINGFILE.MaxFileSize=10MB
log4j.appender.ROLLINGFILE.MaxBackupIndex=10
log4j.appender.ROLLINGFILE.layout=org.apache.log4j.PatternLayout
log4j.appender.ROLLINGFILE.layout.ConversionPattern=%d{ISO8601} [myid:%X{myid}] - %-5p [%t:%C{1}@%L] - %m%n

log4j.appender.CONSOLE=org.apache.log4j.ConsoleAppender
log4j.appender.CONSOLE.Threshold=WARN
log4j.appender.CONSOLE.layout=org.apache.log4j.PatternLayout
log4j.appender.CONSOLE.layout.ConversionPattern=%d{ISO8601} [myid:%X{myid}] - %-5p [%t:%C{1}@%L] - %m%n
)";

constexpr std::string_view kLogback = R"(<?xml version="1.0"?>
<!-- Written by Zoowarden. -->
<configuration>
  <appender name="ROLLINGFILE" class="ch.qos.logback.core.rolling.RollingFileAppender">
    <file>${zookeeper.log.dir:-.}/${zookeeper.log.file:-zookeeper.log}</file>
    <encoder>
      <pattern>%d{ISO8601} [myid:%X{myid}] - %-5p [%t:%C{1}@%L] - %m%n</pattern>
    </encoder>
    <rollingPolicy class="ch.qos.logback.core.rolling.FixedWindowRollingPolicy">
      <minIndex>1</minIndex>
      <maxIndex>10</maxIndex>
      <fileNamePattern>${zookeeper.log.dir:-.}/${zookeeper.log.file:-zookeeper.log}.%i</fileNamePattern>
    </rollingPolicy>
    <triggeringPolicy class="ch.qos.logback.core.rolling.SizeBasedTriggeringPolicy">
      <maxFileSize>10MB</maxFileSize>
    </triggeringPolicy>
  </appender>
  <appender name="CONSOLE" class="ch.qos.logback.core.ConsoleAppender">
    <encoder>
      <pattern>%d{ISO8601} [myid:%X{myid}] - %-5p [%t:%C{1}@%L] - %m%n</pattern>
    </encoder>
    <filter class="ch.qos.logback.classic.filter.ThresholdFilter">
      <level>WARN</level>
    </filter>
  </appender>
  <root level="INFO">
    <appender-ref ref="ROLLINGFILE" />
    <appender-ref ref="CONSOLE" />
  </root>
</configuration>
)";

}  // namespace

LoggingDefault LoggingDefaultFor(const model::Version& version) {
  return version < kFirstWithLogback ? LoggingDefault{"log4j.properties", kLog4j}
                                     : LoggingDefault{"logback.xml", kLogback};
}

}  // namespace zoowarden::agent
