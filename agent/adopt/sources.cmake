list(APPEND agent_sources
  adopt/adoption.cc
  adopt/control_group.cc
  adopt/discoverer.cc
  adopt/environment_file.cc
  adopt/java_findings.cc
  adopt/kept_values.cc
  adopt/member_settings.cc
  adopt/script_start.cc
  adopt/surroundings.cc)
