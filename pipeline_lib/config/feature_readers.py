"""Every reader of feature tables of genes by its name."""

from pipeline_lib.config.registry import Layout, Registry

FEATURE_READERS: Registry[Layout] = Registry(
    "feature reader",
    "pipeline_lib.feature_readers",
    {
        "abundance": Layout(
            "pipeline_lib.features.readers.abundance:read",
            ("table",),
            "protein abundance, molecules per cell (Ho et al. 2018, Table S4)",
        ),
        "complex_portal": Layout(
            "pipeline_lib.features.readers.complex_portal:read",
            ("complexes", "proteome"),
            "membership of the curated complexes of Complex Portal; UniProt's FASTA names genes",
        ),
        "descriptions": Layout(
            "pipeline_lib.features.readers.descriptions:read",
            ("features",),
            "SGD's one-line descriptions: TF-IDF and truncated SVD, without sentences on genetic interaction",
        ),
        "flux": Layout(
            "pipeline_lib.features.readers.flux:read",
            ("gem",),
            "the run's metabolic model: growth of each single deletion, reactions, flux carried",
        ),
        "gene_by_term": Layout(
            "pipeline_lib.features.readers.gene_by_term:read",
            ("table",),
            "a table of genes by terms, 0 or 1 (Gene Ontology as the SAFE tool ships it)",
        ),
        "localisation": Layout(
            "pipeline_lib.features.readers.localisation:read",
            ("table",),
            "compartments of GFP fusions (YeastGFP, Huh et al. 2003)",
        ),
        "phenotype_tables": Layout(
            "pipeline_lib.features.readers.phenotype_tables:read",
            ("studies",),
            "YeastPhenome: a folder of studies of single mutants; columns measured through SGA are left out",
        ),
        "proteome": Layout(
            "pipeline_lib.features.readers.proteome:read",
            ("fasta",),
            "UniProt's sequences: length, composition, isoelectric point, hydropathy",
        ),
        "table": Layout(
            "pipeline_lib.features.readers.table:read",
            ("table",),
            "your own table (csv, tsv, xlsx, parquet; packed or not): a column of genes, others of numbers",
        ),
    },
)
"""Readers of feature tables by name; each returns `pipeline_lib.features.raw_features.RawFeatures`."""
