"""Figures by topic, provenance, the report page."""

from os.path import abspath

from pipeline_lib.config.evaluation import READS_MODELS, figure_names, pages_of

HISTORIES = [path.replace("predictions.parquet", "history.parquet") for path in PREDICTIONS]

# The fits of the model that the report is about: every seed of the first split that it runs on, random before others.
REPORTED_SPLIT = min(
    (split for model, split, _ in FLOW.jobs if model == RUN.reporting.model),
    key=lambda split: (split != "random", split),
    default=None,
)
REPORTED = [
    f"{RESULTS}/models/{model}/{split}/seed{seed}"
    for model, split, seed in FLOW.jobs
    if (model, split) == (RUN.reporting.model, REPORTED_SPLIT)
]
REPORTED_CELL = cell_of(RUN.reporting.model) if REPORTED else {}
# A genotype that no screen has measured is not among the knockouts: its growth is solved on the metabolic network.
NETWORK = [f"{RESULTS}/metabolism/{name}.parquet" for name in ("reactions", "incidence", "complexes")]
SOLVED_ON = NETWORK if "knockouts" in REPORTED_CELL else []

for topic in TOPICS:

    rule:
        name:
            f"figures_{topic}"
        input:
            **artefact_paths(topic),
            models=[*PREDICTIONS, *HISTORIES] if topic in READS_MODELS else [],
        output:
            svg=[f"{RESULTS}/figures/{name}.svg" for name in figure_names(topic, RUN.screens)],
            png=[f"{RESULTS}/figures/{name}.png" for name in figure_names(topic, RUN.screens)],
            # Which figures have nothing to show is known when they are drawn: the report lists what is in the folder.
            listed=report(
                directory(f"{RESULTS}/figures/listed/{topic}"),
                patterns=["{figure}.svg"],
                category="Figures",
                subcategory=topic,
                caption=captions_of(topic),
                labels=figure_label,
            ),
            captions=f"{RESULTS}/figures/captions/{topic}.rst",
            pictures=[
                f"{RESULTS}/figures/page/{name}{suffix}"
                for name in figure_names(topic, RUN.screens)
                for suffix in (".webp", ".narrow.webp")
            ],
            records=f"{RESULTS}/figures/{topic}.json",
        log:
            f"{RESULTS}/logs/figures/{topic}.log",
        conda:
            "../../envs/base.yaml"
        threads: 1
        resources:
            mem_mb=grows(4000),
            runtime=minutes(15),
        params:
            code=code_hash("pipeline_lib.reporting.cli:figures"),
            settings=as_json(RUN.reporting),
            scores=SCORES,
            dango=as_json(RUN.models.dango),
            topic=topic,
            inputs=artefact_options(topic),
            pages=[f"--p-values-of={screen}" for screen in pages_of(topic, RUN.screens)],
            models=lambda wildcards: placed(f"{RESULTS}/models"),
            folder=lambda wildcards, output: dirname(output.records),
        shell:
            "python -m pipeline_lib reporting figures {params.topic:q} --settings {params.settings:q} --scores {params.scores:q} {params.inputs:q}"
            " --models {params.models:q} --dango-settings {params.dango:q} {params.pages:q} --folder {params.folder:q} --records {output.records:q}"
            " --listed {output.listed:q} --captions {output.captions:q} 2>> {log:q}"


# Not part of the report: `snakemake trigenic_interactions` makes it.
rule trigenic_interactions:
    input:
        counts=rules.all_triples.output.counts,
        subsystems=rules.all_triples.output.subsystems,
    output:
        svg=f"{RESULTS}/figures/trigenic_interactions.svg",
        png=f"{RESULTS}/figures/trigenic_interactions.png",
        pictures=multiext(f"{RESULTS}/figures/page/trigenic_interactions", ".webp", ".narrow.webp"),
        records=f"{RESULTS}/figures/trigenic_interactions.json",
    log:
        f"{RESULTS}/logs/figures/trigenic_interactions.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=grows(2000),
        runtime=minutes(10),
    params:
        code=code_hash("pipeline_lib.reporting.cli:trigenic"),
        settings=as_json(RUN.reporting),
        folder=lambda wildcards, output: dirname(output.records),
    shell:
        "python -m pipeline_lib reporting trigenic --settings {params.settings:q} --counts {input.counts:q}"
        " --subsystems {input.subsystems:q} --folder {params.folder:q} --records {output.records:q} 2>> {log:q}"


