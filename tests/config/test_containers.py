"""The container recipes are well-formed, copy files that exist and install what the lock pins."""

import re
import shutil
import subprocess

import pytest

INSTRUCTIONS = {"FROM", "RUN", "WORKDIR", "COPY", "ENV", "USER", "ENTRYPOINT", "CMD", "ARG", "LABEL"}
SECTIONS = {"files", "post", "environment", "runscript", "test"}
INSTALL = 'python -m pip install --no-cache-dir --constraint envs/constraints.txt ".[slurm]"'


def parse_dockerfile(text):
    """Return (instruction, rest) pairs; comments and continued lines as Docker reads them."""
    kept = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    joined = re.sub(r"\\\n\s*", " ", kept)
    return [tuple(line.split(maxsplit=1)) for line in joined.splitlines() if line.strip()]


@pytest.fixture(scope="module")
def dockerfile(root):
    return parse_dockerfile((root / "Dockerfile").read_text())


@pytest.fixture(scope="module")
def apptainer(root):
    text = (root / "envs/apptainer.def").read_text()
    head, *parts = re.split(r"^%(\w+)\n", text, flags=re.MULTILINE)
    return head, dict(zip(parts[::2], parts[1::2], strict=True))


def assert_shell(code):
    checked = subprocess.run(["bash", "-n"], input=code, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


def test_the_dockerfile_holds_known_instructions_and_starts_from_a_fixed_image(dockerfile):
    assert {name for name, _ in dockerfile} <= INSTRUCTIONS
    assert dockerfile[0][0] == "FROM"
    assert re.fullmatch(r"python:3\.11-[\w-]+", dockerfile[0][1])


def test_its_commands_are_valid_shell_and_lists_valid_json(dockerfile):
    for name, rest in dockerfile:
        if name == "RUN":
            assert_shell(rest)
        if name in {"ENTRYPOINT", "CMD"}:
            assert re.fullmatch(r'\["[^"]+"(, "[^"]+")*\]', rest)


def test_both_recipes_copy_files_that_exist_and_all_that_the_package_is_built_from(dockerfile, apptainer, root):
    copied = [source for name, rest in dockerfile if name == "COPY" for source in rest.split()[:-1]]
    listed = [line.split()[0] for line in apptainer[1]["files"].splitlines() if line.strip()]
    assert sorted(copied) == sorted(listed)
    assert all((root / name).exists() for name in copied)
    assert {"pyproject.toml", "README.md", "LICENSE", "envs", "pipeline_lib"} <= set(copied)


def test_both_recipes_install_the_lock_and_run_without_root(dockerfile, apptainer):
    assert INSTALL in [rest for name, rest in dockerfile if name == "RUN"]
    assert INSTALL in apptainer[1]["post"]
    assert [rest for name, rest in dockerfile if name == "USER"] == ["1000:1000"]


def test_the_apptainer_recipe_has_its_parts_and_valid_shell(dockerfile, apptainer):
    head, sections = apptainer
    assert set(sections) == SECTIONS
    fields = dict(line.split(": ", 1) for line in head.splitlines() if line and not line.startswith("#"))
    assert fields == {"Bootstrap": "docker", "From": dockerfile[0][1]}
    for name in SECTIONS - {"files"}:
        assert_shell(sections[name])


def test_the_workflow_names_the_image_that_the_dockerfile_is_built_as(root):
    tag = re.search(r"docker build --tag (\S+)", (root / "Dockerfile").read_text()).group(1)
    assert f'"docker-daemon:{tag}:latest"' in (root / "workflow/Snakefile").read_text()


@pytest.mark.skipif(shutil.which("hadolint") is None, reason="hadolint is not installed")
def test_hadolint_has_nothing_to_say(root):
    done = subprocess.run(["hadolint", str(root / "Dockerfile")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
