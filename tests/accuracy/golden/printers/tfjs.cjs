// Runs the original TensorFlow.js graph models and face-api's nets on the CPU backend:
// node tfjs.cjs FOLDER HUMAN_MODELS FACE_API. HUMAN_MODELS and FACE_API are unpacked packages.
// Needs @tensorflow/tfjs 4.22.0, and @tensorflow/tfjs-backend-wasm 4.22.0, which face-api imports.
const fs = require('fs');
const path = require('path');
const tf = require('@tensorflow/tfjs');

const [folder, humanModels, faceApi] = process.argv.slice(2).map((argument) => path.resolve(argument));
const seeds = [0, 1, 2];

function bytes(file) {
  const content = fs.readFileSync(file);
  return content.buffer.slice(content.byteOffset, content.byteOffset + content.length);
}

const row = (model, seed) => new Float32Array(bytes(path.join(folder, `${model}-${seed}.row`)));

function write(model, seed, output, tensor) {
  fs.writeFileSync(path.join(folder, `${model}-${seed}-${output}.out`), Buffer.from(tensor.dataSync().buffer));
}

async function graphModel(name) {
  const base = path.join(humanModels, 'models', name);
  const document = JSON.parse(fs.readFileSync(`${base}.json`));
  const model = await tf.loadGraphModel(tf.io.fromMemory({
    modelTopology: document.modelTopology,
    signature: document.signature,
    weightSpecs: document.weightsManifest.flatMap((group) => group.weights),
    weightData: bytes(`${base}.bin`),
  }));
  const outputs = Object.values(document.signature.outputs).map((output) => output.name.split(':')[0]);
  for (const seed of seeds) {
    const results = [model.execute(tf.tensor(row(name, seed), [1, ...model.inputs[0].shape.slice(1)]), outputs)].flat();
    results.forEach((result, index) => write(name, seed, outputs[index], result));
  }
}

async function faceApiNets() {
  const faceapi = require(path.join(faceApi, 'dist', 'face-api.node-wasm.js'));
  await faceapi.tf.setBackend('cpu');
  await faceapi.nets.ageGenderNet.loadFromDisk(path.join(faceApi, 'model'));
  await faceapi.nets.faceExpressionNet.loadFromDisk(path.join(faceApi, 'model'));
  const image = (model, seed) => faceapi.tf.tensor(row(model, seed), [1, 3, 112, 112]).transpose([0, 2, 3, 1]);
  for (const seed of seeds) {
    const result = await faceapi.nets.ageGenderNet.forward(image('faceapi-age-gender', seed));
    write('faceapi-age-gender', seed, 'age', result.age);
    write('faceapi-age-gender', seed, 'gender', result.gender);
    const expression = await faceapi.nets.faceExpressionNet.forward(image('faceapi-expression', seed));
    write('faceapi-expression', seed, 'expression', expression);
  }
}

(async () => {
  await tf.setBackend('cpu');
  for (const name of ['facemesh', 'selfie', 'nanodet']) await graphModel(name);
  await faceApiNets();
})();