FIGURE_RECORDS = [f"{RESULTS}/figures/{topic}.json" for topic in TOPICS]


rule gallery:
    input:
        records=FIGURE_RECORDS,
    output:
        page=f"{RESULTS}/figures/gallery.html",
    log:
        f"{RESULTS}/logs/gallery.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=grows(500),
        runtime=minutes(5),
    params:
        code=code_hash("pipeline_lib.reporting.cli:gallery"),
        page=page_hash(),
        run=RUN.run,
        records=[f"--records={placed(path)}" for path in FIGURE_RECORDS],
    shell:
        "python -m pipeline_lib reporting gallery --run {params.run:q} {params.records:q} --output {output.page:q} 2>> {log:q}"


rule next_experiments:
    input:
        **CELL,
        **REPORTED_CELL,
        models=[f"{folder}/model.pt" for folder in REPORTED],
        network=SOLVED_ON,
    output:
        ranked=f"{RESULTS}/next_experiments/ranked.parquet",
        csv=report(
            f"{RESULTS}/next_experiments/ranked.csv",
            category="Tables",
            caption="../report/next_experiments.rst",
        ),
    log:
        f"{RESULTS}/logs/next_experiments.log",
    benchmark:
        f"{RESULTS}/benchmarks/next_experiments.tsv"
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=grows(6000),
        runtime=minutes(15),
    params:
        code=code_hash("pipeline_lib.reporting.cli:next_experiments"),
        settings=as_json(RUN.reporting),
        scores=SCORES,
        models=[f"--fitted={placed(folder)}/model.pt" for folder in REPORTED],
        cell=cell_options(RUN.reporting.model) if REPORTED else [],
        network=lambda wildcards, input: ["--metabolic-network", *input.network] if SOLVED_ON else [],
    shell:
        "python -m pipeline_lib reporting next-experiments --settings {params.settings:q}"
        " --scores {params.scores:q} {params.models:q} {params.cell:q}"
        " {params.network:q} --observations {input.observations:q} --genes {input.genes:q} --edges {input.edges:q}"
        " --stoichiometry {input.stoichiometry:q} --output {output.ranked:q} --csv {output.csv:q} 2>> {log:q}"


rule provenance:
    input:
        lock=rules.lock_sources.output.lock,
        predictions=PREDICTIONS,
    output:
        provenance=f"{RESULTS}/provenance.json",
    log:
        f"{RESULTS}/logs/provenance.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000),
        runtime=minutes(5),
    params:
        code=code_hash("pipeline_lib.reporting.cli:provenance"),
        config=lambda wildcards: RUN.model_dump_json(),
        benchmarks=placed(f"{RESULTS}/benchmarks"),
    shell:
        "python -m pipeline_lib reporting provenance --config {params.config:q} --lock {input.lock:q}"
        " --benchmarks {params.benchmarks:q} --output {output.provenance:q} 2>> {log:q}"


rule report:
    input:
        figures=FIGURE_RECORDS,
        gallery=rules.gallery.output.page,
        predictions=PREDICTIONS,
        artefacts=list(FLOW.artefacts.values()),
        features=rules.features.input.tables,
        leakage=expand(rules.split.output.leakage, split=RUN.splits.names),
        graph=rules.cell_graph.output.summary,
        provenance=rules.provenance.output.provenance,
    output:
        page=report(f"{RESULTS}/report.html", category="Report", caption="../report/page.rst"),
    log:
        f"{RESULTS}/logs/report.log",
    benchmark:
        f"{RESULTS}/benchmarks/report.tsv"
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=grows(4000),
        runtime=minutes(10),
    params:
        code=code_hash("pipeline_lib.reporting.cli:html"),
        page=page_hash(),
        settings=as_json(RUN.reporting),
        folder=lambda wildcards, output: dirname(output.page),
    shell:
        "python -m pipeline_lib reporting html --settings {params.settings:q} --run-folder {params.folder:q}"
        " --output {output.page:q} 2>> {log:q}"
