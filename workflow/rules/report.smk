"""Figures by topic, provenance, the report page."""

from pipeline_lib.config.figures import ARTEFACTS, READS_MODELS, TOPICS

HISTORIES = [
    path.replace("predictions.parquet", "history.parquet") for path in PREDICTIONS
]


def artefact_paths(topic):
    """Return the artefacts of a topic by name."""
    return {name: f"{RESULTS}/{ARTEFACTS[name]}" for name in TOPICS[topic].artefacts}


def artefact_options(topic):
    """Return one ``--input name=path`` an artefact."""
    return [f"--input={name}={path}" for name, path in artefact_paths(topic).items()]


for topic, drawn in TOPICS.items():

    rule:
        name:
            f"figures_{topic}"
        input:
            **artefact_paths(topic),
            models=[*PREDICTIONS, *HISTORIES] if topic in READS_MODELS else [],
        output:
            svg=[
                report(
                    f"{RESULTS}/figures/{name}.svg",
                    category="Figures",
                    subcategory=topic,
                    caption="../report/figure.rst",
                )
                for name in drawn.figures
            ],
            png=[f"{RESULTS}/figures/{name}.png" for name in drawn.figures],
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
            topic=topic,
            inputs=artefact_options(topic),
            models=f"{RESULTS}/models",
            folder=f"{RESULTS}/figures",
        shell:
            "python -m pipeline_lib reporting figures {params.topic:q} --settings {params.settings:q} {params.inputs:q}"
            " --models {params.models:q} --folder {params.folder:q} --records {output.records:q} 2>> {log:q}"


FIGURE_RECORDS = [f"{RESULTS}/figures/{topic}.json" for topic in TOPICS]


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
        config=RUN.model_dump_json(),
        benchmarks=f"{RESULTS}/benchmarks",
    shell:
        "python -m pipeline_lib reporting provenance --config {params.config:q} --lock {input.lock:q}"
        " --benchmarks {params.benchmarks:q} --output {output.provenance:q} 2>> {log:q}"


rule report:
    input:
        figures=FIGURE_RECORDS,
        artefacts=[f"{RESULTS}/{path}" for path in ARTEFACTS.values()],
        leakage=expand(rules.split.output.leakage, split=RUN.splits.names),
        graph=rules.cell_graph.output.summary,
        provenance=rules.provenance.output.provenance,
    output:
        page=report(
            f"{RESULTS}/report.html", category="Report", caption="../report/page.rst"
        ),
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
        settings=as_json(RUN.reporting),
        folder=RESULTS,
    shell:
        "python -m pipeline_lib reporting html --settings {params.settings:q} --run-folder {params.folder:q}"
        " --output {output.page:q} 2>> {log:q}"
