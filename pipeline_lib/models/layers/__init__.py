"""Differentiable pieces that the networks are made of: scatter, sparse products, graph and hypergraph convolutions."""
