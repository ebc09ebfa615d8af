"""Settings of DANGO."""

from pipeline_lib.config.section import Section


class DangoSettings(Section):
    """DANGO: pretrained network embeddings and a hypergraph attention."""
