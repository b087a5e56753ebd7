list(APPEND agent_sources observe/prober.cc observe/running_config.cc observe/sockets.cc)
