"""The model beside measurements: essential genes, fitness, interactions."""
