"""One module a publication's layout; each has ``read(source)``, which yields batches."""
