"""Pages of the documentation site that are made when it is built: reference, cards, notebooks, numbers of a run."""
