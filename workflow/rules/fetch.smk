"""Upstream files: each fetched once, checked, and locked."""


rule fetch:
    output:
        file=f"{RESULTS}/sources/{{source}}",
        record=f"{RESULTS}/sources/{{source}}.record.json",
    log:
        f"{RESULTS}/logs/fetch/{{source}}.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000),
        runtime=minutes(60),
    params:
        code=code_hash("pipeline_lib.sources.cli:fetch"),
        catalogue=lambda wildcards: str(RUN.catalogue),
        entry=lambda wildcards: FLOW.catalogue_entry(wildcards.source),
    shell:
        "python -m pipeline_lib sources fetch {wildcards.source:q} --catalogue {params.catalogue:q}"
        " --output {output.file:q} --record {output.record:q} 2>> {log:q}"


rule fetch_collection:
    output:
        folder=directory(f"{RESULTS}/sources/{{collection}}"),
        record=f"{RESULTS}/sources/{{collection}}.record.json",
    log:
        f"{RESULTS}/logs/fetch/{{collection}}.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000),
        runtime=minutes(60),
    params:
        code=code_hash("pipeline_lib.sources.cli:fetch_collection"),
        catalogue=lambda wildcards: str(RUN.catalogue),
        entry=lambda wildcards: FLOW.catalogue_entry(wildcards.collection),
    shell:
        "python -m pipeline_lib sources fetch-collection {wildcards.collection:q} --catalogue {params.catalogue:q}"
        " --output {output.folder:q} --record {output.record:q} 2>> {log:q}"


rule lock_sources:
    input:
        own=list(inputs_of(**{path: path for path in FLOW.own_files}).values()),
        records=[f"{RESULTS}/sources/{name}.record.json" for name in FLOW.used_sources],
    output:
        lock=f"{RESULTS}/sources.lock.json",
    log:
        f"{RESULTS}/logs/lock_sources.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=grows(500),
        runtime=minutes(5),
    params:
        code=code_hash("pipeline_lib.sources.cli:lock"),
        contents=FLOW.contents(**{path: path for path in FLOW.own_files}),
        records=lambda wildcards, input: [f"--record={path}" for path in input.records],
        own=lambda wildcards: [f"--own={path}" for path in FLOW.own_files],
    shell:
        "python -m pipeline_lib sources lock {params.records:q} {params.own:q} --output {output.lock:q} 2>> {log:q}"
