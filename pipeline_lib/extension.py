"""Models and readers of other packages: `model`, `screen_reader`, `network_reader` and `feature_reader` add them.

An entry point of the same name makes those of an installed package known; docs/how_to/extend.md walks through a package
that adds one of each kind.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, TypeVar

if TYPE_CHECKING:
    from pipeline_lib.config.screen_readers import ReaderFiles, ScreenScores

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
Decorator = Callable[[Decorated], Decorated]


def model(
    name: str,
    description: str,
    *,
    settings: type[Any] = dict,
    knockouts: Literal["", "fba", "moma"] = "",
    features: Literal["none", "used", "all"] = "none",
    on_gpu: bool = False,
) -> Decorator[Decorated]:
    """Add a model: a class that follows `pipeline_lib.models.interface.Model`.

    Parameters
    ----------
    name
        Its name in the grid and in every table; entry points: group ``pipeline_lib.models``.
    description
        One line for ``clp models list``.
    settings
        Class of its settings (pydantic), which ``models.extensions.<name>`` of a run fills in, or ``dict``; the
        constructor takes an instance and the run's `pipeline_lib.config.training.TrainingSettings`.
    knockouts
        Flux method whose knockouts it reads (``Cell.knockouts``); empty: none.
    features
        Which feature tables of genes it reads (``Cell.features``): none, those that models use, or all.
    on_gpu
        Whether its fits ask a cluster for a GPU.
    """
    from pipeline_lib.config.model_registry import MODELS, Entry

    return MODELS.added(
        lambda target: Entry(
            target, description, knockouts=knockouts, features=features, settings=settings, on_gpu=on_gpu
        ),
        name,
    )


def screen_reader(
    name: str,
    *,
    publication: str,
    files: "ReaderFiles",
    units: str,
    scores: "ScreenScores | None" = None,
    p_sided: Literal[1, 2] | None = None,
    conditions: tuple[str, ...] = (),
    settings: type[Any] = dict,
    **facts: str,
) -> Decorator[Decorated]:
    """Add a reader of screens: a function from `pipeline_lib.screens.batch.Source` to batches of observations.

    Parameters
    ----------
    name
        ``screens.<screen>.reader`` of a run; entry points: group ``pipeline_lib.screen_readers``.
    publication
        Whose data it reads.
    files
        The roles of its files.
    units
        What its values are measured in, in a sentence.
    scores
        Unit of interactions and the published threshold of calls; None: no unit, and nothing is called.
    p_sided
        Whether its P-values are one- or two-sided; None: it gives none.
    conditions
        Names of the conditions of a screen in several.
    settings
        Class of its own settings (pydantic), which ``screens.<screen>.options`` fills in, or ``dict``.
    facts
        ``control``, ``kinds``, ``temperature``, ``query``, ``array``: see
        `pipeline_lib.config.screen_readers.ScreenReader`.
    """
    from pipeline_lib.config.screen_readers import SCREEN_READERS, ScreenReader, ScreenScores

    return SCREEN_READERS.added(
        lambda target: ScreenReader(
            target=target,
            publication=publication,
            files=files,
            units=units,
            scores=scores or ScreenScores(),
            p_sided=p_sided,
            conditions=conditions,
            settings=settings,
            **facts,
        ),
        name,
    )


def network_reader(name: str, what: str, roles: tuple[str, ...], *, settings: type[Any] = dict) -> Decorator[Decorated]:
    """Add a reader of gene networks: a function of (paths by role, NetworkSettings) to `RawEdges`.

    Parameters
    ----------
    name
        ``networks.<network>.reader`` of a run; entry points: group ``pipeline_lib.network_readers``.
    what
        One line for ``clp networks readers``.
    roles
        Names of its files.
    settings
        Class of its own settings (pydantic), which ``networks.<network>.options`` fills in, or ``dict``.
    """
    from pipeline_lib.config.features import NETWORK_READERS
    from pipeline_lib.config.registry import Layout

    return NETWORK_READERS.added(lambda target: Layout(target, roles, what, settings), name)


def feature_reader(name: str, what: str, roles: tuple[str, ...], *, settings: type[Any] = dict) -> Decorator[Decorated]:
    """Add a reader of feature tables: a function of (paths by role, FeatureSettings) to `RawFeatures`.

    Parameters
    ----------
    name
        ``features.<table>.reader`` of a run; entry points: group ``pipeline_lib.feature_readers``.
    what, roles, settings
        As in `network_reader`.
    """
    from pipeline_lib.config.features import FEATURE_READERS
    from pipeline_lib.config.registry import Layout

    return FEATURE_READERS.added(lambda target: Layout(target, roles, what, settings), name)
