"""Trust on first use: the checksums of sources that the catalogue does not know beforehand."""

from dataclasses import asdict
from pathlib import Path

from pipeline_lib.artefacts.atomic import read_json, write_json
from pipeline_lib.errors import PipelineError
from pipeline_lib.sources.locking import locked
from pipeline_lib.sources.records import now
from pipeline_lib.sources.transfer import Digest, PlaceFailedError

DEFAULT_RECORDED = Path("results/sources.recorded.json")


class RecordedSums:
    """The file of sums recorded on first use; safe when many jobs use it at once.

    Parameters
    ----------
    path
        JSON: source name to ``sha256``, ``bytes``, ``place`` and ``time`` of the first use.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> dict[str, dict[str, object]]:
        """Return every recorded sum.

        Raises
        ------
        PipelineError
            When the file is not a mapping.
        """
        if not self.path.exists():
            return {}
        content = read_json(self.path)
        if not isinstance(content, dict) or not all(isinstance(entry, dict) for entry in content.values()):
            raise PipelineError(f"{self.path} does not hold recorded checksums; move it away and run again.")
        return content

    def verify(self, name: str, digest: Digest, place: str) -> bool:
        """Hold `digest` against the sum of the first use, or record it when this is the first.

        Returns
        -------
        bool
            Whether this was the first use.

        Raises
        ------
        PlaceFailedError
            When the file is not the one of the first use.
        """
        with locked(self.path):
            known = self.read()
            first = known.get(name)
            if first is None:
                entry = {**asdict(digest), "place": place, "time": now()}
                write_json(dict(sorted({**known, name: entry}.items())), self.path)
                return True
        if first.get("sha256") != digest.sha256:
            raise PlaceFailedError(
                f"refused: sha256 {digest.sha256} instead of {first.get('sha256')}, recorded on first use "
                f"({first.get('time')}, {first.get('place')}); if the new file is right, delete the entry '{name}' "
                f"of {self.path}"
            )
        return False
