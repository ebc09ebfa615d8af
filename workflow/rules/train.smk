"""The closed forms that fits share; one job a model, split and seed; the overfit check; the walk-through."""

RELEASED = f"{RESULTS}/models/{{model}}/{{split}}/seed{{seed}}"

CELL = {
    "observations": rules.observations.output.observations,
    "genes": rules.genes.output.genes,
    "edges": rules.networks.output.edges,
    "stoichiometry": rules.metabolism.output.stoichiometry,
}


# Made once, so that fits which start at the same time do not each make it.
rule closed_form:
    input:
        unpack(lambda wildcards: cell_of(wildcards.model)),
        **CELL,
        split=rules.split.output.split,
    output:
        levels=f"{RESULTS}/closed_forms/{{model}}/{{split}}.json",
    log:
        f"{RESULTS}/logs/closed_form/{{model}}.{{split}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/closed_form.{{model}}.{{split}}.tsv"
    conda:
        "../../envs/base.yaml"
    threads: RUN.training.threads
    resources:
        mem_mb=grows(6000),
        runtime=minutes(60),
    params:
        code=code_hash("pipeline_lib.training.cli:closed_form", "pipeline_lib.models.clp.model"),
        settings=as_json(RUN.training),
        model_settings=lambda wildcards: FLOW.model_settings(wildcards.model),
        cell=lambda wildcards: cell_options(wildcards.model),
        threads=RUN.training.threads,
        checkpoints=lambda wildcards: FLOW.checkpoints(wildcards.model),
    shell:
        "python -m pipeline_lib training closed-form --settings {params.settings:q}"
        " --model-settings {params.model_settings:q} --model {wildcards.model:q} --folds {input.split:q}"
        " --observations {input.observations:q} --genes {input.genes:q} --edges {input.edges:q}"
        " --stoichiometry {input.stoichiometry:q} {params.cell:q} --threads {params.threads:q}"
        " --checkpoints {params.checkpoints:q} --output {output.levels:q} 2>> {log:q}"


rule fit:
    input:
        unpack(lambda wildcards: cell_of(wildcards.model)),
        **CELL,
        split=rules.split.output.split,
        closed_form=closed_form_of,
    output:
        predictions=f"{RELEASED}/predictions.parquet",
        history=f"{RELEASED}/history.parquet",
        metrics=f"{RELEASED}/metrics.json",
        model=f"{RELEASED}/model.pt",
    log:
        f"{RESULTS}/logs/fit/{{model}}.{{split}}.{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/fit.{{model}}.{{split}}.{{seed}}.tsv"
    wildcard_constraints:
        model=FLOW.any_of(FLOW.models_without_gpu),
    conda:
        "../../envs/base.yaml"
    threads: RUN.training.threads
    resources:
        mem_mb=grows(6000),
        runtime=minutes(60),
    params:
        code=lambda wildcards: FLOW.model_code(wildcards.model),
        launcher=lambda wildcards: FLOW.launcher(wildcards.model),
        settings=as_json(RUN.training),
        model_settings=lambda wildcards: FLOW.model_settings(wildcards.model),
        cell=lambda wildcards: cell_options(wildcards.model),
        threads=RUN.training.threads,
        # Neither an output nor a log: Snakemake deletes both before it runs a rule again. A killed job resumes from
        # the one, and the other keeps what every attempt wrote.
        checkpoints=lambda wildcards: FLOW.checkpoints(wildcards.model),
        attempts=placed(f"{RESULTS}/logs/fit/{{model}}.{{split}}.{{seed}}.attempts.log"),
    shell:
        "python {params.launcher:q} training fit --settings {params.settings:q} --model-settings {params.model_settings:q}"
        " --model {wildcards.model:q} --folds {input.split:q} --seed {wildcards.seed:q}"
        " --observations {input.observations:q} --genes {input.genes:q} --edges {input.edges:q}"
        " --stoichiometry {input.stoichiometry:q} {params.cell:q} --threads {params.threads:q}"
        " --checkpoints {params.checkpoints:q} --predictions {output.predictions:q} --history {output.history:q}"
        " --metrics {output.metrics:q} --output {output.model:q} 2> >(tee -a {params.attempts:q} >> {log:q})"


# A rule of its own, so that a profile can give fits that ask for a GPU a partition of their own.
use rule fit as fit_on_gpu with:
    wildcard_constraints:
        model=FLOW.any_of(FLOW.models_on_gpu),
    threads: RUN.training.threads * RUN.training.processes
    resources:
        mem_mb=grows(6000),
        runtime=minutes(60),
        gpu=RUN.training.processes,


rule overfit:
    input:
        **CELL,
        **cell_of("clp"),
        split=f"{RESULTS}/splits/{RUN.splits.names[0]}.parquet",
    output:
        predictions=f"{RESULTS}/overfit/predictions.parquet",
        history=f"{RESULTS}/overfit/history.parquet",
        report=f"{RESULTS}/overfit/report.json",
    log:
        f"{RESULTS}/logs/overfit.log",
    conda:
        "../../envs/base.yaml"
    threads: RUN.training.threads
    resources:
        mem_mb=grows(6000),
        runtime=minutes(20),
    params:
        code=code_hash("pipeline_lib.training.cli:overfit", "pipeline_lib.models.clp.model"),
        settings=as_json(RUN.training),
        model_settings=FLOW.model_settings("clp"),
        cell=cell_options("clp"),
    shell:
        "python -m pipeline_lib training overfit --settings {params.settings:q}"
        " --model-settings {params.model_settings:q} --model clp --folds {input.split:q}"
        " --observations {input.observations:q} --genes {input.genes:q} --edges {input.edges:q}"
        " --stoichiometry {input.stoichiometry:q} {params.cell:q} --predictions {output.predictions:q}"
        " --history {output.history:q} --report {output.report:q} 2>> {log:q}"


rule walk_through:
    input:
        **CELL,
        **cell_of("clp"),
        split=f"{RESULTS}/splits/{RUN.splits.names[0]}.parquet",
    output:
        walk_through=f"{RESULTS}/walkthrough.json",
    log:
        f"{RESULTS}/logs/walk_through.log",
    conda:
        "../../envs/base.yaml"
    threads: RUN.training.threads
    resources:
        mem_mb=grows(6000),
        runtime=minutes(20),
    params:
        code=code_hash("pipeline_lib.training.cli:walk_through", "pipeline_lib.models.clp.model"),
        settings=as_json(RUN.training),
        model_settings=FLOW.model_settings("clp"),
        cell=cell_options("clp"),
    shell:
        "python -m pipeline_lib training walk-through --settings {params.settings:q}"
        " --model-settings {params.model_settings:q} --model clp --folds {input.split:q}"
        " --observations {input.observations:q} --genes {input.genes:q} --edges {input.edges:q}"
        " --stoichiometry {input.stoichiometry:q} {params.cell:q} --output {output.walk_through:q} 2>> {log:q}"
