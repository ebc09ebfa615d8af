"""Read the JSON layout of cobra and BiGG without cobra, which empties a gene rule that it cannot parse."""

import json
from typing import Any

from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.model_content import content_of, fields_of


def parse_gem_json(text: str, where: str) -> dict[str, Any]:
    """Parse a model in JSON.

    Parameters
    ----------
    text
        The file's content.
    where
        Its name, for the error.

    Returns
    -------
    dict
        See `pipeline_lib.metabolism.model_content.content_of`.

    Raises
    ------
    PipelineError
        When the text is not JSON or not a model.
    """
    try:
        loaded = json.loads(text, object_pairs_hook=fields_of)
    except (ValueError, RecursionError) as error:
        raise PipelineError(f"{where} is not a model: its JSON is broken ({error}); fetch the file anew.") from error
    if not isinstance(loaded, dict) or "reactions" not in loaded:
        raise PipelineError(f"{where} is not a model: its JSON has no section 'reactions'.")
    return content_of(loaded, where)
