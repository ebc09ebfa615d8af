"""What a deep model has to beat: means, effects, ridges, completions, trees, fitness products and flux balances."""
