"""What the page states, one module a part of it, from the run's tables."""
