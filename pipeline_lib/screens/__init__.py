"""Published screens, each read by its own reader into one table of observations."""
