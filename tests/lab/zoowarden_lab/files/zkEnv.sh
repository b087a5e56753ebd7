#!/usr/bin/env bash
# Sourced by the other scripts of bin/, so it sees (and for --config shifts) their arguments.
# Configuration directory: --config DIR, else ZOOCFGDIR, else the release's own conf.
# shellcheck disable=SC2034  # what is set here is for the script that sources it

ZOOBINDIR="${ZOOBINDIR:-$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)}"
ZOOKEEPER_PREFIX="$(cd "${ZOOBINDIR}/.." && pwd)"

if [ "${1:-}" = "--config" ]; then
  shift
  ZOOCFGDIR="${1:?--config needs a directory}"
  shift
fi
ZOOCFGDIR="${ZOOCFGDIR:-${ZOOKEEPER_PREFIX}/conf}"
ZOOCFG="${ZOOCFGDIR}/${ZOOCFG:-zoo.cfg}"

for environment in zookeeper-env.sh java.env; do
  if [ -f "${ZOOCFGDIR}/${environment}" ]; then
    # shellcheck source=/dev/null
    . "${ZOOCFGDIR}/${environment}"
  fi
done
unset environment

ZOO_LOG_DIR="${ZOO_LOG_DIR:-${ZOOKEEPER_PREFIX}/logs}"

if [ -n "${JAVA_HOME:-}" ] && [ -x "${JAVA_HOME}/bin/java" ]; then
  JAVA="${JAVA_HOME}/bin/java"
elif command -v java > /dev/null; then
  JAVA=java
else
  echo "Error: JAVA_HOME is not set and java could not be found in PATH." >&2
  exit 1
fi

CLASSPATH="${ZOOCFGDIR}"
for jar in "${ZOOKEEPER_PREFIX}"/*.jar "${ZOOKEEPER_PREFIX}"/lib/*.jar; do
  [ -f "${jar}" ] && CLASSPATH="${CLASSPATH}:${jar}"
done
unset jar

export SERVER_JVMFLAGS="-Xmx${ZK_SERVER_HEAP:-1000}m ${SERVER_JVMFLAGS:-}"
export CLIENT_JVMFLAGS="-Xmx${ZK_CLIENT_HEAP:-256}m ${CLIENT_JVMFLAGS:-}"
