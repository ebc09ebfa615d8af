"""In-silico screens with a known truth, written in the layouts of published ones."""
