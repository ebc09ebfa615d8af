"""Small inputs of the kinds that users bring, each beside the right value: what ``make test-cases`` runs."""
