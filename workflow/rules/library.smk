"""Where the library and the configuration that belong to the workflow lie."""

import importlib.util
import os
import sys
from pathlib import Path


def library_folder(rules):
    """Return the folder of the library: the one beside the workflow, whatever folder Snakemake is started in and whatever
    else is installed; where Snakemake reads the workflow out of a repository, the installed one of the same version.
    """
    if isinstance(rules, os.PathLike):
        return Path(rules).resolve().parents[1]
    installed = getattr(importlib.util.find_spec("pipeline_lib"), "origin", None)
    # Its version stands there.
    own = workflow.sourcecache.open(rules.join("../../pipeline_lib/__init__.py")).read()
    if installed is None or Path(installed).read_text(encoding="utf-8").strip() != own.strip():
        raise WorkflowError(
            f"the library pipeline_lib that this Python has installed ({installed or 'none'}) is not that of the workflow "
            f"({rules}); install that of the repository, at the same tag."
        )
    return Path(installed).resolve().parents[1]


PROJECT = library_folder(workflow.current_basedir)
sys.path.insert(0, str(PROJECT))

if "{" in str(PROJECT):
    raise WorkflowError(
        f"the folder '{PROJECT}' has braces in its name, which Snakemake takes for wildcards; rename it."
    )
