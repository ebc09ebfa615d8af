"""One module a layout of feature files."""
