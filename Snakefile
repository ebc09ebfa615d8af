# The workflow itself is in workflow/; this file makes a bare `snakemake --cores all` find it.
include: "workflow/Snakefile"


rule default:
    default_target: True
    input:
        rules.all.input,
