"""Runs the original ONNX files, int8 ones included, in OpenCV: `python run_opencv.py FOLDER UNPACKED_PACKAGES`.

Needs opencv-python-headless 4.14. Faceline itself runs these models in onnxruntime.
"""

import sys
from pathlib import Path

import cv2
import numpy as np

from models.convert import Converter
from models.weights.fingerprint import probe
from models.weights.registry import WEIGHTS

folder, packages = Path(sys.argv[1]), Path(sys.argv[2])
for weights in WEIGHTS.values():
    if weights.converter in (Converter.ONNX, Converter.ONNX_ONE_OUTPUT, Converter.OPENCV_INT8):
        (member,) = weights.members
        net = cv2.dnn.readNetFromONNX(str(next(packages.glob(f"*/{member}"))))
        for seed in range(3):
            net.setInput(probe(weights.row, weights.value_range, seed)[None])
            outputs = net.getUnconnectedOutLayersNames()
            names = ["output"] if weights.converter is Converter.ONNX_ONE_OUTPUT else outputs
            for name, values in zip(names, net.forward(outputs), strict=True):
                np.asarray(values).tofile(folder / f"{weights.name}-{seed}-{name}.out")
