"""Gene index, metabolic model, exact knockouts."""

MODEL_FILES = {
    "gem": RUN.metabolism.gem,
    "reaction_energies": RUN.metabolism.reaction_energies,
    "metabolite_energies": RUN.metabolism.metabolite_energies,
}

# Phenotypes of deletion mutants are known of viable ones alone, and annotations and descriptions rest on mutants too:
# they would hand the answer to a predictor of essential genes.
MUTANT_FREE_FEATURES = [
    name
    for name in FLOW.features
    if RUN.features[name].reader not in ("phenotype_tables", "gene_by_term", "descriptions")
]
# A simulated screen, which is of the model itself, is held against flux balance only where there is no real one.
REAL_SCREENS = [screen for screen in RUN.screens if screen not in FLOW.truths] or list(RUN.screens)


rule genes:
    input:
        **inputs_of(gem=RUN.metabolism.gem, gene_table=RUN.organism.genes, essential=RUN.organism.essential),
    output:
        genes=f"{RESULTS}/tables/genes.parquet",
        coverage=f"{RESULTS}/tables/gene_coverage/model.parquet",
    log:
        f"{RESULTS}/logs/genes.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=grows(2000),
        runtime=minutes(10),
    params:
        code=code_hash("pipeline_lib.cell.cli:genes"),
        own=FLOW.contents(gem=RUN.metabolism.gem, gene_table=RUN.organism.genes, essential=RUN.organism.essential),
        gem=lambda wildcards: FLOW.argument(RUN.metabolism.gem),
        options=lambda wildcards: options_of(
            "--{name}={path}", **{"gene-table": RUN.organism.genes, "essential": RUN.organism.essential}
        ),
    shell:
        "python -m pipeline_lib cell genes --gem {params.gem:q} {params.options:q} --output {output.genes:q}"
        " --coverage {output.coverage:q} 2>> {log:q}"


rule metabolism:
    input:
        **inputs_of(**MODEL_FILES),
        genes=rules.genes.output.genes,
    output:
        metabolites=f"{RESULTS}/metabolism/metabolites.parquet",
        reactions=f"{RESULTS}/metabolism/reactions.parquet",
        incidence=f"{RESULTS}/metabolism/incidence.parquet",
        complexes=f"{RESULTS}/metabolism/complexes.parquet",
        stoichiometry=f"{RESULTS}/metabolism/stoichiometry.pt",
        energies=f"{RESULTS}/metabolism/energies.parquet",
        media=f"{RESULTS}/metabolism/media.parquet",
        subsystems=f"{RESULTS}/metabolism/subsystems.parquet",
        subsystem_links=f"{RESULTS}/metabolism/subsystem_links.parquet",
        split_incidence=f"{RESULTS}/metabolism/split_incidence.parquet",
    log:
        f"{RESULTS}/logs/metabolism.log",
    benchmark:
        f"{RESULTS}/benchmarks/metabolism.tsv"
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=grows(3000),
        runtime=minutes(10),
    params:
        code=code_hash("pipeline_lib.metabolism.cli:build"),
        settings=lambda wildcards: as_json(RUN.metabolism),
        screen_media=lambda wildcards: as_json(FLOW.screen_media),
        own=FLOW.contents(**MODEL_FILES),
        gem=lambda wildcards: FLOW.argument(RUN.metabolism.gem),
        options=lambda wildcards: options_of(
            "--{name}={path}",
            **{
                "reaction-energies": RUN.metabolism.reaction_energies,
                "metabolite-energies": RUN.metabolism.metabolite_energies,
            },
        ),
    shell:
        "python -m pipeline_lib metabolism build --settings {params.settings:q}"
        " --screen-media {params.screen_media:q} --gem {params.gem:q} {params.options:q}"
        " --genes {input.genes:q} --metabolites {output.metabolites:q} --reactions {output.reactions:q}"
        " --incidence {output.incidence:q} --complexes {output.complexes:q} --stoichiometry {output.stoichiometry:q}"
        " --energies {output.energies:q} --media {output.media:q} --subsystems {output.subsystems:q}"
        " --subsystem-links {output.subsystem_links:q} --split-incidence {output.split_incidence:q} 2>> {log:q}"


