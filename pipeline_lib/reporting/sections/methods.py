"""Text for a methods section and its citations, where the numbers came from, and what they do not say."""

import json
from dataclasses import dataclass

import pandas as pd

from pipeline_lib.config.screen_readers import FITNESS_UNITS
from pipeline_lib.config.training import kind_and_repeat
from pipeline_lib.reporting.html import Section, html_table
from pipeline_lib.reporting.names import is_clp, is_dango
from pipeline_lib.reporting.run_folder import RunFolder


@dataclass(frozen=True)
class Citation:
    """Short form, title and address of a publication."""

    name: str
    title: str
    address: str


COLLINS = Citation(
    "Collins et al. 2007",
    "Functional dissection of protein complexes involved in yeast chromosome biology using a genetic interaction map. "
    "Nature 446:806-810.",
    "https://doi.org/10.1038/nature05649",
)
COSTANZO = Citation(
    "Costanzo et al. 2016",
    "A global genetic interaction network maps a wiring diagram of cellular function. Science 353:aaf1420.",
    "https://doi.org/10.1126/science.aaf1420",
)
KUZMIN_2018 = Citation(
    "Kuzmin et al. 2018",
    "Systematic analysis of complex genetic interactions. Science 360:eaao1729.",
    "https://doi.org/10.1126/science.aao1729",
)
KUZMIN_2020 = Citation(
    "Kuzmin et al. 2020",
    "Exploring whole-genome duplicate gene retention with complex genetic interaction analysis. Science 368:eaaz5667.",
    "https://doi.org/10.1126/science.aaz5667",
)
YEAST_GEM = Citation(
    "Lu et al. 2019",
    "A consensus S. cerevisiae metabolic model Yeast8 and its ecosystem for comprehensively probing cellular "
    "metabolism. Nature Communications 10:3586.",
    "https://doi.org/10.1038/s41467-019-11581-3",
)
COBRAPY = Citation(
    "Ebrahim et al. 2013",
    "COBRApy: COnstraints-Based Reconstruction and Analysis for Python. BMC Syst. Biol. 7:74.",
    "https://doi.org/10.1186/1752-0509-7-74",
)
HIGHS = Citation(
    "Huangfu and Hall 2018",
    "Parallelizing the dual revised simplex method. Mathematical Programming Computation 10:119-142.",
    "https://doi.org/10.1007/s12532-017-0130-5",
)
STRING = Citation(
    "Szklarczyk et al. 2023",
    "The STRING database in 2023. Nucleic Acids Research 51:D638-D646.",
    "https://doi.org/10.1093/nar/gkac1000",
)
DANGO = Citation(
    "Zhang et al. 2020",
    "DANGO: Predicting higher-order genetic interactions. bioRxiv 2020.11.26.400739.",
    "https://doi.org/10.1101/2020.11.26.400739",
)
ATTENTION = Citation(
    "Vaswani et al. 2017",
    "Attention is all you need. Advances in Neural Information Processing Systems 30.",
    "https://arxiv.org/abs/1706.03762",
)
WEISFEILER_LEHMAN = Citation(
    "Shervashidze et al. 2011",
    "Weisfeiler-Lehman graph kernels. Journal of Machine Learning Research 12:2539-2561.",
    "https://jmlr.org/papers/v12/shervashidze11a.html",
)
STOREY = Citation(
    "Storey and Tibshirani 2003",
    "Statistical significance for genomewide studies. PNAS 100:9440-9445.",
    "https://doi.org/10.1073/pnas.1530509100",
)
BENJAMINI = Citation(
    "Benjamini and Hochberg 1995",
    "Controlling the false discovery rate. Journal of the Royal Statistical Society B 57:289-300.",
    "https://doi.org/10.1111/j.2517-6161.1995.tb02031.x",
)
SNAKEMAKE = Citation(
    "Mölder et al. 2021",
    "Sustainable data analysis with Snakemake. F1000Research 10:33.",
    "https://doi.org/10.12688/f1000research.29032.2",
)

PUBLICATIONS = {
    "costanzo2016_pairwise": COSTANZO,
    "costanzo2016_smf": COSTANZO,
    "dcell": COSTANZO,
    "emap": COLLINS,
    "kuzmin2018": KUZMIN_2018,
    "kuzmin2018_calls": KUZMIN_2018,
    "kuzmin2018_repeats": KUZMIN_2018,
    "kuzmin2020": KUZMIN_2020,
    "kuzmin2020_scored": KUZMIN_2020,
}
"""What a screen is cited by, by its reader."""


