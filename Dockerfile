# Everything a study needs, in one image; docs/deployment.md says how to use it.
#
#   docker build -t seedwise .                                            torch with its own CUDA, which trains on CPUs too
#   docker build -t seedwise:cpu --build-arg TORCH_INDEX=<address> .      smaller: PyTorch's index of CPU wheels
FROM python:3.11-slim-bookworm

# The usual wheels bring CUDA, so that no CUDA image is needed; another index may have smaller ones.
ARG TORCH_INDEX=

# git: each run record names the commit. procps: Snakemake measures memory with ps.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends git procps \
 && rm -rf /var/lib/apt/lists/*

WORKDIR /opt/seedwise
COPY requirements.txt ./
RUN grep -E '^torch(vision)?==' requirements.txt > torch.txt \
 && pip install --no-cache-dir ${TORCH_INDEX:+--index-url "${TORCH_INDEX}"} -r torch.txt \
 && pip install --no-cache-dir -r requirements.txt "setuptools>=69"
COPY . .
RUN pip install --no-cache-dir --no-deps --no-build-isolation .

# A study is a folder of the user's: docker run --rm -v "$PWD":/study seedwise --cores 4
WORKDIR /study
ENTRYPOINT ["snakemake", "--snakefile", "/opt/seedwise/Snakefile", "--workflow-profile", "/opt/seedwise/profiles/default"]
CMD ["--help"]