rule knockouts:
    input:
        reactions=rules.metabolism.output.reactions,
        incidence=rules.metabolism.output.incidence,
        complexes=rules.metabolism.output.complexes,
        genes=rules.genes.output.genes,
        media=rules.metabolism.output.media,
        observations=f"{RESULTS}/tables/observations.parquet",
    output:
        knockouts=f"{RESULTS}/metabolism/knockouts.{{method}}.parquet",
    log:
        f"{RESULTS}/logs/knockouts.{{method}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/knockouts.{{method}}.tsv"
    wildcard_constraints:
        method="fba|moma",
    conda:
        "../../envs/base.yaml"
    threads: 2
    resources:
        mem_mb=grows(4000),
        runtime=minutes(30),
    params:
        code=code_hash("pipeline_lib.metabolism.commands:knockouts"),
    shell:
        "python -m pipeline_lib metabolism knockouts --reactions {input.reactions:q} --incidence {input.incidence:q}"
        " --complexes {input.complexes:q} --genes {input.genes:q} --genotypes {input.observations:q} --media {input.media:q}"
        " --method {wildcards.method:q} --processes {threads} --output {output.knockouts:q} 2>> {log:q}"


rule essentiality:
    input:
        reactions=rules.metabolism.output.reactions,
        incidence=rules.metabolism.output.incidence,
        complexes=rules.metabolism.output.complexes,
        genes=rules.genes.output.genes,
    output:
        essentiality=f"{RESULTS}/metabolism/essentiality.json",
    log:
        f"{RESULTS}/logs/essentiality.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=grows(2000),
        runtime=minutes(15),
    params:
        code=code_hash("pipeline_lib.metabolism.commands:essentiality"),
    shell:
        "python -m pipeline_lib metabolism essentiality --reactions {input.reactions:q} --incidence {input.incidence:q}"
        " --complexes {input.complexes:q} --genes {input.genes:q} --output {output.essentiality:q} 2>> {log:q}"


rule all_triples:
    input:
        reactions=rules.metabolism.output.reactions,
        incidence=rules.metabolism.output.incidence,
        complexes=rules.metabolism.output.complexes,
        genes=rules.genes.output.genes,
    output:
        triples=f"{RESULTS}/metabolism/triples.parquet",
        counts=f"{RESULTS}/metabolism/triples.json",
        subsystems=f"{RESULTS}/metabolism/triples_by_subsystem.parquet",
    log:
        f"{RESULTS}/logs/all_triples.log",
    benchmark:
        f"{RESULTS}/benchmarks/all_triples.tsv"
    conda:
        "../../envs/base.yaml"
    threads: 2
    resources:
        mem_mb=grows(12000),
        runtime=minutes(180),
    params:
        code=code_hash("pipeline_lib.metabolism.cli:all_triples"),
    shell:
        "python -m pipeline_lib metabolism all-triples --reactions {input.reactions:q} --incidence {input.incidence:q}"
        " --complexes {input.complexes:q} --genes {input.genes:q} --processes {threads} --output {output.triples:q}"
        " --counts {output.counts:q} --subsystems {output.subsystems:q} 2>> {log:q}"


rule media_benchmark:
    input:
        **inputs_of(gem=RUN.metabolism.gem),
        genes=rules.genes.output.genes,
        observations=f"{RESULTS}/tables/observations.parquet",
    output:
        media=f"{RESULTS}/metabolism/media_benchmark.parquet",
        growth=f"{RESULTS}/metabolism/growth_by_medium.parquet",
    log:
        f"{RESULTS}/logs/media_benchmark.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=grows(2000),
        runtime=minutes(15),
    params:
        code=code_hash("pipeline_lib.metabolism.commands:media"),
        own=FLOW.contents(gem=RUN.metabolism.gem),
        gem=lambda wildcards: FLOW.argument(RUN.metabolism.gem),
        background=[f"--background={lacking}" for lacking in RUN.metabolism.background],
    shell:
        "python -m pipeline_lib metabolism media --gem {params.gem:q} {params.background:q} --genes {input.genes:q}"
        " --observations {input.observations:q} --growth {output.growth:q} --output {output.media:q} 2>> {log:q}"


