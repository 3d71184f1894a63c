// When the client sends a request again, and when it gives up: on a small server that breaks in each of these ways.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, beforeEach, test } from "node:test";
import { setTimeout } from "node:timers/promises";

import { ApiError, Client, FacelineError, JobFailed, NoAnswer, NotOver } from "faceline-client";

const JOB = { id: "j1", status: "queued", services: [], stages: [], created_at: "2026-01-01T00:00:00Z" };
const PHOTO = new Blob(["photo"]);

/** What the server answers, in this order, and then the job; null breaks the connection, "never" does not answer. */
let answers = [];
let requests = [];

const server = createServer((request, response) => {
  request.resume().on("end", () => {
    requests.push({ method: request.method, url: request.url, headers: request.headers });
    const answer = answers.length > 0 ? answers.shift() : { body: JOB };
    if (answer === null) return request.socket.destroy();
    if (answer === "never") return undefined;
    const { status = 200, headers = {}, body = { detail: "why", type: "any" } } = answer;
    response.writeHead(status, headers).end(typeof body === "string" ? body : JSON.stringify(body));
  });
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
after(() => server.close().closeAllConnections());

const url = `http://127.0.0.1:${server.address().port}/prefix`;
const quick = { url, attempts: 4, firstPauseS: 0.01, longestPauseS: 2 };
const client = new Client({ ...quick, key: "secret" });
const refused = (status, type = "any", headers = {}) => ({ status, headers, body: { detail: "why", type } });

beforeEach(() => {
  answers = [];
  requests = [];
});

const BREAKS = [refused(503), refused(502), refused(429), refused(408), refused(409, "still_coming_in"), null];
for (const broken of BREAKS) {
  test(`a job is sent again with its key after ${broken?.status ?? "a broken connection"}`, async () => {
    answers = [broken, broken];
    assert.equal((await client.submit(PHOTO, { preset: "p" })).id, "j1");
    const keys = requests.map(({ headers }) => headers["idempotency-key"]);
    assert.equal(keys.length, 3);
    assert.match(keys[0], /^[0-9a-f]{32}$/);
    assert.equal(new Set(keys).size, 1);
    await client.submit(PHOTO, { preset: "p" });
    assert.notEqual(requests.at(-1).headers["idempotency-key"], keys[0]);
  });
}

test("the key, the prefix and the query are sent", async () => {
  await client.job("a/b", { wait: 90 });
  assert.equal(requests[0].url, "/prefix/jobs/a%2Fb?wait=60");
  assert.equal(requests[0].headers.authorization, "Bearer secret");
  await new Client({ url, key: () => "changing" }).job("j1");
  assert.equal(requests[1].headers.authorization, "Bearer changing");
});

for (const [status, type] of [[422, "invalid_image"], [409, "canceled"], [500, "x"], [504, "timed_out"]]) {
  test(`what would fail again is not sent again: ${status} ${type}`, async () => {
    answers = [refused(status, type, { "X-Request-ID": "r1" })];
    const expected = { name: "ApiError", status, type, message: "why", requestId: "r1", retryAfterS: null };
    await assert.rejects(client.submit(PHOTO, { preset: "p" }), expected);
    assert.equal(requests.length, 1);
  });
}

test("an API that stays busy is an error in the end", async () => {
  answers = Array(4).fill(refused(503));
  await assert.rejects(client.services(), { status: 503 });
  assert.equal(requests.length, 4);
});

test("a pause is as long as the answer asks for, and one that is too long is an error at once", async () => {
  answers = [refused(429, "overloaded", { "Retry-After": "1" })];
  const began = performance.now();
  await client.job("j1");
  assert.ok(performance.now() - began >= 990);
  answers = [refused(429, "rate_limited", { "Retry-After": "86400" })];
  await assert.rejects(client.job("j1"), { status: 429, retryAfterS: 86400 });
  assert.equal(requests.length, 3);
});

test("work without a key is not done twice, and is sent again if it was not accepted", async () => {
  answers = [null];
  await assert.rejects(client.verify(PHOTO, PHOTO), NoAnswer);
  assert.equal(requests.length, 1);
  answers = [refused(503)];
  await client.verify(PHOTO, PHOTO);
  assert.equal(requests.length, 3);
  assert.equal(requests[0].headers["idempotency-key"], undefined);
});

test("another server is recognised", async () => {
  answers = [{ body: "<html>" }, { status: 404, body: "<html>" }];
  await assert.rejects(client.services(), { name: "FacelineError", type: "unknown_answer" });
  await assert.rejects(client.services(), { status: 404, type: "http_error", message: "the server answered with status 404" });
});

test("a refusal says which part of the request is wrong", async () => {
  const detail = [{ loc: ["body", "services", 0], msg: "unknown service", type: "unknown" }];
  answers = [{ status: 422, body: { detail, type: "invalid_sample" } }];
  await assert.rejects(client.submit(PHOTO, { services: ["x"] }), { message: "body.services.0: unknown service", details: detail });
});

test("a request that takes too long is given up", async () => {
  answers = ["never"];
  const impatient = new Client({ ...quick, timeoutS: 0.2, attempts: 1 });
  await assert.rejects(impatient.services(), { name: "NoAnswer", type: "no_answer", message: /the time is over/ });
});

test("a caller aborts a request, and a pause between two", async () => {
  const patient = new Client({ ...quick, longestPauseS: 60 });
  for (const answer of ["never", refused(503, "any", { "Retry-After": "60" })]) {
    answers = [answer];
    requests = [];
    const ended = new AbortController();
    const waiting = assert.rejects(patient.services({ signal: ended.signal }), { name: "AbortError" });
    while (requests.length === 0) await setTimeout(5);
    await setTimeout(50);
    ended.abort();
    await waiting;
    assert.equal(requests.length, 1);
  }
});

test("a job that ends without a result has failed, and one that does not end is not over", async () => {
  answers = [{ body: { ...JOB, status: "failed", error: { service: "age-estimator", type: "timed_out", message: "too slow" } } }];
  const failed = await client.result("j1").catch((error) => error);
  assert.ok(failed instanceof JobFailed && failed instanceof FacelineError);
  assert.deepEqual([failed.type, failed.service, failed.message, failed.job.id], ["timed_out", "age-estimator", "too slow", "j1"]);
  answers = [{ body: { ...JOB, status: "canceled" } }];
  await assert.rejects(client.result("j1"), { type: "canceled" });
  await assert.rejects(client.analyse(PHOTO, { preset: "p", wait: 0 }), NotOver);
  await assert.rejects(client.wait("j1", { timeoutS: 0.05 }), { type: "not_over", id: "j1", message: "j1 is still queued" });
});

test("a server that is away does not answer", async () => {
  const away = new Client({ url: "http://127.0.0.1:1", attempts: 1 });
  await assert.rejects(away.services(), (error) => error instanceof NoAnswer && !(error instanceof ApiError));
});

test("a batch that finds no room reads the results of the others first", async () => {
  const batch = (id) => ({ body: { id, status: "completed", counts: {}, created_at: "2026-01-01T00:00:00Z" } });
  const row = { body: `${JSON.stringify({ custom_id: "0", line: 1, result: { objects: [] } })}\n` };
  const results = (id) => [batch(id), row, { body: "" }, { status: 204, body: "" }];
  answers = [batch("b1"), ...Array(4).fill(refused(429)), ...results("b1"), batch("b2"), ...results("b2")];
  const names = [];
  for await (const item of client.batch([PHOTO, PHOTO], { preset: "p", chunk: 1 })) names.push(item.name, item.error);
  assert.deepEqual(names, ["0", null, "1", null]);
  assert.deepEqual(requests.filter(({ method }) => method === "DELETE").map(({ url: path }) => path), ["/prefix/batches/b1", "/prefix/batches/b2"]);
});
