"""Commands of the metabolism stage."""
