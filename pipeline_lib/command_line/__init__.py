"""How the stages are started from a shell: the root command, its lazy loading and shared option types."""
