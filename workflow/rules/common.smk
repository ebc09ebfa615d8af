"""The typed configuration, where files lie, the hash of the code behind a job, and functions that several steps share."""

import hashlib
import os
import shlex
import sys
from os.path import dirname
from pathlib import Path

from pipeline_lib.command_line.code_hash import remembered_code_hash as code_hash
from pipeline_lib.command_line.plan import plan_run
from pipeline_lib.command_line.workflow import join_runs
from pipeline_lib.command_line.workflow import as_json
from pipeline_lib.config.evaluation import TOPICS
from pipeline_lib.errors import PipelineError

# Where a path of this workflow lies: a module's prefix moves inputs, outputs and logs, but not what parameters name.
placed = workflow.modifier.path_modifier.replace_prefix

try:
    FLOW = plan_run(config, "configuration", workflow.configfiles, placed)
except PipelineError as error:
    raise WorkflowError(*error.sentences) from None

RUN = FLOW.run
RESULTS = FLOW.results

# After a kill or a power loss the next run goes on by itself; a lock whose owner lives is left to Snakemake.
if join_runs(Path(".snakemake")) and workflow.is_main_process:
    logger.warning(
        "another snakemake is at work in this folder: wait for it or stop it before the same run is started again, "
        "and do not use --unlock meanwhile"
    )

# Jobs find the mirror through the environment: where files lie is no reason to run a rule again.
FLOW.export_mirror()

# Rules start `python` of the environment that Snakemake itself runs in; where a rule's own environment is deployed, it
# is that one's. Both find the library beside this file, and no other one in the working folder.
LIBRARY = f"export PYTHONSAFEPATH=1 PYTHONPATH={shlex.quote(str(PROJECT))}${{PYTHONPATH:+:$PYTHONPATH}}; "
INTERPRETER = f"export PATH={shlex.quote(str(Path(sys.executable).parent))}:$PATH; "
PREFIX = LIBRARY if workflow.deployment_settings.deployment_method else LIBRARY + INTERPRETER
# Snakemake fills in braces here too.
shell.prefix("set -euo pipefail; " + PREFIX.replace("{", "{{").replace("}", "}}"))


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


def inputs_of(**values):
    """Return files of the configuration as a rule's inputs, by name.

    A file of the user is an input by content, not by age (its checksum is a parameter of the rule), and stays where it is
    under a module's prefix. Snakemake takes braces in a path for a wildcard, so such a file is named to the command alone.
    """
    return {
        name: local(ancient(value)) if FLOW.is_own(value) else FLOW.path(value)
        for name, value in values.items()
        if value and not value.startswith("cobra:") and not (FLOW.is_own(value) and "{" in value)
    }


def options_of(form, **values):
    """Return one option a file of the configuration that is named; `form` holds {name} and {path}."""
    return [form.format(name=name, path=FLOW.argument(value)) for name, value in values.items() if value]


def grows(megabytes):
    """Ask for more memory each time that a job is tried again."""
    return lambda wildcards, attempt: megabytes * attempt


def minutes(first):
    """Ask for more time each time that a job is tried again."""
    return lambda wildcards, attempt: first * 2 ** (attempt - 1)


def predictions_options(wildcards, input):
    """Return one option a file; model, split and seed follow from its path."""
    return [f"--predictions={path}" for path in input.predictions]


def page_hash():
    """Return a hash of the templates, which no import leads to."""
    folder = PROJECT / "pipeline_lib/reporting/page"
    content = b"".join(path.read_bytes() for path in sorted(folder.iterdir()))
    return hashlib.sha256(content).hexdigest()[:12]


def artefact_paths(topic):
    """Return the artefacts of a topic that the run makes, by name."""
    return {name: FLOW.artefacts[name] for name in TOPICS[topic].artefacts if name in FLOW.artefacts}


def artefact_options(topic):
    """Return one ``--input name=path`` an artefact."""
    return [f"--input={name}={placed(path)}" for name, path in artefact_paths(topic).items()]


def simulation_folder(simulation):
    """Return the folder of one simulation's files."""
    return f"{RESULTS}/simulated/{simulation}"


def cell_of(model):
    """Return what a model reads beside the tables of every cell: flux results and feature tables, where it reads any."""
    method, tables = FLOW.knockouts_of(model), FLOW.features_of(model)
    return {
        **({"knockouts": f"{RESULTS}/metabolism/knockouts.{method}.parquet"} if method else {}),
        **({"features": [f"{RESULTS}/features/{table}.parquet" for table in tables]} if tables else {}),
    }


def cell_options(model):
    """Return the options that name them."""
    named = cell_of(model)
    paths = [("knockouts", named.get("knockouts")), *(("features", path) for path in named.get("features", []))]
    return [f"--{name}={placed(path)}" for name, path in paths if path]


def closed_form_of(wildcards):
    """Return the file that stands for the closed form which a fit shares with others; none where it shares none.

    A fit makes what it does not find, and does not read the file: one that is newer fits nothing again.
    """
    model = FLOW.closed_form(wildcards.model)
    return ancient(f"{RESULTS}/closed_forms/{model}/{wildcards.split}.json") if model else []


# Snakemake reads a caption beside the rules: where these are in a repository, it finds none of the run's own.
OWN_CAPTIONS = isinstance(workflow.current_basedir, os.PathLike)


def captions_of(topic):
    """Return the file of the titles and captions of a topic's figures, for ``snakemake --report``."""
    return abspath(placed(f"{RESULTS}/figures/captions/{topic}.rst")) if OWN_CAPTIONS else "../report/figure.rst"


def figure_label(wildcards):
    """Return what ``snakemake --report`` calls a figure."""
    return {"figure": wildcards.figure.replace("_", " ")}
