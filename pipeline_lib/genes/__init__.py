"""Gene identity: one rule from names to genes, and what a genotype is, for models, screens, networks and questions."""
