"""Gene networks: a reader a layout, one table of edges, what each rests on and how they overlap."""
