"""Runs the original Keras and TensorFlow Lite models: `python run_tensorflow.py FOLDER MASK_H5 SPOOFING_TFLITE`.

Needs tensorflow-cpu 2.15.1, the last version whose Keras reads this format. The file name must end in .h5.
"""

import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

folder = Path(sys.argv[1])


def row(model: str, seed: int, shape: tuple[int, ...]) -> np.ndarray:
    return np.fromfile(folder / f"{model}-{seed}.row", np.float32).reshape(shape)


keras = tf.keras.models.load_model(sys.argv[2], compile=False)
lite = tf.lite.Interpreter(
    sys.argv[3],
    experimental_op_resolver_type=tf.lite.experimental.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
)
lite.allocate_tensors()
for seed in range(3):
    mask = keras.predict(row("mask", seed, (1, 224, 224, 3)), verbose=0)
    mask.tofile(folder / f"mask-{seed}-output.out")
    lite.set_tensor(lite.get_input_details()[0]["index"], row("face-anti-spoofing", seed, (1, 256, 256, 3)))
    lite.invoke()
    (leaves,) = (output["index"] for output in lite.get_output_details() if output["name"] == "Identity")
    leaf_5 = "StatefulPartitionedCall_sfl_5_dense_22_dense_23_MatMul"
    lite.get_tensor(leaves)[:, 5].tofile(folder / f"face-anti-spoofing-{seed}-{leaf_5}.out")
