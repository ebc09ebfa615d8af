"""Files on disk: atomic writing, table contracts, tensors that load without running code."""
