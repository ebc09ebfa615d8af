"""Files on disk: atomic writing, table contracts, tensors that load without running code."""

FOLDS = ("train", "validation", "test")
PHENOTYPES = ("fitness", "interaction", "raw_interaction", "call")
