// Programs that send the request that the page sent. Each works when it is pasted.

import { addressOf } from "./api.js";

/** @typedef {import("./jobs.js").Work} Work @typedef {"v1" | "v2"} Dialect */

export const LANGUAGES = /** @type {const} */ (["curl", "python", "javascript"]);

const WAIT_S = 60;

/**
 * @param {typeof LANGUAGES[number]} language
 * @param {Work} work
 * @param {Dialect} dialect
 * @param {boolean} withKey
 */
export function analyseSnippet(language, work, dialect, withKey) {
  return { curl, python, javascript }[language](work, dialect, withKey);
}

/**
 * @param {Work} work
 * @param {Dialect} dialect
 * @param {boolean} withKey
 */
function curl(work, dialect, withKey) {
  const lines = [
    `curl -sS '${addressOf("jobs/image", { wait: WAIT_S })}'`,
    ...(withKey ? ['-H "Authorization: Bearer $FACELINE_KEY"'] : []),
    "-F image=@photo.jpg",
    ...fieldsOf(work, dialect).map(([name, value]) => `-F ${name}=${value}`),
  ];
  return lines.join(" \\\n  ");
}

/**
 * @param {Work} work
 * @param {Dialect} dialect
 * @param {boolean} withKey
 */
function python(work, dialect, withKey) {
  return dialect === "v2" ? pythonClient(work) : pythonAlone(work, withKey);
}

/**
 * With the client, which speaks v2, and takes the key from the environment by itself.
 * @param {Work} work
 */
function pythonClient(work) {
  const what = work.preset ? `preset="${work.preset}"` : `services=[${(work.services ?? []).map((name) => `"${name}"`).join(", ")}]`;
  const url = addressOf("").href.replace(/\/$/, "");
  return `# The package faceline-client, which is a part of faceline.
from faceline_client import Client

with Client("${url}") as client:
    sample = client.analyse("photo.jpg", ${what})
for face in sample.objects:
    print(face)`;
}

/**
 * With the standard library alone, in v1.
 * @param {Work} work
 * @param {boolean} withKey
 */
function pythonAlone(work, withKey) {
  const what = work.preset ? `"preset": "${work.preset}"` : `"services": ${JSON.stringify(work.services ?? [])}`;
  const key = withKey ? ', "Authorization": "Bearer " + os.environ["FACELINE_KEY"]' : "";
  return `import base64
import json
${withKey ? "import os\n" : ""}import urllib.request

with open("photo.jpg", "rb") as file:
    photo = base64.b64encode(file.read()).decode()
body = {${what}, "sample": {"$image": photo}}
request = urllib.request.Request(
    "${addressOf("jobs", { wait: WAIT_S })}",
    data=json.dumps(body).encode(),
    headers={"Content-Type": "application/json"${key}},
)
with urllib.request.urlopen(request) as response:
    job = json.load(response)
print(json.dumps(job["result"]["objects"], indent=2))`;
}

/**
 * @param {Work} work
 * @param {Dialect} dialect
 * @param {boolean} withKey
 */
function javascript(work, dialect, withKey) {
  const fields = fieldsOf(work, dialect).map(([name, value]) => `form.append("${name}", "${value}");`);
  const key = withKey ? "  headers: { Authorization: `Bearer ${process.env.FACELINE_KEY}` },\n" : "";
  return `// Node.js 20 or later. In a browser, append the File of an input instead.
import { openAsBlob } from "node:fs";

const form = new FormData();
form.append("image", await openAsBlob("photo.jpg"), "photo.jpg");
${fields.join("\n")}
const response = await fetch("${addressOf("jobs/image", { wait: WAIT_S })}", {
  method: "POST",
  body: form,
${key}});
const job = await response.json();
console.log(JSON.stringify(job.result.objects, null, 2));`;
}

/**
 * @param {Work} work
 * @param {Dialect} dialect
 * @returns {[string, string][]}
 */
function fieldsOf(work, dialect) {
  const what = /** @type {[string, string]} */ (work.preset ? ["preset", work.preset] : ["services", (work.services ?? []).join(",")]);
  return dialect === "v2" ? [what] : [what, ["dialect", dialect]];
}