rule essentiality_benchmark:
    input:
        growth=rules.media_benchmark.output.growth,
        genes=rules.genes.output.genes,
        complexes=rules.metabolism.output.complexes,
        edges=f"{RESULTS}/networks/edges.parquet",
        features=[f"{RESULTS}/features/{name}.parquet" for name in MUTANT_FREE_FEATURES],
    output:
        essentiality=f"{RESULTS}/metabolism/essentiality.parquet",
    log:
        f"{RESULTS}/logs/essentiality_benchmark.log",
    benchmark:
        f"{RESULTS}/benchmarks/essentiality_benchmark.tsv"
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=grows(2000),
        runtime=minutes(20),
    params:
        code=code_hash("pipeline_lib.metabolism.commands:essentiality_benchmark_command"),
        features=[f"--features={placed(f'{RESULTS}/features/{name}.parquet')}" for name in MUTANT_FREE_FEATURES],
    shell:
        "OMP_NUM_THREADS={threads} python -m pipeline_lib metabolism essentiality-benchmark --growth {input.growth:q}"
        " --genes {input.genes:q} --complexes {input.complexes:q} --edges {input.edges:q} {params.features:q}"
        " --output {output.essentiality:q} 2>> {log:q}"


rule subsystem_benchmark:
    input:
        reactions=rules.metabolism.output.reactions,
        complexes=rules.metabolism.output.complexes,
        genes=rules.genes.output.genes,
        observations=f"{RESULTS}/tables/observations.parquet",
        knockouts=f"{RESULTS}/metabolism/knockouts.fba.parquet",
    output:
        subsystems=f"{RESULTS}/metabolism/subsystem_benchmark.parquet",
    log:
        f"{RESULTS}/logs/subsystem_benchmark.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=grows(3000),
        runtime=minutes(15),
    params:
        code=code_hash("pipeline_lib.metabolism.commands:subsystem_benchmark_command"),
        screens=[f"--screen={screen}" for screen in REAL_SCREENS],
    shell:
        "python -m pipeline_lib metabolism subsystem-benchmark --reactions {input.reactions:q}"
        " --complexes {input.complexes:q} --genes {input.genes:q} --observations {input.observations:q}"
        " --knockouts {input.knockouts:q} {params.screens:q} --output {output.subsystems:q} 2>> {log:q}"


rule explain_interactions:
    input:
        reactions=rules.metabolism.output.reactions,
        incidence=rules.metabolism.output.incidence,
        complexes=rules.metabolism.output.complexes,
        metabolites=rules.metabolism.output.metabolites,
        media=rules.metabolism.output.media,
        genes=rules.genes.output.genes,
        observations=f"{RESULTS}/tables/observations.parquet",
        knockouts=f"{RESULTS}/metabolism/knockouts.fba.parquet",
    output:
        explanations=f"{RESULTS}/metabolism/explanations.parquet",
    log:
        f"{RESULTS}/logs/explain_interactions.log",
    benchmark:
        f"{RESULTS}/benchmarks/explain_interactions.tsv"
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=grows(3000),
        runtime=minutes(20),
    params:
        code=code_hash("pipeline_lib.metabolism.commands:explain"),
        pairs=RUN.metabolism.explained_pairs,
        triples=RUN.metabolism.explained_triples,
        simulated=[f"--simulated={screen}" for screen in FLOW.truths],
    shell:
        "python -m pipeline_lib metabolism explain --reactions {input.reactions:q} --incidence {input.incidence:q}"
        " --complexes {input.complexes:q} --genes {input.genes:q} --metabolites {input.metabolites:q}"
        " --media {input.media:q} --observations {input.observations:q} --knockouts {input.knockouts:q}"
        " --pairs {params.pairs:q} --triples {params.triples:q} {params.simulated:q}"
        " --output {output.explanations:q} 2>> {log:q}"


rule lethal_sets:
    input:
        reactions=rules.metabolism.output.reactions,
        incidence=rules.metabolism.output.incidence,
        complexes=rules.metabolism.output.complexes,
        genes=rules.genes.output.genes,
    output:
        lethal=f"{RESULTS}/metabolism/lethal_sets.{{order}}.parquet",
    log:
        f"{RESULTS}/logs/lethal_sets.{{order}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/lethal_sets.{{order}}.tsv"
    wildcard_constraints:
        order=r"\d+",
    conda:
        "../../envs/base.yaml"
    threads: 2
    resources:
        mem_mb=grows(4000),
        runtime=minutes(180),
    params:
        code=code_hash("pipeline_lib.metabolism.cli:lethal_sets_command"),
    shell:
        "python -m pipeline_lib metabolism lethal-sets --reactions {input.reactions:q} --incidence {input.incidence:q}"
        " --complexes {input.complexes:q} --genes {input.genes:q} --order {wildcards.order:q} --threads {threads}"
        " --output {output.lethal:q} 2>> {log:q}"
