"""Every pair or triple of the genome, predicted in shards; made when asked for: ``snakemake genome_scan``."""

SCAN = RUN.scan
SCAN_OPTIONS = [
    f"--{name}={value}" for name, value in SCAN.model_dump(exclude={"genes", "shards"}).items() if value is not None
]
SCANNED = f"{RESULTS}/models/{SCAN.model}/{SCAN.split}/seed{SCAN.seed}/model.pt"


scattergather:
    genome_scan=SCAN.shards,


rule scan_shard:
    input:
        **CELL,
        **cell_of(SCAN.model),
        **inputs_of(gene_list=SCAN.genes),
        model=SCANNED,
        split=f"{RESULTS}/splits/{SCAN.split}.parquet",
        features_summary=f"{RESULTS}/features/summary.parquet",
        reactions=rules.metabolism.output.reactions,
        incidence=rules.metabolism.output.incidence,
        complexes=rules.metabolism.output.complexes,
        media=rules.metabolism.output.media,
    output:
        table=f"{RESULTS}/scan/shards/{{scatteritem}}.parquet",
        summary=f"{RESULTS}/scan/shards/{{scatteritem}}.json",
    log:
        f"{RESULTS}/logs/scan/{{scatteritem}}.log",
    conda:
        "../../envs/base.yaml"
    threads: RUN.training.threads
    resources:
        mem_mb=grows(6000),
        runtime=minutes(240),
    params:
        code=lambda wildcards: code_hash("pipeline_lib.training.cli:scan") + FLOW.model_code(SCAN.model),
        own=FLOW.contents(gene_list=SCAN.genes),
        run=lambda wildcards: placed(RESULTS),
        options=SCAN_OPTIONS,
        gene_list=lambda wildcards: options_of("--{name}={path}", **{"gene-list": SCAN.genes}),
    shell:
        "python -m pipeline_lib training scan --run-folder {params.run:q} {params.options:q} {params.gene_list:q}"
        " --shard {wildcards.scatteritem:q} --threads {threads} --output {output.table:q}"
        " --summary {output.summary:q} 2>> {log:q}"


rule genome_scan:
    input:
        tables=gather.genome_scan(rules.scan_shard.output.table),
        parts=gather.genome_scan(rules.scan_shard.output.summary),
    output:
        strongest=f"{RESULTS}/scan/strongest.parquet",
        summary=f"{RESULTS}/scan/summary.json",
    log:
        f"{RESULTS}/logs/scan/merge.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=grows(4000),
        runtime=minutes(30),
    params:
        code=code_hash("pipeline_lib.training.cli:merge_scan"),
        kept=SCAN.kept,
        folder=lambda wildcards: placed(f"{RESULTS}/scan/shards"),
        shards=lambda wildcards, input: len(input.tables),
    shell:
        "python -m pipeline_lib training merge-scan --folder {params.folder:q} --shards {params.shards:q}"
        " --kept {params.kept:q} --output {output.strongest:q} --summary {output.summary:q} 2>> {log:q}"
