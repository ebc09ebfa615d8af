# The environment of the pipeline: Python and every dependency at the versions of envs/constraints.txt. The checkout
# itself is mounted, so that an edit needs no new image.
#   docker build --tag cell-latent-perturbation .
#   docker run --rm --gpus all --user "$(id -u):$(id -g)" --volume "$PWD:/pipeline" cell-latent-perturbation --cores all
FROM python:3.11-slim-bookworm

# git: provenance.json names the commit.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git \
    && rm --recursive --force /var/lib/apt/lists/*

WORKDIR /opt/pipeline
COPY pyproject.toml README.md LICENSE ./
COPY envs ./envs
COPY pipeline_lib ./pipeline_lib
RUN python -m pip install --no-cache-dir --constraint envs/constraints.txt ".[slurm]"

# Snakemake and matplotlib keep caches below HOME, which --user leaves without an owner.
ENV HOME=/tmp \
    PYTHONPATH=/pipeline \
    PYTHONUNBUFFERED=1
RUN git config --system --add safe.directory /pipeline
WORKDIR /pipeline
USER 1000:1000
ENTRYPOINT ["snakemake"]
CMD ["--cores", "all"]
