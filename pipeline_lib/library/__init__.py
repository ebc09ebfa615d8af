"""The results of a run as tables, figures and fitted models, for scripts and notebooks."""
