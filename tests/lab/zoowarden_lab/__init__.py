"""Real ZooKeeper releases and ensembles on one machine, for tests, demo and benchmarks."""
