"""Linear programs over a reduced network: flux balance, MOMA, survival, and what solves many of them."""
