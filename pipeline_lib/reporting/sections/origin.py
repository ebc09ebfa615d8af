"""Where the numbers came from."""

import json

import pandas as pd

from pipeline_lib.reporting.html import Section
from pipeline_lib.reporting.html_table import html_table
from pipeline_lib.reporting.run_folder import RunFolder

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
            html_table("rules", "Time (s) and peak memory (MB) of the jobs", rules, digits=1),
            html_table("sources", "Upstream files", sources),
            html_table("packages", "Versions", versions),
        ],
        [json.dumps({key: content[key] for key in ("git", "seeds", "configuration_sha256")}, indent=2)],
        folded=True,
    )
