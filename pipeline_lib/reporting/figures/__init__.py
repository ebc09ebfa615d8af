"""One module a topic; each draws its figures from the run's tables."""
