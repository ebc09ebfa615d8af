"""The named media: greatest uptake by exchange reaction, for each family of exchange ids."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from pipeline_lib.errors import PipelineError

_FREE = 1000.0
_SHOWN = 5
"""Missing exchanges that an error names."""
_YEAST_SALTS = dict.fromkeys(
    (
        "r_1654",  # ammonium
        "r_1992",  # oxygen
        "r_2005",  # phosphate
        "r_2060",  # sulphate
        "r_1861",  # iron(2+)
        "r_1832",  # H+
        "r_2100",  # water
        "r_4593",  # chloride
        "r_4595",  # Mn(2+)
        "r_4596",  # Zn(2+)
        "r_4597",  # Mg(2+)
        "r_2049",  # sodium
        "r_4594",  # Cu2(+)
        "r_4600",  # Ca(2+)
        "r_2020",  # potassium
    ),
    _FREE,
)
_YEAST_SUPPLEMENTS = dict.fromkeys(
    (
        "r_1604", "r_1639", "r_1873", "r_1879", "r_1880", "r_1881", "r_1671", "r_1883", "r_1757", "r_1891", "r_1889",
        "r_1810", "r_1993", "r_1893", "r_1897", "r_1947", "r_1899", "r_1900", "r_1902", "r_1967", "r_1903", "r_1548",
        "r_1904", "r_2028", "r_2038", "r_1906", "r_2067", "r_1911", "r_1912", "r_1913", "r_2090", "r_1914", "r_2106",
    ),
    0.5,
)  # fmt: skip
_BIGG_SALTS = dict.fromkeys(("EX_co2_e", "EX_h_e", "EX_h2o_e", "EX_nh4_e", "EX_o2_e", "EX_pi_e"), _FREE)
_BIGG_TRACES = {
    **dict.fromkeys(
        (
            "EX_ca2_e",
            "EX_cl_e",
            "EX_cobalt2_e",
            "EX_cu2_e",
            "EX_fe2_e",
            "EX_fe3_e",
            "EX_k_e",
            "EX_mg2_e",
            "EX_mn2_e",
            "EX_mobd_e",
            "EX_na1_e",
            "EX_ni2_e",
            "EX_sel_e",
            "EX_slnt_e",
            "EX_so4_e",
            "EX_tungs_e",
            "EX_zn2_e",
        ),
        _FREE,
    ),
    "EX_cbl1_e": 0.01,
}
_BIGG_AMINO_ACIDS = dict.fromkeys(
    (
        "EX_ala__L_e",
        "EX_arg__L_e",
        "EX_asn__L_e",
        "EX_asp__L_e",
        "EX_cys__L_e",
        "EX_gln__L_e",
        "EX_glu__L_e",
        "EX_gly_e",
        "EX_his__L_e",
        "EX_ile__L_e",
        "EX_leu__L_e",
        "EX_lys__L_e",
        "EX_met__L_e",
        "EX_phe__L_e",
        "EX_pro__L_e",
        "EX_ser__L_e",
        "EX_thr__L_e",
        "EX_trp__L_e",
        "EX_tyr__L_e",
        "EX_val__L_e",
    ),
    5.0,
)


@dataclass(frozen=True)
class NamedMedium:
    """A medium for the exchange ids of one family of models.

    Attributes
    ----------
    family
        Whose ids they are.
    needed
        Exchange id to greatest uptake, mmol/gDW/h; a model has to have each.
    where_there
        The same, for what is fed where the model has the exchange.
    """

    family: str
    needed: Mapping[str, float]
    where_there: Mapping[str, float] = field(default_factory=dict)


NAMED_MEDIA: dict[str, tuple[NamedMedium, ...]] = {
    "minimal": (
        NamedMedium("yeast-GEM", {**_YEAST_SALTS, "r_1714": 1.0}),
        NamedMedium("BiGG", {**_BIGG_SALTS, "EX_glc__D_e": 10.0}, _BIGG_TRACES),
    ),
    "rich": (
        NamedMedium("yeast-GEM", {**_YEAST_SALTS, **_YEAST_SUPPLEMENTS, "r_1672": _FREE, "r_1714": 20.0}),
        NamedMedium("BiGG", {**_BIGG_SALTS, "EX_glc__D_e": 10.0}, {**_BIGG_TRACES, **_BIGG_AMINO_ACIDS}),
    ),
}
"""The media by name, for the ids of yeast-GEM and for those of BiGG.

Yeast ``minimal`` is yeast-GEM's ``minimal_Y6`` (ammonium, salts, 1 glucose), ``rich`` the Kennedy synthetic complete
medium of its essentiality test (``complete_Y7``: 20 glucose, 0.5 of each amino acid, base and vitamin). BiGG's
``minimal`` is M9 with 10 glucose as iJO1366 has it (Orth et al., Mol. Syst. Biol. 7:535, 2011), with the ions and the
trace of cobalamin that the model takes up; ``rich`` adds 5 of each of the twenty amino acids that it takes up.
"""


def uptakes_of(medium: str, exchanges: Collection[str]) -> dict[str, float]:
    """Return the greatest uptakes, mmol/gDW/h, of a named medium for a model with these exchange reactions.

    Raises
    ------
    PipelineError
        When there is no such medium, or the model lacks exchanges that it needs: names them.
    """
    if medium not in NAMED_MEDIA:
        raise PipelineError(f"there is no medium '{medium}'; the named media are model, {', '.join(NAMED_MEDIA)}.")
    known = set(exchanges)
    for named in NAMED_MEDIA[medium]:
        if named.needed.keys() <= known:
            there = {name: uptake for name, uptake in named.where_there.items() if name in known}
            return {**named.needed, **there}
    nearest = min(NAMED_MEDIA[medium], key=lambda named: len(named.needed.keys() - known) / len(named.needed))
    lacking = [name for name in nearest.needed if name not in known]
    families = " and of ".join(named.family for named in NAMED_MEDIA[medium])
    raise PipelineError(
        f"the medium '{medium}' is defined for the exchange ids of {families}, "
        f"which do not fit the model: of {nearest.family}'s it lacks {', '.join(lacking[:_SHOWN])}"
        f"{' and others' if len(lacking) > _SHOWN else ''}; give a mapping of exchange id to uptake instead."
    )
