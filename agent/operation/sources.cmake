list(APPEND agent_sources
  operation/durable_journal.cc
  operation/fence.cc
  operation/lease_keeper.cc
  operation/permits.cc
  operation/runner.cc
  operation/runner_acts.cc
  operation/runner_calls.cc
  operation/runner_stop.cc)
