"""The named media: each component with its exchange reaction and greatest uptake, for each family of exchange ids."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from pipeline_lib.errors import PipelineError

YNB = "yeast nitrogen base without amino acids (Wickerham, US Dept. Agric. Tech. Bull. 1029, 1951)"
SGA = "SGA supplement powder (Tong & Boone, Methods Mol. Biol. 313:171, 2006)"
SELECTION = "selective drug of SGA (Tong & Boone, Methods Mol. Biol. 313:171, 2006)"
GLUTAMATE = "monosodium glutamate, 1 g/l, in the place of ammonium sulphate (Tong & Boone 2006)"
AMMONIUM = "ammonium sulphate, 5 g/l (Wickerham 1951)"
GLUCOSE = "glucose, 20 g/l"
AIR = "air and water"
EXTRACT = "yeast extract and peptone, whose composition is not defined: an approximation of ours"
TRACE = "ions that models of bacteria need in their biomass (Orth et al., Mol. Syst. Biol. 7:535, 2011)"


@dataclass(frozen=True)
class Component:
    """One component of media.

    Attributes
    ----------
    name
        What it is.
    yeast_gem, bigg
        Its exchange reaction in yeast-GEM and in models of BiGG; empty where no model of the family has one.
    """

    name: str
    yeast_gem: str
    bigg: str


GLUCOSE_COMPONENT = Component("D-glucose", "r_1714", "EX_glc__D_e")
OXYGEN = Component("oxygen", "r_1992", "EX_o2_e")
AMMONIUM_COMPONENT = Component("ammonium", "r_1654", "EX_nh4_e")
CARBON_DIOXIDE = Component("carbon dioxide", "r_1672", "EX_co2_e")
WATER = (
    Component("H+", "r_1832", "EX_h_e"),
    Component("water", "r_2100", "EX_h2o_e"),
)
PHOSPHATE = Component("phosphate", "r_2005", "EX_pi_e")
SALTS = (
    Component("sulphate", "r_2060", "EX_so4_e"),
    Component("iron(2+)", "r_1861", "EX_fe2_e"),
    Component("chloride", "r_4593", "EX_cl_e"),
    Component("manganese(2+)", "r_4595", "EX_mn2_e"),
    Component("zinc(2+)", "r_4596", "EX_zn2_e"),
    Component("magnesium(2+)", "r_4597", "EX_mg2_e"),
    Component("sodium", "r_2049", "EX_na1_e"),
    Component("copper(2+)", "r_4594", "EX_cu2_e"),
    Component("calcium(2+)", "r_4600", "EX_ca2_e"),
    Component("potassium", "r_2020", "EX_k_e"),
    Component("molybdate", "", "EX_mobd_e"),
    Component("borate", "", ""),
    Component("iodide", "", ""),
)
BACTERIAL_TRACES = (
    Component("cobalt(2+)", "", "EX_cobalt2_e"),
    Component("iron(3+)", "", "EX_fe3_e"),
    Component("nickel(2+)", "", "EX_ni2_e"),
    Component("selenate", "", "EX_sel_e"),
    Component("selenite", "", "EX_slnt_e"),
    Component("tungstate", "", "EX_tungs_e"),
)
COBALAMIN = Component("cobalamin", "", "EX_cbl1_e")
VITAMINS = (
    Component("4-aminobenzoate", "r_1604", "EX_4abz_e"),
    Component("biotin", "r_1671", "EX_btn_e"),
    Component("folic acid", "r_1792", "EX_fol_e"),
    Component("myo-inositol", "r_1947", "EX_inost_e"),
    Component("nicotinate", "r_1967", "EX_nac_e"),
    Component("(R)-pantothenate", "r_1548", "EX_pnto__R_e"),
    Component("pyridoxine", "r_2028", "EX_pydxn_e"),
    Component("riboflavin", "r_2038", "EX_ribflv_e"),
    Component("thiamine", "r_2067", "EX_thm_e"),
)
GLUTAMATE_COMPONENT = Component("L-glutamate", "r_1889", "EX_glu__L_e")
AMINO_ACIDS = (
    Component("L-alanine", "r_1873", "EX_ala__L_e"),
    Component("L-arginine", "r_1879", "EX_arg__L_e"),
    Component("L-asparagine", "r_1880", "EX_asn__L_e"),
    Component("L-aspartate", "r_1881", "EX_asp__L_e"),
    Component("L-cysteine", "r_1883", "EX_cys__L_e"),
    Component("L-glutamine", "r_1891", "EX_gln__L_e"),
    GLUTAMATE_COMPONENT,
    Component("glycine", "r_1810", "EX_gly_e"),
    Component("L-histidine", "r_1893", "EX_his__L_e"),
    Component("L-isoleucine", "r_1897", "EX_ile__L_e"),
    Component("L-leucine", "r_1899", "EX_leu__L_e"),
    Component("L-lysine", "r_1900", "EX_lys__L_e"),
    Component("L-methionine", "r_1902", "EX_met__L_e"),
    Component("L-phenylalanine", "r_1903", "EX_phe__L_e"),
    Component("L-proline", "r_1904", "EX_pro__L_e"),
    Component("L-serine", "r_1906", "EX_ser__L_e"),
    Component("L-threonine", "r_1911", "EX_thr__L_e"),
    Component("L-tryptophan", "r_1912", "EX_trp__L_e"),
    Component("L-tyrosine", "r_1913", "EX_tyr__L_e"),
    Component("L-valine", "r_1914", "EX_val__L_e"),
)
BASES = (
    Component("adenine", "r_1639", "EX_ade_e"),
    Component("uracil", "r_2090", "EX_ura_e"),
)
YEAST_EXTRACT = (
    Component("guanine", "r_1818", "EX_gua_e"),
    Component("hypoxanthine", "r_1841", "EX_hxan_e"),
    Component("cytosine", "r_1705", "EX_csn_e"),
    Component("adenosine", "r_1643", "EX_adn_e"),
    Component("guanosine", "r_1820", "EX_gsn_e"),
    Component("cytidine", "r_1702", "EX_cytd_e"),
    Component("uridine", "r_2092", "EX_uri_e"),
    Component("inosine", "r_1847", "EX_ins_e"),
    Component("thymidine", "r_2073", "EX_thymd_e"),
    Component("choline", "r_1683", "EX_chol_e"),
    Component("ethanolamine", "r_1764", "EX_etha_e"),
    Component("putrescine", "r_2024", "EX_ptrc_e"),
    Component("spermidine", "r_2051", "EX_spmd_e"),
)
"""Sterols and fatty acids are left out: with oxygen, yeast imports no sterols."""
SELECTIVE_DRUGS = (
    Component("canavanine", "", ""),
    Component("thialysine", "", ""),
    Component("G418", "", ""),
    Component("nourseothricin", "", ""),
)
STEROLS_AND_PALMITATE = (
    Component("ergosterol", "r_1757", "EX_ergst_e"),
    Component("zymosterol", "r_2106", "EX_zymst_e"),
    Component("palmitate", "r_1993", "EX_hdca_e"),
)


@dataclass(frozen=True)
class UptakeRates:
    """Greatest uptakes, mmol/gDW/h, of what limits growth on a complete medium.

    Attributes
    ----------
    glucose, oxygen, supplement
        Of glucose, of oxygen, and of each amino acid, base, nucleoside and vitamin.
    nitrogen
        Of the nitrogen source where that is an amino acid (glutamate): ten supplements', since the plate holds some ten
        times as much of it (5.9 mM) as of one supplement. An estimate of ours.
    source
        Where they are from.
    """

    glucose: float
    oxygen: float
    supplement: float
    nitrogen: float
    source: str


FREE = 1000.0
"""An uptake without a bound, in the convention of flux models."""

UPTAKE_RATES = MappingProxyType(
    {
        "suthers2020": UptakeRates(
            3.3, FREE, 0.165, 1.65, "Suthers et al., Metab. Eng. Commun. 11:e00148, 2020: supplements at 5 % of glucose"
        ),
        "szappanos2011": UptakeRates(
            22.6,
            6.3,
            1.13,
            11.3,
            "glucose and oxygen of Szappanos et al., Nat. Genet. 43:656, 2011; supplements at 5 % of glucose",
        ),
    }
)


_LISTED = 5
"""Missing exchanges that an error names."""
_FAMILIES = {"yeast-GEM": "yeast_gem", "BiGG": "bigg"}
"""Families of exchange ids and the attribute of a `Component` that holds them."""
DEFAULT_RATES = "suthers2020"
RATES_AFTER = "@"
"""What stands between the name of a medium and that of its uptake rates."""


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
    content
        Exchange id to (name of the component, where it is from).
    left_out
        Components that no model of the family has: name to where it is from.
    """

    family: str
    needed: Mapping[str, float]
    where_there: Mapping[str, float] = field(default_factory=dict)
    content: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)


