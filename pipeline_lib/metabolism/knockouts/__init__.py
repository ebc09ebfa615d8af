"""Growth of deletions: by look-up, for every pair and triple, lethal sets, and why a deletion costs growth."""
