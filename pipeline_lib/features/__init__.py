"""Feature tables of genes: a reader a layout, one float32 matrix each, what each rests on and how much it covers."""
