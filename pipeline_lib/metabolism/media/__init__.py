"""Growth media: named ones, those of screens, and what they are made of."""
