"""What the gene table knows of every name, the cell graph, and the splits."""


rule gene_coverage:
    input:
        model=rules.genes.output.coverage,
        screens=expand(rules.read_screen.output.coverage, screen=RUN.screens),
        networks=expand(rules.read_network.output.coverage, network=FLOW.networks),
        features=expand(rules.read_features.output.coverage, features=FLOW.feature_tables),
    output:
        coverage=f"{RESULTS}/tables/gene_coverage.parquet",
    log:
        f"{RESULTS}/logs/gene_coverage.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000),
        runtime=minutes(5),
    params:
        code=code_hash("pipeline_lib.cell.cli:gene_coverage_command"),
        parts=lambda wildcards, input: [f"--part={path}" for path in input],
    shell:
        "python -m pipeline_lib cell gene-coverage {params.parts:q} --output {output.coverage:q} 2>> {log:q}"


rule cell_graph:
    input:
        genes=rules.genes.output.genes,
        edges=rules.networks.output.edges,
        stoichiometry=rules.metabolism.output.stoichiometry,
    output:
        graph=f"{RESULTS}/cell/cell_graph.pt",
        summary=f"{RESULTS}/cell/cell_graph.txt",
    log:
        f"{RESULTS}/logs/cell_graph.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=grows(2000),
        runtime=minutes(10),
    params:
        code=code_hash("pipeline_lib.cell.cli:graph"),
        settings=as_json(RUN.cell),
    shell:
        "python -m pipeline_lib cell graph --settings {params.settings:q} --genes {input.genes:q}"
        " --edges {input.edges:q} --stoichiometry {input.stoichiometry:q} --output {output.graph:q}"
        " --summary {output.summary:q} > /dev/null 2>> {log:q}"


rule split:
    input:
        observations=rules.observations.output.observations,
        genes=rules.genes.output.genes,
    output:
        split=f"{RESULTS}/splits/{{split}}.parquet",
        leakage=f"{RESULTS}/splits/{{split}}.leakage.parquet",
    log:
        f"{RESULTS}/logs/splits/{{split}}.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        # Of the 24 million observations of the full tables: 6,933 MiB (docs/scale.md).
        mem_mb=grows(8000),
        runtime=minutes(15),
    params:
        code=code_hash("pipeline_lib.cell.cli:split"),
        # Of this split alone: a draw that is added later makes no other split, and so no fit, anew.
        settings=lambda wildcards: as_json(RUN.splits.model_copy(update={"names": [wildcards.split]})),
    shell:
        "python -m pipeline_lib cell split --settings {params.settings:q} --name {wildcards.split:q}"
        " --observations {input.observations:q} --genes {input.genes:q} --output {output.split:q}"
        " --leakage {output.leakage:q} 2>> {log:q}"
