"""Predict what happens to a yeast cell when one, two or three genes are deleted.

The sub-packages are the flow of the data; each imports only earlier ones:
``sources``, ``metabolism``, ``simulation``, ``screens``, ``networks``, ``cell``, ``models``, ``training``,
``evaluation``, ``reporting``. ``artefacts`` (files on disk), ``config`` (typed settings) and ``command_line``
(how a stage is started) stand below them all.
"""

__version__ = "0.1.0"
