list(APPEND agent_sources
  lifecycle/process_finder.cc
  lifecycle/start_guard.cc
  lifecycle/zkserver_manager.cc)