Portion = tuple[Iterable[Component], float, str]
"""Components of one uptake, mmol/gDW/h, and where they are from."""


def _medium(family: str, needed: Iterable[Portion], where_there: Iterable[Portion] = ()) -> NamedMedium:
    """Put a medium together from its portions; of a component that stands in two, the later one counts."""
    uptakes: tuple[dict[str, float], dict[str, float]] = ({}, {})
    content, left_out = {}, {}
    for uptake_of, portions in zip(uptakes, (needed, where_there), strict=True):
        for components, uptake, source in portions:
            for component in components:
                exchange = getattr(component, _FAMILIES[family])
                if exchange:
                    uptake_of[exchange] = uptake
                    content[exchange] = (component.name, source)
                else:
                    left_out[component.name] = source
    return NamedMedium(family, *uptakes, content, left_out)


_Y6 = "minimal_Y6 of yeast-GEM"
_Y7 = "complete_Y7 of yeast-GEM, the Kennedy synthetic complete medium of its essentiality test"
_M9 = "M9 of iJO1366 (Orth et al., Mol. Syst. Biol. 7:535, 2011)"

_OF_BOTH = (*WATER, AMMONIUM_COMPONENT, OXYGEN, PHOSPHATE)

_IONS = tuple(salt for salt in SALTS if salt.bigg)

