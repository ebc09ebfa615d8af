"""Feature tables of genes: each read by its own reader, then described in one table."""


rule read_features:
    input:
        unpack(lambda wildcards: inputs_of(**FLOW.feature_files(wildcards.features))),
        genes=rules.genes.output.genes,
    output:
        features=f"{RESULTS}/features/{{features}}.parquet",
        coverage=f"{RESULTS}/tables/gene_coverage/features/{{features}}.parquet",
    log:
        f"{RESULTS}/logs/features/{{features}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/features.{{features}}.tsv"
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=grows(2000),
        runtime=minutes(15),
    params:
        code=lambda wildcards: FLOW.feature_code(wildcards.features),
        settings=lambda wildcards: as_json({wildcards.features: FLOW.feature_settings(wildcards.features)}),
        own=lambda wildcards: FLOW.contents(**FLOW.feature_files(wildcards.features)),
        files=lambda wildcards: options_of("--file={name}={path}", **FLOW.feature_files(wildcards.features)),
    shell:
        "python -m pipeline_lib features read --settings {params.settings:q} --name {wildcards.features:q}"
        " --genes {input.genes:q} {params.files:q} --output {output.features:q}"
        " --coverage {output.coverage:q} 2>> {log:q}"


rule features:
    input:
        tables=expand(rules.read_features.output.features, features=FLOW.feature_tables),
    output:
        summary=f"{RESULTS}/features/summary.parquet",
    log:
        f"{RESULTS}/logs/features.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000),
        runtime=minutes(5),
    params:
        code=code_hash("pipeline_lib.features.cli:summarise"),
        settings=as_json(RUN.features),
        catalogue=lambda wildcards: str(RUN.catalogue),
        tables=lambda wildcards, input: [f"--table={path}" for path in input.tables],
        used=[f"--used={name}" for name in FLOW.features],
    shell:
        "python -m pipeline_lib features summarise --settings {params.settings:q} {params.tables:q} {params.used:q}"
        " --catalogue {params.catalogue:q} --output {output.summary:q} 2>> {log:q}"
