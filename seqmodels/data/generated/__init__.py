"""Data made up from a seed, so that every kind of task trains without a file or a network."""