def is_yeast_gem(gem: str) -> bool:
    """Tell yeast-GEM from other metabolic models by the name of its source or file."""
    return "yeast-gem" in gem.lower()


def citations(run: RunFolder) -> list[Citation]:
    """Return what the run rests on: its screens, model, networks and methods, each once."""
    models = {job.model for job in run.jobs}
    networks = run.configuration["networks"].values()
    found = [PUBLICATIONS[reader] for reader in PUBLICATIONS if reader in run.publications]
    chosen = [
        (YEAST_GEM, is_yeast_gem(run.configuration["metabolism"]["gem"])),
        (COBRAPY, True),
        (HIGHS, True),
        (STRING, any(network["reader"].startswith("string") for network in networks)),
        (DANGO, any(map(is_dango, models))),
        (ATTENTION, any(is_dango(model) or is_clp(model) for model in models)),
        (WEISFEILER_LEHMAN, any(model.startswith("wl_") for model in models)),
        (STOREY, len(run.table("p_values")) > 0),
        (BENJAMINI, True),
        (SNAKEMAKE, True),
    ]
    return list(dict.fromkeys([*found, *(citation for citation, used in chosen if used)]))


def methods(run: RunFolder) -> Section:
    """Return text for a methods section, with this run's own settings, and what it cites."""
    settings = run.configuration
    cited = citations(run)
    metabolism = (
        f"The metabolic model ({settings['metabolism']['gem']}{'; Lu et al. 2019' * (YEAST_GEM in cited)}) was read "
        "with its gene rules in disjunctive normal form. Growth of deletions was computed by flux balance analysis "
        "with HiGHS (Huangfu and Hall 2018) and agrees with COBRApy (Ebrahim et al. 2013)."
    )
    return Section(
        "methods-text",
        "Text for a methods section",
        [
            f"{_screens(run)} Genes were named systematically{_definitions(run)}.",
            metabolism,
            *_model(run),
            _statistics(run),
        ],
        references=[(citation.name, citation.title, citation.address) for citation in cited],
    )


def _screens(run: RunFolder) -> str:
    """Return where the screens are from, in one sentence for each kind."""
    kinds = {
        "read in the layout of their publication": [n for n, s in run.screens.items() if s.scores.publication],
        "read from own tables": [n for n, s in run.screens.items() if not s.scores.publication and not s.simulation],
        "simulated from the metabolic model": [n for n, s in run.screens.items() if s.simulation],
    }
    parts = [
        f"{', '.join(names)} {'was' if len(names) == 1 else 'were'} {how}" for how, names in kinds.items() if names
    ]
    return f"Screens: {'; '.join(parts)}. SHA-256 sums of the files are in the provenance."


def _definitions(run: RunFolder) -> str:
    """Return how interactions are defined, where a screen's are differences of fitness (wild type = 1)."""
    units = {screen.scores.unit for screen in run.screens.values()}
    if FITNESS_UNITS not in units or not run.observations["phenotype"].str.endswith("interaction").any():
        return ""
    return (
        "; interactions in fitness units are ε = f_ij - f_i f_j (digenic) and "
        "τ = f_ijk - f_i f_j f_k - ε_ij f_k - ε_ik f_j - ε_jk f_i (trigenic)"
    )


def _model(run: RunFolder) -> list[str]:
    """Return how the report's model was trained, where it is the cell latent perturbation model."""
    splits = f"Splits: {', '.join(run.configuration['splits']['names'])}."
    if not any(is_clp(job.model) for job in run.jobs):
        return [splits]
    settings, training = run.configuration["models"]["clp"], run.configuration["training"]
    read = [
        _PROFILES if settings["profiles"] else "the mean of the assay",
        *(["growth by flux balance analysis"] if settings["flux"] else []),
    ]
    hypergraph = (
        ""
        if settings["hypergraph"] == "off"
        else f" Genes read reactions through {settings['hypergraph']} convolutions over the stoichiometric hypergraph."
    )
    sentences = (
        "The cell latent perturbation model takes a genotype apart by definition into single-mutant fitness f, digenic "
        "ε and trigenic τ, and puts every fitness together from them. Each of these terms starts from least squares "
        f"on cross-fitted estimates by {' and '.join(read)}, computed in closed form. A network encodes the wild type "
        "once an optimisation step and corrects f by the intact latent of the cell without the gene and "
        f"{_INTERACTION_LATENT[settings['interaction']]}, with a learned scale of each assay; of the correction as "
        f"much is kept as the validation fold confirms.{hypergraph} It was trained for at most {training['epochs']} "
        f"epochs with AdamW; the validation fold chose the epoch. {splits}"
    )
    return [sentences]


