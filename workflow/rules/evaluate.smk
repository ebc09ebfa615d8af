"""Leaderboard, paired differences, noise ceilings, P-values, calibration."""

from pipeline_lib.config.screens import screen_scores

SCORES = as_json(screen_scores(RUN.screens))
PREDICTIONS = [f"{RESULTS}/models/{model}/{split}/seed{seed}/predictions.parquet" for model, split, seed in FLOW.jobs]

TRUTHS = [f"--truth-of={screen}={placed(path)}" for screen, path in FLOW.truths.items()]


rule leaderboard:
    input:
        observations=rules.observations.output.observations,
        genes=rules.genes.output.genes,
        edges=rules.networks.output.edges,
        predictions=PREDICTIONS,
        truths=list(FLOW.truths.values()),
    output:
        leaderboard=f"{RESULTS}/evaluation/leaderboard.parquet",
        differences=f"{RESULTS}/evaluation/differences.parquet",
        subgroups=f"{RESULTS}/evaluation/subgroups.parquet",
    log:
        f"{RESULTS}/logs/leaderboard.log",
    benchmark:
        f"{RESULTS}/benchmarks/leaderboard.tsv"
    conda:
        "../../envs/base.yaml"
    threads: 2
    resources:
        mem_mb=grows(8000),
        runtime=minutes(60),
    params:
        code=code_hash("pipeline_lib.evaluation.cli:leaderboard"),
        settings=as_json(RUN.evaluation),
        scores=SCORES,
        truths=TRUTHS,
        predictions=predictions_options,
    shell:
        "python -m pipeline_lib evaluation leaderboard --settings {params.settings:q} --scores {params.scores:q} {params.truths:q}"
        " --observations {input.observations:q} --genes {input.genes:q} --edges {input.edges:q}"
        " {params.predictions:q} --output {output.leaderboard:q} --differences {output.differences:q}"
        " --subgroups {output.subgroups:q} 2>> {log:q}"


rule noise_ceiling:
    input:
        observations=rules.observations.output.observations,
        genes=rules.genes.output.genes,
        truths=list(FLOW.truths.values()),
        splits=expand(rules.split.output.split, split=RUN.splits.names),
    output:
        ceiling=f"{RESULTS}/evaluation/noise_ceiling.parquet",
    log:
        f"{RESULTS}/logs/noise_ceiling.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=grows(8000),
        runtime=minutes(30),
    params:
        code=code_hash("pipeline_lib.evaluation.cli:noise_ceiling"),
        settings=as_json(RUN.evaluation),
        scores=SCORES,
        truths=TRUTHS,
        splits=lambda wildcards, input: [
            f"--folds-of={split}={path}" for split, path in zip(RUN.splits.names, input.splits)
        ],
    shell:
        "python -m pipeline_lib evaluation noise-ceiling --settings {params.settings:q} --scores {params.scores:q}"
        " --observations {input.observations:q} --genes {input.genes:q} {params.truths:q} {params.splits:q}"
        " --output {output.ceiling:q} 2>> {log:q}"


# Every screen, phenotype and split once: the report's model against the best baseline.
rule scoreboard:
    input:
        leaderboard=rules.leaderboard.output.leaderboard,
        differences=rules.leaderboard.output.differences,
        ceiling=rules.noise_ceiling.output.ceiling,
    output:
        scoreboard=f"{RESULTS}/evaluation/scoreboard.parquet",
    log:
        f"{RESULTS}/logs/scoreboard.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000),
        runtime=minutes(5),
    params:
        code=code_hash("pipeline_lib.evaluation.cli:scoreboard"),
        model=RUN.reporting.model,
    shell:
        "python -m pipeline_lib evaluation scoreboard --leaderboard {input.leaderboard:q}"
        " --differences {input.differences:q} --noise-ceiling {input.ceiling:q} --model {params.model:q}"
        " --output {output.scoreboard:q} 2>> {log:q}"


rule p_values:
    input:
        observations=rules.observations.output.observations,
        predictions=PREDICTIONS,
        truths=list(FLOW.truths.values()),
    output:
        p_values=f"{RESULTS}/evaluation/p_values.parquet",
        deciles=f"{RESULTS}/evaluation/p_value_deciles.parquet",
        histogram=f"{RESULTS}/evaluation/p_value_histogram.parquet",
        correlations=f"{RESULTS}/evaluation/p_value_correlations.parquet",
        hits=f"{RESULTS}/evaluation/p_value_hits.parquet",
        queries=f"{RESULTS}/evaluation/p_value_queries.parquet",
        quantiles=f"{RESULTS}/evaluation/p_value_quantiles.parquet",
        points=f"{RESULTS}/evaluation/p_value_points.parquet",
    log:
        f"{RESULTS}/logs/p_values.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=grows(8000),
        runtime=minutes(30),
    params:
        code=code_hash("pipeline_lib.evaluation.cli:p_values"),
        settings=as_json(RUN.evaluation),
        scores=SCORES,
        truths=TRUTHS,
        predictions=predictions_options,
    shell:
        "python -m pipeline_lib evaluation p-values --settings {params.settings:q} --scores {params.scores:q} {params.truths:q}"
        " --observations {input.observations:q} {params.predictions:q} --output {output.p_values:q}"
        " --deciles {output.deciles:q} --histogram {output.histogram:q}"
        " --correlations {output.correlations:q} --hits {output.hits:q} --queries {output.queries:q}"
        " --quantiles {output.quantiles:q} --points {output.points:q} 2>> {log:q}"


rule calibration:
    input:
        observations=rules.observations.output.observations,
        predictions=PREDICTIONS,
    output:
        calibration=f"{RESULTS}/evaluation/calibration.parquet",
    log:
        f"{RESULTS}/logs/calibration.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=grows(8000),
        runtime=minutes(30),
    params:
        code=code_hash("pipeline_lib.evaluation.cli:calibration"),
        settings=as_json(RUN.evaluation),
        scores=SCORES,
        predictions=predictions_options,
    shell:
        "python -m pipeline_lib evaluation calibration --settings {params.settings:q} --scores {params.scores:q}"
        " --observations {input.observations:q} {params.predictions:q} --output {output.calibration:q} 2>> {log:q}"


rule precision_recall:
    input:
        observations=rules.observations.output.observations,
        predictions=PREDICTIONS,
        truths=list(FLOW.truths.values()),
    output:
        curves=f"{RESULTS}/evaluation/precision_recall.parquet",
        queries=f"{RESULTS}/evaluation/query_precision.parquet",
        dango=f"{RESULTS}/evaluation/dango_scoring.parquet",
    log:
        f"{RESULTS}/logs/precision_recall.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=grows(8000),
        runtime=minutes(30),
    params:
        code=code_hash("pipeline_lib.evaluation.cli:precision_recall"),
        settings=as_json(RUN.evaluation),
        scores=SCORES,
        truths=TRUTHS,
        predictions=predictions_options,
    shell:
        "python -m pipeline_lib evaluation precision-recall --settings {params.settings:q} --scores {params.scores:q} {params.truths:q}"
        " --observations {input.observations:q} {params.predictions:q} --output {output.curves:q}"
        " --queries {output.queries:q} --dango {output.dango:q} 2>> {log:q}"
