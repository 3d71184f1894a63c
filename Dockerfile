# One image for each kind of process; docs/operations.md says what is in each of them.
#
#   docker build --target api .         the API
#   docker build --target webhooks .    the process that sends webhooks: the API's image with another command
#   docker build --target worker .      workers on CPUs
#   docker build --target worker-gpu .  workers on NVIDIA GPUs, x86-64 only
#
# `--build-arg EXTRAS=…` adds packages: `s3` and `gs` to read photos from buckets, `formats` to decode HEIC, AVIF and TIFF,
# `traces` to send traces; several with spaces between them.
ARG PYTHON=3.11
FROM python:${PYTHON}-slim AS python

# The wheel of Faceline, and the models: pulled, converted, and checked by their SHA-256.
FROM python AS build
# Debian removes old versions from its archive: a pinned one would break the build.
# hadolint ignore=DL3008
RUN apt-get update && apt-get install --yes --no-install-recommends npm && rm -rf /var/lib/apt/lists/*
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ONLY_BINARY=:all:
RUN python -m venv /opt/build && python -m venv /opt/sbom
WORKDIR /src
COPY requirements requirements
RUN /opt/build/bin/pip install --require-hashes -r requirements/runtime.txt \
    && /opt/sbom/bin/pip install --require-hashes -r requirements/sbom.txt
COPY . .
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
    && /opt/build/bin/pip install --no-deps /wheels/*.whl
RUN /opt/build/bin/faceline weights pull --folder /weights \
    && test -d /weights/console \
    && /opt/build/bin/faceline weights list --folder /weights --json > /models.json \
    && chmod -R a+rX /weights

# The packages of each image, in a virtual environment that is copied as a whole: no pip, cache or source goes along.
FROM python AS packages
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ONLY_BINARY=:all: PIP_PYTHON=/opt/faceline/bin/python
RUN python -m venv --without-pip /opt/faceline
WORKDIR /src
COPY requirements requirements
ARG EXTRAS=
RUN for extra in $EXTRAS; do pip install --require-hashes -r "requirements/$extra.txt" || exit 1; done

FROM packages AS packages-api
RUN pip install --require-hashes -r requirements/api.txt
COPY --from=build /opt/sbom /opt/sbom
COPY --from=build /wheels /wheels
RUN pip install --no-deps /wheels/*.whl \
    && mkdir /opt/faceline/sbom \
    && /opt/sbom/bin/cyclonedx-py environment /opt/faceline/bin/python -o /opt/faceline/sbom/python.cdx.json

FROM packages AS packages-worker
RUN pip install --require-hashes -r requirements/worker.txt
COPY --from=build /opt/sbom /opt/sbom
COPY --from=build /wheels /wheels
COPY --from=build /models.json /opt/faceline/sbom/models.json
RUN pip install --no-deps /wheels/*.whl \
    && /opt/sbom/bin/cyclonedx-py environment /opt/faceline/bin/python -o /opt/faceline/sbom/python.cdx.json

FROM packages AS packages-worker-gpu
RUN pip install --require-hashes -r requirements/worker-gpu.txt
COPY --from=build /opt/sbom /opt/sbom
COPY --from=build /wheels /wheels
COPY --from=build /models.json /opt/faceline/sbom/models.json
RUN pip install --no-deps /wheels/*.whl \
    && /opt/sbom/bin/cyclonedx-py environment /opt/faceline/bin/python -o /opt/faceline/sbom/python.cdx.json

FROM python AS runtime
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="Faceline" \
      org.opencontainers.image.description="A self-hosted image API for faces and bodies" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.licenses="Apache-2.0" \
      faceline.sbom="/opt/faceline/sbom"
RUN useradd --uid 1000 --create-home faceline
ENV PATH=/opt/faceline/bin:$PATH PYTHONDONTWRITEBYTECODE=1 FACELINE_WEIGHTS_DIR=/weights
# A number: Kubernetes cannot tell whether a name is root.
USER 1000:1000
# Away from any source tree, and with -P: the installed package runs, whatever the working folder holds.
WORKDIR /home/faceline
ENTRYPOINT ["python", "-P", "-m", "embedded.process"]

# No onnxruntime and no models; the modules of the web console only.
FROM runtime AS api
COPY --from=packages-api /opt/faceline /opt/faceline
COPY --from=build /weights/console /weights/console
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz')"]
CMD ["api", "0.0.0.0", "8000"]

FROM api AS webhooks
ENV FACELINE_ALIVE_FILE=/tmp/alive
HEALTHCHECK --interval=15s --timeout=10s --start-period=60s CMD ["python", "-P", "-m", "embedded.probe"]
CMD ["webhooks"]

FROM runtime AS worker-gpu
COPY --from=packages-worker-gpu /opt/faceline /opt/faceline
COPY --from=build /weights /weights
ENV FACELINE_DEVICE=cuda FACELINE_ALIVE_FILE=/tmp/alive
HEALTHCHECK --interval=15s --timeout=10s --start-period=120s \
    CMD ["python", "-P", "-m", "embedded.probe", "--consuming"]
CMD ["worker", "face-detection", "face-attributes", "liveness", "quality", "recognition", "matching", "body"]

FROM runtime AS worker
COPY --from=packages-worker /opt/faceline /opt/faceline
COPY --from=build /weights /weights
ENV FACELINE_ALIVE_FILE=/tmp/alive
HEALTHCHECK --interval=15s --timeout=10s --start-period=60s \
    CMD ["python", "-P", "-m", "embedded.probe", "--consuming"]
CMD ["worker", "face-detection", "face-attributes", "liveness", "quality", "recognition", "matching", "body"]
