"""The genome-scale model: its file, its tables, gene rules, network, tensors and energies."""
