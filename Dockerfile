# One image with everything that a study needs; docs/deployment.md explains its use.
#
#   docker build -t seedwise .                                            torch with its own CUDA; also trains on CPUs
#   docker build -t seedwise:cpu --build-arg TORCH_INDEX=<address> .      smaller: PyTorch's index of CPU wheels
FROM python:3.11-slim-bookworm

# The default wheels include CUDA, so that no CUDA image is needed; another index may have smaller wheels.
ARG TORCH_INDEX=

# git: run records name the commit. procps: Snakemake measures memory with ps.
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

# The study is a mounted folder: docker run --rm -v "$PWD":/study seedwise --cores 4
WORKDIR /study
ENTRYPOINT ["snakemake", "--snakefile", "/opt/seedwise/Snakefile", "--workflow-profile", "/opt/seedwise/profiles/default"]
CMD ["--help"]
