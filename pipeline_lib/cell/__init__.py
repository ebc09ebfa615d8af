"""The cell: gene index, cell graph, genotypes as indices, splits."""