_YEAST_SALTS = (*_OF_BOTH, *(salt for salt in SALTS if salt.yeast_gem))

_KENNEDY = (
    *AMINO_ACIDS,
    *BASES,
    *STEROLS_AND_PALMITATE,
    *(vitamin for vitamin in VITAMINS if vitamin.name != "folic acid"),
)


def _minimal() -> tuple[NamedMedium, ...]:
    glucose = (GLUCOSE_COMPONENT,)
    traces = [((*_IONS, *BACTERIAL_TRACES), FREE, _M9), ((COBALAMIN,), 0.01, _M9)]
    return (
        _medium("yeast-GEM", [(_YEAST_SALTS, FREE, _Y6), (glucose, 1.0, _Y6)]),
        _medium("BiGG", [((CARBON_DIOXIDE, *_OF_BOTH), FREE, _M9), (glucose, 10.0, _M9)], traces),
    )


def _rich() -> tuple[NamedMedium, ...]:
    glucose = (GLUCOSE_COMPONENT,)
    traces = [((*_IONS, *BACTERIAL_TRACES), FREE, _M9), ((COBALAMIN,), 0.01, _M9)]
    return (
        _medium(
            "yeast-GEM",
            [((*_YEAST_SALTS, CARBON_DIOXIDE), FREE, _Y7), (_KENNEDY, 0.5, _Y7), (glucose, 20.0, _Y7)],
        ),
        _medium(
            "BiGG",
            [((CARBON_DIOXIDE, *_OF_BOTH), FREE, _M9), (glucose, 10.0, _M9)],
            [*traces, (AMINO_ACIDS, 5.0, "the twenty amino acids")],
        ),
    )


def _complete(
    rates: UptakeRates, *, nitrogen: Portion, dropped: Collection[str] = (), extract: Iterable[Portion] = ()
) -> tuple[NamedMedium, ...]:
    """Return a synthetic complete medium with one nitrogen source, less the components that are dropped."""
    supplements = [part for part in (*AMINO_ACIDS, *BASES) if part.name not in dropped]
    needed = [
        (WATER, FREE, AIR),
        ((OXYGEN,), rates.oxygen, AIR),
        ((PHOSPHATE,), FREE, YNB),
        ((GLUCOSE_COMPONENT,), rates.glucose, GLUCOSE),
        nitrogen,
    ]
    nitrogen_names = {component.name for component in nitrogen[0]}
    where_there = [
        ((CARBON_DIOXIDE,), FREE, AIR),
        (SALTS, FREE, YNB),
        (VITAMINS, rates.supplement, YNB),
        ([part for part in supplements if part.name not in nitrogen_names], rates.supplement, SGA),
        *extract,
    ]
    bacterial = [(BACTERIAL_TRACES, FREE, TRACE), ((COBALAMIN,), 0.01, TRACE)]
    return (_medium("yeast-GEM", needed, where_there), _medium("BiGG", needed, [*where_there, *bacterial]))


