list(
  APPEND
  agent_sources
  observe/member_probe.cc
  observe/membership_reader.cc
  observe/prober.cc
  observe/running_config.cc
  observe/sockets.cc)
