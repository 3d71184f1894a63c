// Each call of the client against the deployment of FACELINE_URL, with the photos of the folder PHOTOS.

import assert from "node:assert/strict";
import { openAsBlob } from "node:fs";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { Client, tarOf, templateOf } from "faceline-client";

const FITTER = "face-detector-face-fitter";
const FOUR = [FITTER, "age-estimator", "gender-estimator", "emotion-estimator"];

const client = new Client();
const photo = (name) => openAsBlob(`${process.env.PHOTOS}/${name}.jpg`);
const bytes = (name) => readFile(`${process.env.PHOTOS}/${name}.jpg`);
const collins = await photo("collins");
const macron = await photo("macron");
const faceless = await photo("shuttle_model");

async function all(iterator) {
  const items = [];
  for await (const item of iterator) items.push(item);
  return items;
}

test("a photo is analysed from a Blob, a Buffer, a Uint8Array and an ArrayBuffer", async () => {
  const buffer = await bytes("collins");
  const ways = [collins, buffer, new Uint8Array(buffer), new Uint8Array(buffer).buffer];
  const samples = await Promise.all(ways.map((way) => client.analyse(way, { preset: "face-analysis" })));
  assert.deepEqual(samples.map(({ objects }) => objects.length), [1, 1, 1, 1]);
  assert.equal(new Set(samples.map(({ objects }) => objects[0].age)).size, 1);
  assert.equal(samples[0].objects[0].gender, "female");
});

test("a photo without faces is an answer, and paths are no photos", async () => {
  assert.deepEqual((await client.analyse(faceless, { services: FOUR })).objects, []);
  await assert.rejects(client.analyse("collins.jpg", { services: FOUR }), TypeError);
  await assert.rejects(client.verify("collins.jpg", collins), TypeError);
  await assert.rejects(async () => all(client.batch(["collins.jpg"], { services: FOUR })), TypeError);
});

test("a job is submitted, watched, fetched, drawn, listed and erased", async () => {
  const options = { services: FOUR, include_image: true, metadata: { order: 7 }, ttl_s: 600 };
  const job = await client.submit(collins, options);
  const ended = await client.wait(job);
  assert.deepEqual([ended.id, ended.status, ended.metadata], [job.id, "succeeded", { order: 7 }]);
  assert.deepEqual(ended.stages.map(({ service }) => service), FOUR);
  assert.deepEqual(await client.job(job.id), ended);
  assert.deepEqual(await client.result(job.id), ended.result);
  for (const [form, start] of [["jpeg", "\xff\xd8"], ["png", "\x89PNG"], ["webp", "RIFF"]]) {
    const picture = await client.picture(job, { form, layers: ["boxes"] });
    assert.equal(picture.type, `image/${form}`);
    assert.ok(Buffer.from(await picture.arrayBuffer()).toString("latin1").startsWith(start));
  }
  assert.equal((await client.cancel(job)).status, "succeeded");
  await client.erase(job);
  await client.erase(job);
  await assert.rejects(client.job(job), { name: "ApiError", status: 410, type: "erased" });
  await assert.rejects(client.erase("no-such-job"), { status: 404, type: "job_unknown" });
});

test("jobs come in pages, the latest first", async () => {
  const ids = [];
  for (let count = 0; count < 3; count += 1) ids.push((await client.submit(collins, { services: [FITTER], wait: 30 })).id);
  const listed = (await all(client.jobs({ pageSize: 2 }))).map(({ id }) => id);
  assert.deepEqual(ids.map((id) => listed.indexOf(id)).sort((a, b) => b - a), ids.map((id) => listed.indexOf(id)));
  assert.ok((await all(client.jobs({ status: "failed" }))).every(({ status }) => status === "failed"));
  for await (const job of client.jobs()) {
    assert.equal(job.id, ids.at(-1));
    break;
  }
});

test("a sample goes on where another one ended, in both dialects", async () => {
  const fitted = await client.process(FITTER, collins);
  assert.equal((await client.process("gender-estimator", fitted)).objects[0].gender, "female");
  const older = await client.process(FITTER, await bytes("collins"), { version: 1 });
  assert.equal((await client.process("gender-estimator", older, { version: 1 })).objects[0].gender, "FEMALE");
  assert.equal((await client.analyse(fitted, { services: ["gender-estimator"] })).objects[0].gender, "female");
});

