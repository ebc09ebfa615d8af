"""In-silico screens with a known truth, written in the upstream layouts."""

for name, chosen in RUN.simulation.items():

    rule:
        name:
            f"simulate_{name.replace('-', '_')}"
        input:
            reactions=rules.metabolism.output.reactions,
            incidence=rules.metabolism.output.incidence,
            complexes=rules.metabolism.output.complexes,
            genes=rules.genes.output.genes,
            media=rules.metabolism.output.media,
        output:
            files=[f"{simulation_folder(name)}/{file}" for file in FLOW.simulated_files(chosen.layout)],
            truth=f"{simulation_folder(name)}/truth.parquet",
        log:
            f"{RESULTS}/logs/simulate/{name}.log",
        benchmark:
            f"{RESULTS}/benchmarks/simulate.{name}.tsv"
        conda:
            "../../envs/base.yaml"
        threads: 2
        resources:
            mem_mb=grows(4000),
            runtime=minutes(30),
        params:
            code=code_hash("pipeline_lib.simulation.cli:screen"),
            settings=as_json({name: chosen}),
            name=name,
            folder=lambda wildcards, output: dirname(output.truth),
        shell:
            "python -m pipeline_lib simulation screen --settings {params.settings:q} --name {params.name:q}"
            " --reactions {input.reactions:q} --incidence {input.incidence:q} --complexes {input.complexes:q}"
            " --genes {input.genes:q} --media {input.media:q} --processes {threads} --output-folder {params.folder:q} --truth {output.truth:q}"
            " 2>> {log:q}"
