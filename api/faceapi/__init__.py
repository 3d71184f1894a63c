"""The routes under `/faceapi/v1`: the façade of a second vendor."""
