"""What the page says, one module a part of it, from the run's tables."""
