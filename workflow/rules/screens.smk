"""Published screens: each read by its own reader, then joined into one table of observations."""


rule read_screen:
    input:
        unpack(lambda wildcards: inputs_of(**RUN.screens[wildcards.screen].files)),
        genes=rules.genes.output.genes,
    output:
        observations=f"{RESULTS}/tables/screens/{{screen}}.parquet",
        rejected=f"{RESULTS}/tables/screens/{{screen}}.rejected.parquet",
        coverage=f"{RESULTS}/tables/gene_coverage/screens/{{screen}}.parquet",
    log:
        f"{RESULTS}/logs/screens/{{screen}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/read_screen.{{screen}}.tsv"
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=grows(4000),
        runtime=minutes(30),
    params:
        code=lambda wildcards: FLOW.screen_code(wildcards.screen),
        settings=lambda wildcards: as_json({wildcards.screen: RUN.screens[wildcards.screen]}),
        own=lambda wildcards: FLOW.contents(**RUN.screens[wildcards.screen].files),
        files=lambda wildcards: options_of("--file={name}={path}", **RUN.screens[wildcards.screen].files),
    shell:
        "python -m pipeline_lib screens read --settings {params.settings:q} --name {wildcards.screen:q}"
        " --genes {input.genes:q} {params.files:q} --output {output.observations:q} --rejected {output.rejected:q}"
        " --coverage {output.coverage:q} 2>> {log:q}"


rule observations:
    input:
        genes=rules.genes.output.genes,
        screens=expand(rules.read_screen.output.observations, screen=RUN.screens),
        rejected=expand(rules.read_screen.output.rejected, screen=RUN.screens),
    output:
        observations=f"{RESULTS}/tables/observations.parquet",
        rejected=f"{RESULTS}/tables/rejected.parquet",
        aggregated=f"{RESULTS}/tables/aggregated.parquet",
    log:
        f"{RESULTS}/logs/observations.log",
    benchmark:
        f"{RESULTS}/benchmarks/observations.tsv"
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=grows(8000),
        runtime=minutes(30),
    params:
        code=code_hash("pipeline_lib.screens.cli:combine"),
        screens=lambda wildcards, input: [f"--screen-table={path}" for path in input.screens],
        rejected=lambda wildcards, input: [f"--rejected-part={path}" for path in input.rejected],
    shell:
        "python -m pipeline_lib screens combine --genes {input.genes:q} {params.screens:q} {params.rejected:q}"
        " --observations {output.observations:q} --rejected {output.rejected:q} --aggregated {output.aggregated:q}"
        " 2>> {log:q}"


rule screens_summary:
    input:
        observations=rules.observations.output.observations,
        genes=rules.genes.output.genes,
    output:
        summary=f"{RESULTS}/tables/screens_summary.parquet",
    log:
        f"{RESULTS}/logs/screens_summary.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=grows(4000),
        runtime=minutes(15),
    params:
        code=code_hash("pipeline_lib.screens.cli:summary"),
    shell:
        "python -m pipeline_lib screens summary --observations {input.observations:q} --genes {input.genes:q}"
        " --output {output.summary:q} 2>> {log:q}"


rule trigenic_identity:
    input:
        observations=rules.observations.output.observations,
    output:
        identity=f"{RESULTS}/tables/trigenic_identity.parquet",
    log:
        f"{RESULTS}/logs/trigenic_identity.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=grows(4000),
        runtime=minutes(15),
    params:
        code=code_hash("pipeline_lib.screens.cli:identity"),
    shell:
        "python -m pipeline_lib screens identity --observations {input.observations:q}"
        " --output {output.identity:q} 2>> {log:q}"
