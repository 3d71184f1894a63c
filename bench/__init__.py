"""Commands that measure Faceline. The top layer: nothing imports it.

`speed` measures throughput and latency, `peers` other servers beside it, `accuracy` recognition quality, `scaling`
predicts larger deployments. `commands` has the commands of `faceline bench`, `results` the latest figures.
"""