def _with_rates(rates: UptakeRates) -> dict[str, tuple[NamedMedium, ...]]:
    ammonium: Portion = ((AMMONIUM_COMPONENT,), FREE, AMMONIUM)
    glutamate: Portion = ((GLUTAMATE_COMPONENT,), rates.nitrogen, GLUTAMATE)
    drugs: Portion = (SELECTIVE_DRUGS, 0.0, SELECTION)
    selected = {"L-histidine", "L-arginine", "L-lysine"}
    return {
        "synthetic_complete": _complete(rates, nitrogen=ammonium),
        "sga_dm": _complete(rates, nitrogen=glutamate, dropped=selected, extract=[drugs]),
        "sga_tm": _complete(rates, nitrogen=glutamate, dropped={*selected, "uracil"}, extract=[drugs]),
        "ypd_like": _complete(rates, nitrogen=ammonium, extract=[(YEAST_EXTRACT, rates.supplement, EXTRACT)]),
    }


NAMED_MEDIA: dict[str, tuple[NamedMedium, ...]] = {
    "minimal": _minimal(),
    "rich": _rich(),
    **_with_rates(UPTAKE_RATES[DEFAULT_RATES]),
    **{
        f"{medium}{RATES_AFTER}{name}": content
        for name, rates in UPTAKE_RATES.items()
        if name != DEFAULT_RATES
        for medium, content in _with_rates(rates).items()
    },
}
"""The media by name, for the ids of yeast-GEM and for those of BiGG.

Yeast ``minimal`` is yeast-GEM's ``minimal_Y6`` (ammonium, salts, 1 glucose), ``rich`` the Kennedy synthetic complete
medium of its essentiality test (``complete_Y7``: 20 glucose, 0.5 of each amino acid, base and vitamin, and of two
sterols and palmitate). BiGG's ``minimal`` is M9 with 10 glucose as iJO1366 has it, with the ions and the trace of
cobalamin that the model takes up; ``rich`` adds 5 of each of the twenty amino acids that it takes up.

``synthetic_complete``: yeast nitrogen base, ammonium, amino acids, adenine and uracil. ``sga_dm`` and ``sga_tm``: the
plates on which double mutants (Costanzo 2016) and triple mutants (Kuzmin 2018, 2020) are selected and measured:
glutamate as nitrogen, without histidine, arginine and lysine, and for triple mutants, whose queries carry URA3,
without uracil. The drugs of the selection have no target in a metabolic model and are left out. ``ypd_like``: the
synthetic complete medium and what else yeast extract brings. Uptake rates are those of `DEFAULT_RATES`; after an ``@``
stand others (``sga_tm@szappanos2011``).
"""


def fitting_medium(medium: str, exchanges: Collection[str]) -> NamedMedium:
    """Return a named medium in the exchange ids of a model.

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
            return named
    nearest = min(NAMED_MEDIA[medium], key=lambda named: len(named.needed.keys() - known) / len(named.needed))
    lacking = [name for name in nearest.needed if name not in known]
    families = " and of ".join(named.family for named in NAMED_MEDIA[medium])
    raise PipelineError(
        f"the medium '{medium}' is defined for the exchange ids of {families}, "
        f"which do not fit the model: of {nearest.family}'s it lacks {', '.join(lacking[:_LISTED])}"
        f"{' and others' if len(lacking) > _LISTED else ''}; give a mapping of exchange id to uptake instead."
    )


def uptakes_of(medium: str, exchanges: Collection[str]) -> dict[str, float]:
    """Return the greatest uptakes, mmol/gDW/h, of a named medium for a model with these exchange reactions.

    Raises
    ------
    PipelineError
        When there is no such medium, or the model lacks exchanges that it needs: names them.
    """
    named, known = fitting_medium(medium, exchanges), set(exchanges)
    return {**named.needed, **{name: uptake for name, uptake in named.where_there.items() if name in known}}
