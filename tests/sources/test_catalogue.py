"""The catalogue: complete, cited, and impossible to write in a way that leaves its folder or its encryption."""

from pathlib import Path, PurePosixPath

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from pipeline_lib.errors import PipelineError
from pipeline_lib.sources.catalogue import Catalogue, SourceName, read_catalogue
from tests.sources.conftest import entry


@pytest.fixture(scope="module")
def catalogue(request: pytest.FixtureRequest) -> Catalogue:
    return read_catalogue(request.getfixturevalue("root") / "config" / "sources.yaml")


def test_every_file_has_a_licence_and_a_paper_with_its_doi(catalogue: Catalogue) -> None:
    for name, source in catalogue.sources.items():
        assert source.licence, name
        assert source.citation.doi, name
        assert source.citation.doi.startswith("10."), name


def test_files_pinned_to_a_commit_have_a_checksum(catalogue: Catalogue) -> None:
    unknown = {name for name, source in catalogue.sources.items() if source.sha256 is None and source.url}
    assert unknown == {
        "costanzo2016/pairwise.zip",
        "kuzmin2018/aao1729_data_s1.zip",
        "kuzmin2020/aaz5667-tables.zip",
        "string/4932.protein.links.detailed.v12.0.txt.gz",
        "string/4932.protein.links.detailed.v9.1.txt.gz",
        # The mirror's copy was written anew from its text, so it does not give the address's checksum.
        "torchcell/uncharacterized_triple_interactions.csv",
        "yeast-gem/yeast-GEM.xml",
    }


def test_published_tables_are_members_of_their_archives(catalogue: Catalogue) -> None:
    assert catalogue["kuzmin2018/aao1729_data_s1.tsv"].archive == "kuzmin2018/aao1729_data_s1.zip"
    tables = {name for name, source in catalogue.sources.items() if source.archive == "costanzo2016/pairwise.zip"}
    assert tables == {f"costanzo2016/SGA_{table}.txt" for table in ("DAmP", "ExE", "ExN_NxE", "NxN")}


def test_only_strings_old_server_may_be_asked_without_encryption(catalogue: Catalogue) -> None:
    plain = [name for name, source in catalogue.sources.items() if source.allow_http]
    assert plain == ["string/4932.protein.links.detailed.v9.1.txt.gz"]


def test_networks_say_what_they_rest_on_and_when_they_appeared(catalogue: Catalogue) -> None:
    evidence = {name: source.evidence for name, source in catalogue.sources.items() if source.evidence}
    assert all(catalogue[name].year for name in evidence)
    # STRING's experimental, text-mining and combined scores import published genetic interactions.
    assert {name for name, kinds in evidence.items() if "genetic" in kinds} == {
        "string/4932.protein.links.detailed.v12.0.txt.gz",
        "string/4932.protein.links.detailed.v9.1.txt.gz",
    }


@pytest.mark.mirror
def test_the_catalogue_has_every_file_of_the_mirrors_manifest(mirror: Path, catalogue: Catalogue) -> None:
    if not (mirror / "MANIFEST.yaml").exists():
        pytest.skip("this mirror has no manifest")
    manifest = yaml.safe_load((mirror / "MANIFEST.yaml").read_text())
    unmirrored = yaml.safe_load((mirror / "UNMIRRORED.yaml").read_text())
    for name, facts in manifest.items():
        source = catalogue[name]
        # A copy that is not the address's own file cannot vouch for it: its checksum is recorded on first use.
        known = (facts["sha256"], facts["bytes"]) if facts.get("identical", True) else (None, None)
        assert (source.url, source.sha256, source.bytes) == (facts["url"], *known)
    # What has no address cannot be fetched by anybody.
    addressed = {name: facts for name, facts in unmirrored.items() if "urls" in facts}
    assert len(addressed) >= 6
    for name, facts in addressed.items():
        assert catalogue[name].urls == facts["urls"]


@given(st.text(max_size=30) | st.from_regex(r"[a-z./~\\]{1,20}", fullmatch=True))
def test_a_name_that_is_accepted_stays_below_its_folder(name: str) -> None:
    try:
        TypeAdapter(SourceName).validate_python(name)
    except ValidationError:
        return
    path = PurePosixPath(name)
    assert not path.is_absolute()
    assert not any(part.startswith(".") for part in path.parts)
    assert str(path) == name


@pytest.mark.parametrize("name", ["../x", "/x", "a//b", "a/../b", ".hidden", "a b", "a;rm", "$(x)", "a\n", ""])
def test_names_with_a_second_meaning_are_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(SourceName).validate_python(name)


