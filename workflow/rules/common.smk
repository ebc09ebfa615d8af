"""What every rule shares: the typed configuration, where files lie, and the hash of the code a rule runs."""

import os
import shlex
import sys
from pathlib import Path

from pipeline_lib.command_line.code_hash import code_hash
from pipeline_lib.command_line.workflow import Workflow, as_json
from pipeline_lib.config.loading import parse_run_config
from pipeline_lib.errors import PipelineError

try:
    RUN = parse_run_config(config, "configuration")
    FLOW = Workflow(RUN)
except PipelineError as error:
    raise WorkflowError(str(error)) from None

RESULTS = f"results/{RUN.run}"

# Jobs find the mirror through the environment: where files lie is no reason to run a rule again.
if FLOW.mirror:
    os.environ["PIPELINE_MIRROR"] = str(Path(FLOW.mirror).resolve())

# Rules start `python` of the environment that Snakemake itself runs in; where a rule's own environment is deployed, it
# is that one's, which finds the library beside this file.
if workflow.deployment_settings.deployment_method:
    shell.prefix(
        f"set -euo pipefail; export PYTHONPATH={shlex.quote(str(Path(workflow.current_basedir).parents[1]))}; "
    )
else:
    shell.prefix(
        f"set -euo pipefail; export PATH={shlex.quote(str(Path(sys.executable).parent))}:$PATH; "
    )


wildcard_constraints:
    source=FLOW.any_source,
    screen=FLOW.any_of(RUN.screens),
    network=FLOW.any_of(RUN.networks),
    simulation=FLOW.any_of(RUN.simulation),
    split=FLOW.any_of(RUN.splits.names),
    model="[a-z0-9_]+",
    seed=r"\d+",


def grows(megabytes):
    """Ask for more memory each time that a job is tried again."""
    return lambda wildcards, attempt: megabytes * attempt


def minutes(first):
    """Ask for more time each time that a job is tried again."""
    return lambda wildcards, attempt: first * 2 ** (attempt - 1)
