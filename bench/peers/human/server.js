// @vladmandic/human on its wasm backend behind a plain HTTP server: for each core a process with its own models.

import cluster from "node:cluster";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const at = (path) => new URL(`./node_modules/${path}`, import.meta.url);

const OPTIONS = {
  backend: "wasm",
  wasmPath: at("@tensorflow/tfjs-backend-wasm/dist/").pathname,
  // No caching between photos: they are not frames of a video.
  cacheSensitivity: 0,
  debug: false,
  filter: { enabled: false },
  face: {
    enabled: true,
    detector: { rotation: true },
    mesh: { enabled: true },
    iris: { enabled: false },
    description: { enabled: true },
    emotion: { enabled: true },
    antispoof: { enabled: false },
    liveness: { enabled: false },
  },
  body: { enabled: false },
  hand: { enabled: false },
  object: { enabled: false },
  gesture: { enabled: false },
};

// The wasm backend fetches models over HTTP only.
function serveModels() {
  const server = createServer((request, response) => {
    response.end(readFileSync(new URL(`.${request.url}`, at("@vladmandic/human/models/"))));
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

async function loadHuman() {
  require("@tensorflow/tfjs");
  require("@tensorflow/tfjs-backend-wasm");
  const { Human } = require(at("@vladmandic/human/dist/human.node-wasm.js").pathname);
  const models = await serveModels();
  const human = new Human({ ...OPTIONS, modelBasePath: `http://127.0.0.1:${models.address().port}/` });
  await human.load();
  models.close();
  return human;
}

async function analyse(human, photo) {
  const { data, info } = await require("sharp")(photo).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const pixels = human.tf.tensor3d(data, [info.height, info.width, info.channels], "int32");
  const { face, error } = await human.detect(pixels);
  human.tf.dispose(pixels);
  if (error) throw new Error(error);
  return face.map(({ boxRaw, score, meshRaw, rotation, age, gender, emotion, embedding }) => ({
    boxRaw, score, meshRaw, rotation, age, gender, emotion, embedding,
  }));
}

async function body(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts);
}

async function serve() {
  const human = await loadHuman();
  // One photo at a time: the library keeps state between the steps of a photo.
  let free = Promise.resolve();
  createServer(async (request, response) => {
    const photo = await body(request);
    const turn = free.then(() => analyse(human, photo));
    free = turn.catch(() => {});
    const [status, answer] = await turn.then((faces) => [200, faces], (error) => [500, String(error)]);
    const text = Buffer.from(JSON.stringify(answer));
    response.writeHead(status, { "Content-Type": "application/json", "Content-Length": text.length });
    response.end(text);
  }).listen(Number(process.env.BENCH_PORT), "127.0.0.1");
}

if (cluster.isPrimary) {
  for (let index = 0; index < Number(process.env.BENCH_THREADS); index += 1) cluster.fork();
} else {
  await serve();
}