@pytest.mark.parametrize(
    ("keys", "complaint"),
    [
        ({"url": "http://a.org/f"}, "not encrypted; say 'allow_http: true'"),
        ({"url": "ftp://a.org/f"}, "not an https address"),
        ({"url": "file:///etc/passwd"}, "not an https address"),
        ({}, "either 'url' or 'archive'"),
        ({"url": "https://a.org/f", "archive": "b.zip", "member": "f"}, "either 'url' or 'archive'"),
        ({"archive": "b.zip"}, "belong together"),
        ({"archive": "nowhere.zip", "member": "f"}, "not in the catalogue"),
        ({"archive": "b.zip", "member": "../f"}, "leaves the archive"),
        ({"url": "https://a.org/f", "sha256": "abc"}, "sha256"),
        ({"url": "https://a.org/f", "bytes": -1}, "bytes"),
        ({"url": "https://a.org/f", "sha265": "0" * 64}, "did you mean 'sha256'"),
    ],
)
def test_a_faulty_entry_is_answered_in_one_sentence(tmp_path: Path, keys: dict[str, object], complaint: str) -> None:
    path = tmp_path / "sources.yaml"
    path.write_text(yaml.safe_dump({"f": entry(**keys), "b.zip": entry(url="https://a.org/b.zip")}))
    with pytest.raises(PipelineError) as caught:
        read_catalogue(path)
    assert complaint in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["- a\n- b\n", "a: [", "!!python/object/apply:os.system ['true']", "\x00"])
def test_what_is_no_catalogue_is_answered_in_one_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "sources.yaml").write_text(text)
    with pytest.raises(PipelineError, match=r"sources.yaml"):
        read_catalogue(tmp_path / "sources.yaml")


SUM = "0" * 64


def collection(**keys: object) -> dict[str, object]:
    files = {"1/a.txt": {"sha256": SUM, "bytes": 3}, "2/b.txt": {"sha256": SUM, "bytes": 4}}
    return entry(**{"url": "https://a.org/data/", "files": files, "holds_genetic": "no", "year": 2020, **keys})


def test_a_collection_is_many_sources_below_one_address(tmp_path: Path) -> None:
    path = tmp_path / "sources.yaml"
    path.write_text(yaml.safe_dump({"studies": collection(), "f": entry(url="https://a.org/f")}))
    known = read_catalogue(path)
    assert known.files_of("studies") == ["studies/1/a.txt", "studies/2/b.txt"]
    assert known.files_of("f") == ["f"]
    source = known["studies/2/b.txt"]
    assert (source.url, source.sha256, source.bytes, source.licence) == (
        "https://a.org/data/2/b.txt",
        SUM,
        4,
        "CC0-1.0",
    )
    assert [known.entry(name).holds_genetic for name in ("studies", "studies/1/a.txt", "f")] == ["no", "no", None]


@pytest.mark.parametrize(
    ("keys", "complaint"),
    [
        ({"files": {"../a": {"sha256": SUM, "bytes": 1}}}, "../a"),
        ({"files": {"a": {"sha256": "abc", "bytes": 1}}}, "sha256"),
        ({"files": {"a": {"bytes": 1}}}, "sha256"),
        ({"files": {}}, "files"),
        ({"url": "http://a.org/data"}, "not encrypted"),
        ({"archive": "b.zip"}, "unknown key"),
    ],
)
def test_a_faulty_collection_is_answered_in_one_sentence(
    tmp_path: Path, keys: dict[str, object], complaint: str
) -> None:
    path = tmp_path / "sources.yaml"
    path.write_text(yaml.safe_dump({"studies": collection(**keys)}))
    with pytest.raises(PipelineError) as caught:
        read_catalogue(path)
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_yeastphenome_is_one_entry_of_eighty_studies(catalogue: Catalogue) -> None:
    assert list(catalogue.collections) == ["yeastphenome"]
    assert len(catalogue.files_of("yeastphenome")) == 80


def test_the_released_table_of_trigenic_scores_is_pinned(catalogue: Catalogue) -> None:
    """Data S1 of Kuzmin 2018 is in no mirror; whoever fetches it gets the table that others pinned, or an error."""
    source = catalogue["kuzmin2018/aao1729_data_s1.tsv"]
    assert source.sha256 == "c82b60f98590071fcb07b74b672958a5863b58e03b78631e6235cb664ee82afb"
