list(
  APPEND
  agent_sources
  install/archive.cc
  install/carry_over.cc
  install/conf_files.cc
  install/entry_policy.cc
  install/generation_record.cc
  install/generations.cc
  install/packed_stream.cc
  install/release_record.cc
  install/release_rules.cc
  install/release_uploads.cc
  install/releases.cc
  install/signatures.cc
  install/tree_writer.cc)
list(APPEND agent_libraries LibArchive::LibArchive ZLIB::ZLIB nlohmann_json::nlohmann_json)
