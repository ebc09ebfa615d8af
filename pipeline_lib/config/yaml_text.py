"""Load YAML that others wrote: whatever is wrong with it is one sentence."""

from typing import Any

import yaml

from pipeline_lib.errors import PipelineError

_FAULTS = (yaml.YAMLError, ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError)
"""What PyYAML raises: for a date of month 99 a ValueError, for ``!!bool abc`` a KeyError, for a thousand open brackets
a RecursionError; only faults of its grammar are its own."""


def load_yaml(text: str, where: str, loader: type[yaml.SafeLoader]) -> Any:  # noqa: ANN401 - anything that YAML holds
    """Return the content of a YAML text.

    Parameters
    ----------
    text
        The file's content.
    where
        Its name, for the error.
    loader
        A safe loader.

    Raises
    ------
    PipelineError
        When the text is not YAML, or holds values that are not what their tags or digits say.
    """
    try:
        return yaml.load(text, loader)  # noqa: S506 - a SafeLoader
    except _FAULTS as error:
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise PipelineError(f"{where} is not valid YAML: {reason}.") from error