test("two photos are compared, and templates", async () => {
  const [senate, speech] = [await photo("obama_senate"), await photo("obama_speech")];
  assert.equal((await client.verify(senate, speech)).match, true);
  const other = await client.verify(collins, macron, { operating_point: "strict" });
  assert.deepEqual([other.match, other.operating_point.name], [false, "strict"]);
  for (const version of [1, 2]) {
    const { objects } = await client.process("face-detector-template-extractor", collins, { version });
    assert.equal((await client.verify(templateOf(objects[0]), collins)).match, true);
    assert.equal((await client.verify(templateOf(objects[0]), templateOf(objects[0]))).distance, 0);
  }
  assert.throws(() => templateOf({}), TypeError);
  await assert.rejects(client.verify(collins, faceless), { status: 422, type: "no_face", message: /^photo b/ });
});

test("many photos come back in their order, and leave nothing behind", async () => {
  const before = (await all(client.batches())).filter(({ status }) => status !== "erased").length;
  async function* photos() {
    yield new File([collins], "first.jpg");
    yield Buffer.from("no photo");
    yield* [macron, faceless, collins];
  }
  const items = await all(client.batch(photos(), { services: FOUR, chunk: 2, openBatches: 2 }));
  assert.deepEqual(items.map(({ name }) => name), ["first.jpg", "1", "2", "3", "4"]);
  assert.deepEqual(items.map(({ sample }) => sample?.objects.length), [1, undefined, 1, 0, 1]);
  assert.equal(items[1].error.type, "invalid_image");
  for await (const item of client.batch(Array(6).fill(collins), { services: [FITTER], chunk: 1 })) {
    assert.equal(item.index, 0);
    break;
  }
  assert.equal((await all(client.batches({ pageSize: 2 }))).filter(({ status }) => status !== "erased").length, before);
});

test("an archive is one batch", async () => {
  const archive = tarOf([["collins.jpg", collins], ["macron.jpg", macron]]);
  const batch = await client.waitBatch(await client.submitBatch(archive, "application/x-tar", { services: FOUR }));
  assert.deepEqual([batch.status, batch.counts.succeeded], ["completed", 2]);
  assert.deepEqual((await client.batchResults(batch)).map((row) => row.custom_id).sort(), ["collins.jpg", "macron.jpg"]);
  assert.deepEqual(await client.batchErrors(batch.id), []);
  assert.equal((await client.cancelBatch(batch)).status, "completed");
  await client.eraseBatch(batch);
  await client.eraseBatch(batch);
  await assert.rejects(client.getBatch(batch), { status: 410 });
});

test("the deployment says what it offers", async () => {
  assert.ok((await client.services()).presets["face-analysis"].includes("age-estimator"));
  assert.ok((await client.version()).workers.length > 0);
  assert.equal((await client.request("GET", "healthz")).status, 200);
});

test("what is wrong has its type, and names the part", async () => {
  const wrong = await client.submit(collins, { services: ["shoe-estimator"] }).catch((error) => error);
  assert.deepEqual([wrong.status, wrong.details[0].loc], [422, ["body", "services", 0]]);
  assert.ok(wrong.requestId);
  const broken = client.analyse(Buffer.from("no photo"), { services: FOUR });
  await assert.rejects(broken, { status: 422, type: "invalid_image" });
});

test("a submission whose answer was lost is not done twice", async () => {
  let lost = 0;
  const losing = async (address, options) => {
    const response = await fetch(address, options);
    if (lost > 0 || options.method !== "POST") return response;
    lost += 1;
    throw new TypeError("the connection broke after the work was done");
  };
  const before = (await all(client.jobs())).map(({ id }) => id);
  const job = await new Client({ fetch: losing, firstPauseS: 0.01 }).submit(collins, { services: [FITTER] });
  assert.equal(lost, 1);
  assert.deepEqual((await all(client.jobs())).map(({ id }) => id).filter((id) => !before.includes(id)), [job.id]);
});
