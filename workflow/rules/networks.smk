"""Gene networks: each read by its own reader, then joined."""


rule read_network:
    input:
        unpack(lambda wildcards: inputs_of(**RUN.networks[wildcards.network].files)),
        genes=rules.genes.output.genes,
    output:
        edges=f"{RESULTS}/networks/{{network}}.parquet",
        coverage=f"{RESULTS}/tables/gene_coverage/networks/{{network}}.parquet",
    log:
        f"{RESULTS}/logs/networks/{{network}}.log",
    wildcard_constraints:
        network=FLOW.any_of(RUN.networks),
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=grows(2000),
        runtime=minutes(15),
    params:
        code=lambda wildcards: FLOW.network_code(wildcards.network),
        settings=lambda wildcards: as_json({wildcards.network: RUN.networks[wildcards.network]}),
        own=lambda wildcards: FLOW.contents(**RUN.networks[wildcards.network].files),
        files=lambda wildcards: options_of("--file={name}={path}", **RUN.networks[wildcards.network].files),
        catalogue=lambda wildcards: str(RUN.catalogue),
    shell:
        "python -m pipeline_lib networks read --settings {params.settings:q} --name {wildcards.network:q}"
        " --genes {input.genes:q} {params.files:q} --catalogue {params.catalogue:q} --output {output.edges:q}"
        " --coverage {output.coverage:q} 2>> {log:q}"


rule networks:
    input:
        genes=rules.genes.output.genes,
        networks=expand(rules.read_network.output.edges, network=FLOW.networks),
    output:
        edges=f"{RESULTS}/networks/edges.parquet",
        summary=f"{RESULTS}/networks/summary.parquet",
    log:
        f"{RESULTS}/logs/networks.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=grows(2000),
        runtime=minutes(15),
    params:
        code=code_hash("pipeline_lib.networks.cli:combine"),
        settings=lambda wildcards: as_json(RUN.networks),
        catalogue=lambda wildcards: str(RUN.catalogue),
        networks=lambda wildcards, input: [f"--network-table={path}" for path in input.networks],
    shell:
        "python -m pipeline_lib networks combine --settings {params.settings:q} --genes {input.genes:q}"
        " {params.networks:q} --catalogue {params.catalogue:q} --edges {output.edges:q} --summary {output.summary:q} 2>> {log:q}"
