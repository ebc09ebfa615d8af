"""Models and readers of other packages: `model`, `screen_reader`, `network_reader` and `feature_reader` add them.

docs/how_to/extend.md walks through a package that adds one of each kind.
"""

from pipeline_lib.extension.decorators import feature_reader, model, network_reader, screen_reader

__all__ = ["feature_reader", "model", "network_reader", "screen_reader"]
