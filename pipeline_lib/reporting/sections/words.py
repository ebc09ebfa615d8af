"""Limitations, and the methods text with its citations."""

from pipeline_lib.reporting.html import Section
from pipeline_lib.reporting.run_folder import RunFolder

_LIMITATIONS = (
    (
        "Intervals tell of the sampling of queries or genes within this run's screens, and of seeds where there is "
        "more than one; they say nothing of another strain background, medium or laboratory."
    ),
    (
        "The random split shares queries and genes between training and test: it answers how well gaps of a screen are "
        "filled, not how well a new query is predicted. Read the splits with unseen queries and unseen genes for that."
    ),
    (
        "Interaction screens test what their authors chose. Genes that were never crossed have no measurements to hold "
        "a prediction against, and the list of what to measure next inherits that choice."
    ),
    (
        "Flux balance analysis knows growth on one medium and no regulation; gene rules know no partial loss of "
        "function, so hypomorphic alleles (ts, DAmP) count as deletions of their gene."
    ),
    (
        "A noise ceiling rests on the assumption that its table states. Replicates that share their control screens "
        "make it too high."
    ),
    "In-silico screens have metabolism as their only cause: a model that is good there has learned the simulator.",
)

CITATIONS = (
    ("Collins et al. 2007", ("Functional dissection of protein complexes involved in yeast chromosome biology using a "
     "genetic interaction map. Nature 446:806-810."), "https://doi.org/10.1038/nature05649"),
    ("Costanzo et al. 2016", ("A global genetic interaction network maps a wiring diagram of cellular function. "
     "Science 353:aaf1420."), "https://doi.org/10.1126/science.aaf1420"),
    ("Kuzmin et al. 2018", "Systematic analysis of complex genetic interactions. Science 360:eaao1729.",
     "https://doi.org/10.1126/science.aao1729"),
    ("Kuzmin et al. 2020", ("Exploring whole-genome duplicate gene retention with complex genetic interaction "
     "analysis. Science 368:eaaz5667."), "https://doi.org/10.1126/science.aaz5667"),
    ("Lu et al. 2019", ("A consensus S. cerevisiae metabolic model Yeast8 and its ecosystem for comprehensively "
     "probing cellular metabolism. Nature Communications 10:3586."), "https://doi.org/10.1038/s41467-019-11581-3"),
    ("Ebrahim et al. 2013", "COBRApy: COnstraints-Based Reconstruction and Analysis for Python. BMC Syst. Biol. 7:74.",
     "https://doi.org/10.1186/1752-0509-7-74"),
    ("Huangfu and Hall 2018", ("Parallelizing the dual revised simplex method. Mathematical Programming Computation "
     "10:119-142."), "https://doi.org/10.1007/s12532-017-0130-5"),
    ("Szklarczyk et al. 2023", "The STRING database in 2023. Nucleic Acids Research 51:D638-D646.",
     "https://doi.org/10.1093/nar/gkac1000"),
    ("Zhang et al. 2020", "DANGO: Predicting higher-order genetic interactions. bioRxiv 2020.11.26.400739.",
     "https://doi.org/10.1101/2020.11.26.400739"),
    ("Vaswani et al. 2017", "Attention is all you need. Advances in Neural Information Processing Systems 30.",
     "https://arxiv.org/abs/1706.03762"),
    ("Shervashidze et al. 2011", "Weisfeiler-Lehman graph kernels. Journal of Machine Learning Research 12:2539-2561.",
     "https://jmlr.org/papers/v12/shervashidze11a.html"),
    ("Storey and Tibshirani 2003", "Statistical significance for genomewide studies. PNAS 100:9440-9445.",
     "https://doi.org/10.1073/pnas.1530509100"),
    ("Benjamini and Hochberg 1995", ("Controlling the false discovery rate. Journal of the Royal Statistical Society B "
     "57:289-300."), "https://doi.org/10.1111/j.2517-6161.1995.tb02031.x"),
    ("Mölder et al. 2021", "Sustainable data analysis with Snakemake. F1000Research 10:33.",
     "https://doi.org/10.12688/f1000research.29032.2"),
)  # fmt: skip
"""Short form, title, address."""


def limitations(run: RunFolder) -> Section:  # noqa: ARG001 - every section is called alike
    """Return what the numbers do not say."""
    return Section("limitations", "Limitations", list(_LIMITATIONS))


def methods(run: RunFolder) -> Section:
    """Return text for a methods section, with this run's own settings, and what it cites."""
    settings = run.provenance["configuration"]
    evaluation, training = settings["evaluation"], settings["training"]
    packages = run.provenance["packages"]
    used = ", ".join(
        f"{name} {packages[name]}" for name in ("torch", "scikit-learn", "highspy", "snakemake") if name in packages
    )
    return Section(
        "methods", "Methods",
        [
            ("Text that a paper may take. "
            f"Screens ({', '.join(settings['screens'])}) were read in the layout of their publication; SHA-256 sums of "
            "the files are in the provenance. Genes were named systematically; digenic interactions are ε = f_ij - f_i "
            "f_j and trigenic ones τ = f_ijk - f_i f_j f_k - ε_ij f_k - ε_ik f_j - ε_jk f_i."),
            (f"The metabolic model ({settings['metabolism']['gem']}; Lu et al. 2019 for yeast-GEM) was read with its "
            "gene rules in disjunctive normal form. Growth of deletions was computed by flux balance analysis with "
            "HiGHS (Huangfu and Hall 2018) and agrees with COBRApy (Ebrahim et al. 2013)."),
            (f"The cell latent perturbation model encodes the wild type once an optimisation step and reads fitness "
            f"off the intact latent and interactions off the perturbed one, with a learned scale and shift of each "
            f"assay. It was trained for at most {training['epochs']} epochs with AdamW; the validation fold chose the "
            f"epoch. Splits: {', '.join(settings['splits']['names'])}."),
            (f"Intervals are {evaluation['confidence']:.0%} percentile intervals of {evaluation['resamples']:,} "
            "bootstrap resamples of queries (genes where a screen is symmetric), never of rows; models are compared on "
            "the same resamples, and q-values follow Benjamini and Hochberg (1995). One-sided P-values were doubled "
            f"before Storey's π₀ (Storey and Tibshirani 2003). Versions: {used}; Snakemake (Mölder et al. 2021)."),
        ],
        references=[*CITATIONS],
    )  # fmt: skip