_PROFILES = (
    "the profile predictor (Gaussian processes over genes, similarity of interaction profiles, matrix completion)"
)
_INTERACTION_LATENT = {
    "perturbed": "ε and τ by the perturbed latent of the deleted set",
    "derived": "ε and τ by the intact latents of all subsets",
}


def _statistics(run: RunFolder) -> str:
    evaluation, packages = run.configuration["evaluation"], run.provenance["packages"]
    used = ", ".join(
        f"{name} {packages[name]}" for name in ("torch", "scikit-learn", "highspy", "snakemake") if name in packages
    )
    doubled = (
        " One-sided P-values were doubled before Storey's π₀ (Storey and Tibshirani 2003)."
        if len(run.table("p_values"))
        else ""
    )
    return (
        f"Intervals are {evaluation['confidence']:.0%} percentile intervals of {evaluation['resamples']:,} bootstrap "
        "resamples of queries (genes where a screen is symmetric or names no queries), never of rows; models are "
        "compared on the same resamples, and q-values follow Benjamini and Hochberg (1995)."
        f"{doubled} Versions: {used}; Snakemake (Mölder et al. 2021)."
    )


_SOURCE = ("source", "sha256", "bytes", "fetched", "licence", "url")


def provenance(run: RunFolder) -> Section:
    """Return versions, hashes, hardware and the time of each rule."""
    content = run.provenance
    listed = content["sources"].get("sources", content["sources"])
    rows = [{"source": name, **entry} for name, entry in listed.items()] if isinstance(listed, dict) else listed
    sources = pd.DataFrame([{key: row[key] for key in _SOURCE if key in row} for row in rows])
    rules = pd.DataFrame(content["rules"], columns=["job", "seconds", "peak_mb"])
    hardware = content["hardware"]
    written = (
        f"Written {content['written']} on {hardware['processor']} ({hardware['cores']} cores, "
        f"{hardware['memory_gib']} GiB{', ' + ', '.join(hardware['gpus']) if hardware['gpus'] else ', no GPU'}). The "
        f"measured jobs took {rules['seconds'].sum() / 60:.1f} minutes of wall-clock time together. The same facts, "
        "with the whole configuration and every package, are in provenance.json beside this page."
    )
    versions = pd.DataFrame(content["packages"].items(), columns=["package", "version"])
    return Section(
        "provenance",
        "Provenance",
        [written],
        [],
        [
            html_table(
                "rules", "Time (s) and peak memory (MB) of the jobs", rules, digits=dict.fromkeys(rules.columns, 1)
            ),
            html_table("sources", "Upstream files", sources),
            html_table("packages", "Versions", versions),
        ],
        [json.dumps({key: content[key] for key in ("git", "seeds", "configuration_sha256")}, indent=2)],
        folded=True,
    )


_INTERVALS = (
    "Intervals show the sampling of queries and arrays, or genes, within this run's screens, and of seeds where there "
    "is more than one; they say nothing of another strain background, medium or laboratory."
)
_RANDOM = (
    "The random split shares queries and genes between training and test: it answers how well gaps of a screen are "
    "filled, not how well a new query is predicted. Read splits with unseen queries and unseen genes for that."
)
_CHOSEN = (
    "Interaction screens test what their authors chose. Genes that were never crossed have no measurements to hold a "
    "prediction against, and the list of what to measure next inherits that choice."
)
_FLUX = (
    "Flux balance analysis knows growth on one medium and no regulation; gene rules know no partial loss of function, "
    "so hypomorphic alleles count as deletions of their gene."
)
_CEILING = (
    "A noise ceiling rests on the assumption that its table states. Replicates that share their control screens make "
    "it too high."
)
_SIMULATED = (
    "In-silico screens have metabolism as their only cause: a model that is good there has learned the simulator."
)


def limitations(run: RunFolder) -> Section:
    """Return what the numbers of this run do not say."""
    splits = run.configuration["splits"]["names"]
    sentences = {
        _INTERVALS: True,
        _RANDOM: any(kind_and_repeat(split)[0] == "random" for split in splits),
        _CHOSEN: bool((run.observations["order"] > 1).any()),
        _FLUX: True,
        _CEILING: bool(run.table("noise_ceiling")["ceiling"].notna().any()),
        _SIMULATED: bool(run.simulated),
    }
    return Section("limitations", "Limitations", [sentence for sentence, holds in sentences.items() if holds])
