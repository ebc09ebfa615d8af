"""The named media: greatest uptake by exchange reaction, for each family of exchange ids."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.media import media_components as parts
from pipeline_lib.metabolism.media.media_components import FREE, UPTAKE_RATES, Component, UptakeRates

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
_OF_BOTH = (*parts.WATER, parts.AMMONIUM_COMPONENT, parts.OXYGEN, parts.PHOSPHATE)
_IONS = tuple(salt for salt in parts.SALTS if salt.bigg)
_YEAST_SALTS = (*_OF_BOTH, *(salt for salt in parts.SALTS if salt.yeast_gem))
_KENNEDY = (
    *parts.AMINO_ACIDS,
    *parts.BASES,
    *parts.STEROLS_AND_PALMITATE,
    *(vitamin for vitamin in parts.VITAMINS if vitamin.name != "folic acid"),
)


def _minimal() -> tuple[NamedMedium, ...]:
    glucose = (parts.GLUCOSE_COMPONENT,)
    traces = [((*_IONS, *parts.BACTERIAL_TRACES), FREE, _M9), ((parts.COBALAMIN,), 0.01, _M9)]
    return (
        _medium("yeast-GEM", [(_YEAST_SALTS, FREE, _Y6), (glucose, 1.0, _Y6)]),
        _medium("BiGG", [((parts.CARBON_DIOXIDE, *_OF_BOTH), FREE, _M9), (glucose, 10.0, _M9)], traces),
    )


def _rich() -> tuple[NamedMedium, ...]:
    glucose = (parts.GLUCOSE_COMPONENT,)
    traces = [((*_IONS, *parts.BACTERIAL_TRACES), FREE, _M9), ((parts.COBALAMIN,), 0.01, _M9)]
    return (
        _medium(
            "yeast-GEM",
            [((*_YEAST_SALTS, parts.CARBON_DIOXIDE), FREE, _Y7), (_KENNEDY, 0.5, _Y7), (glucose, 20.0, _Y7)],
        ),
        _medium(
            "BiGG",
            [((parts.CARBON_DIOXIDE, *_OF_BOTH), FREE, _M9), (glucose, 10.0, _M9)],
            [*traces, (parts.AMINO_ACIDS, 5.0, "the twenty amino acids")],
        ),
    )


def _complete(
    rates: UptakeRates, *, nitrogen: Portion, dropped: Collection[str] = (), extract: Iterable[Portion] = ()
) -> tuple[NamedMedium, ...]:
    """Return a synthetic complete medium with one nitrogen source, less the components that are dropped."""
    supplements = [part for part in (*parts.AMINO_ACIDS, *parts.BASES) if part.name not in dropped]
    needed = [
        (parts.WATER, FREE, parts.AIR),
        ((parts.OXYGEN,), rates.oxygen, parts.AIR),
        ((parts.PHOSPHATE,), FREE, parts.YNB),
        ((parts.GLUCOSE_COMPONENT,), rates.glucose, parts.GLUCOSE),
        nitrogen,
    ]
    nitrogen_names = {component.name for component in nitrogen[0]}
    where_there = [
        ((parts.CARBON_DIOXIDE,), FREE, parts.AIR),
        (parts.SALTS, FREE, parts.YNB),
        (parts.VITAMINS, rates.supplement, parts.YNB),
        ([part for part in supplements if part.name not in nitrogen_names], rates.supplement, parts.SGA),
        *extract,
    ]
    bacterial = [(parts.BACTERIAL_TRACES, FREE, parts.TRACE), ((parts.COBALAMIN,), 0.01, parts.TRACE)]
    return (_medium("yeast-GEM", needed, where_there), _medium("BiGG", needed, [*where_there, *bacterial]))


def _with_rates(rates: UptakeRates) -> dict[str, tuple[NamedMedium, ...]]:
    ammonium: Portion = ((parts.AMMONIUM_COMPONENT,), FREE, parts.AMMONIUM)
    glutamate: Portion = ((parts.GLUTAMATE_COMPONENT,), rates.nitrogen, parts.GLUTAMATE)
    drugs: Portion = (parts.SELECTIVE_DRUGS, 0.0, parts.SELECTION)
    selected = {"L-histidine", "L-arginine", "L-lysine"}
    return {
        "synthetic_complete": _complete(rates, nitrogen=ammonium),
        "sga_dm": _complete(rates, nitrogen=glutamate, dropped=selected, extract=[drugs]),
        "sga_tm": _complete(rates, nitrogen=glutamate, dropped={*selected, "uracil"}, extract=[drugs]),
        "ypd_like": _complete(
            rates, nitrogen=ammonium, extract=[(parts.YEAST_EXTRACT, rates.supplement, parts.EXTRACT)]
        ),
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
