"""Commands that measure speed, scaling and recognition quality. The top layer: nothing imports it."""
