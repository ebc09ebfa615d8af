"""Small inputs of the kinds that strangers bring, each beside the right value: what ``make test-cases`` runs."""
