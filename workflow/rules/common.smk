"""The typed configuration, where files lie, the hash of the code behind a job, and functions that several steps share."""

import hashlib
import shlex
import sys
from os.path import dirname
from pathlib import Path

from pipeline_lib.command_line.code_memory import remembered_code_hash as code_hash
from pipeline_lib.command_line.run_lock import join_runs
from pipeline_lib.command_line.workflow import Workflow, as_json
from pipeline_lib.config.figures import ARTEFACTS, TOPICS
from pipeline_lib.config.loading import parse_run_config
from pipeline_lib.errors import PipelineError

try:
    RUN = parse_run_config(config, "configuration")
    FLOW = Workflow(RUN)
except PipelineError as error:
    raise WorkflowError(str(error)) from None

RESULTS = f"results/{RUN.run}"

# After a kill or a power loss the next run goes on by itself; a lock whose owner lives is left to Snakemake.
if join_runs(Path(".snakemake")) and workflow.is_main_process:
    logger.warning(
        "another snakemake is at work in this folder: wait for it or stop it before the same run is started again, "
        "and do not use --unlock meanwhile"
    )

# Jobs find the mirror through the environment: where files lie is no reason to run a rule again.
FLOW.tell_jobs_the_mirror()

# Rules start `python` of the environment that Snakemake itself runs in; where a rule's own environment is deployed, it
# is that one's, which finds the library beside this file.
if workflow.deployment_settings.deployment_method:
    shell.prefix(
        f"set -euo pipefail; export PYTHONPATH={shlex.quote(str(Path(workflow.current_basedir).parents[1]))}; "
    )
else:
    shell.prefix(f"set -euo pipefail; export PATH={shlex.quote(str(Path(sys.executable).parent))}:$PATH; ")


wildcard_constraints:
    source=FLOW.any_source,
    collection=FLOW.any_of(FLOW.collections),
    screen=FLOW.any_of(RUN.screens),
    network=FLOW.any_of(RUN.networks),
    features=FLOW.any_of(RUN.features),
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


def predictions_options(wildcards, input):
    """Return one option a file; model, split and seed are told from its path."""
    return [f"--predictions={path}" for path in input.predictions]


def network_files(wildcards):
    """Return the files of a network by role."""
    return FLOW.files(RUN.networks[wildcards.network].files)


def feature_files(wildcards):
    """Return the files of a feature table by role."""
    return FLOW.feature_files(wildcards.features)


def feature_paths(names):
    """Return the inputs of a rule that reads feature tables."""
    return {"features": [f"{RESULTS}/features/{name}.parquet" for name in names]} if names else {}


def features_of(wildcards):
    """Return the feature tables that the model reads, if any."""
    return feature_paths(FLOW.features_of(wildcards.model))


def features_options(names):
    """Return one ``--features path`` a table."""
    return [f"--features={RESULTS}/features/{name}.parquet" for name in names]


def page_hash():
    """Return a hash of the templates, which no import leads to."""
    folder = Path(workflow.current_basedir).parents[1] / "pipeline_lib/reporting/page"
    content = b"".join(path.read_bytes() for path in sorted(folder.iterdir()))
    return hashlib.sha256(content).hexdigest()[:12]


def artefact_paths(topic):
    """Return the artefacts of a topic by name."""
    return {name: f"{RESULTS}/{ARTEFACTS[name]}" for name in TOPICS[topic].artefacts}


def artefact_options(topic):
    """Return one ``--input name=path`` an artefact."""
    return [f"--input={name}={path}" for name, path in artefact_paths(topic).items()]


def screen_files(wildcards):
    """Return the files of a screen by role."""
    return FLOW.files(RUN.screens[wildcards.screen].files)


def file_options(files):
    """Return one ``--file role=path`` a role."""
    return lambda wildcards, input: [f"--file={role}={path}" for role, path in files(wildcards).items()]


def simulation_folder(simulation):
    """Return the folder of one simulation's files."""
    return f"{RESULTS}/simulated/{simulation}"


def knockouts_of(wildcards):
    """Return the flux results that the model reads, if any."""
    method = FLOW.knockouts_of(wildcards.model)
    return {"knockouts": f"{RESULTS}/metabolism/knockouts.{method}.parquet"} if method else {}


def knockouts_option(wildcards, input):
    """Return the option that names them."""
    return [f"--knockouts={input.knockouts}"] if FLOW.knockouts_of(wildcards.model) else []
