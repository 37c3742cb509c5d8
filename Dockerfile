# Everything a study needs, in one image; docs/deployment.md says how to use it.
#
#   docker build -t seedwise:cpu .                                      torch for CPUs
#   docker build -t seedwise:cuda --build-arg TORCH_INDEX=https://pypi.org/simple .    torch with its own CUDA
FROM python:3.11-slim-bookworm

# The wheels of the first index are for CPUs and small; those of PyPI bring CUDA, so that no CUDA image is needed.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu

# git: each run record names the commit. procps: Snakemake measures memory with ps.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends git procps \
 && rm -rf /var/lib/apt/lists/*

WORKDIR /opt/seedwise
COPY requirements.txt ./
RUN grep -E '^torch(vision)?==' requirements.txt > torch.txt \
 && pip install --no-cache-dir --index-url "${TORCH_INDEX}" -r torch.txt \
 && pip install --no-cache-dir -r requirements.txt "setuptools>=69"
COPY . .
RUN pip install --no-cache-dir --no-deps --no-build-isolation .

# A study is a folder of the user's: docker run --rm -v "$PWD":/study seedwise:cpu --cores 4
WORKDIR /study
ENTRYPOINT ["snakemake", "--snakefile", "/opt/seedwise/Snakefile", "--workflow-profile", "/opt/seedwise/profiles/default"]
CMD ["--help"]
