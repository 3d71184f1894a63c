"""The routes under `/faceapi/v1`: the API of a second vendor."""
