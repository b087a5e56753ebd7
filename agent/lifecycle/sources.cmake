list(APPEND agent_sources
  lifecycle/file_system.cc
  lifecycle/launch.cc
  lifecycle/launcher/start_file.cc
  lifecycle/managers.cc
  lifecycle/port_guard.cc
  lifecycle/process_finder.cc
  lifecycle/service_manager.cc
  lifecycle/start_conditions.cc
  lifecycle/start_guard.cc
  lifecycle/systemd_manager.cc
  lifecycle/sysv_manager.cc
  lifecycle/transient_manager.cc
  lifecycle/unit_drop_in.cc
  lifecycle/unit_launch.cc
  lifecycle/unit_owner.cc
  lifecycle/zkserver_manager.cc)
