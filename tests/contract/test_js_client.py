"""What is generated for the JavaScript client, and its types in the project of a user."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from clients.js.generate.npm import NpmFailed
from clients.js.generate.renew import CONSOLE_COPY, PACKAGE, ROOT, SOURCE, generated
from tests.browser.typescript import install_compiler

PAGE = ROOT / "docs" / "clients-js.md"
PROGRAM = """
import { ApiError, Client, templateOf, type BatchItem, type Job, type SampleV1 } from "faceline-client";
import type { components } from "faceline-client/schema";

const client = new Client({ url: "http://127.0.0.1:8000", key: () => "secret", timeoutS: 20 });

export async function use(photo: File, bytes: Uint8Array): Promise<(number | string)[]> {
  const sample = await client.analyse(photo, { services: ["age-estimator"], wait: 10, signal: AbortSignal.timeout(9) });
  const older: SampleV1 = await client.process("age-estimator", bytes, { version: 1 });
  const job: Job = await client.submit(sample, { preset: "face-analysis", metadata: { order: 7 } });
  const verification = await client.verify(templateOf(sample.objects[0]!), photo, { operating_point: "strict" });
  const point: components["schemas"]["OperatingPointView"] = verification.operating_point;
  const items: BatchItem[] = [];
  for await (const item of client.batch([photo, bytes], { preset: "face-analysis" })) items.push(item);
  try {
    await client.erase(job);
  } catch (error) {
    if (error instanceof ApiError && error.type === "job_unknown") return [error.status];
  }
  return [...sample.objects, ...older.objects].flatMap(({ age }) => age ?? []).concat(point.name, items.length);
}

// @ts-expect-error a path is no photo
void client.analyse("photo.jpg", { preset: "face-analysis" });
// @ts-expect-error there is no such purpose
void client.verify(new Blob(), new Blob(), { operating_point: "loose" });
// @ts-expect-error there is no such option
void client.submit(new Blob(), { service: "age-estimator" });
"""


def test_the_console_serves_the_same_file() -> None:
    if CONSOLE_COPY.read_bytes() != SOURCE.read_bytes():
        pytest.fail("the console has another client than clients/js: renew it with `make client-js`")


def test_the_generated_types_are_those_of_the_document_and_the_client() -> None:
    try:
        files = generated()
    except NpmFailed as error:
        pytest.skip(str(error))
    for path, text in files.items():
        if path.read_text(encoding="utf-8") != text:
            pytest.fail(f"{path.name} is not that of the document and the client: renew it with `make client-js`")


def test_the_package_has_a_licence_and_needs_no_other() -> None:
    package = json.loads((PACKAGE / "package.json").read_text(encoding="utf-8"))
    assert "dependencies" not in package
    assert package["license"] == "Apache-2.0"
    # npm publishes these whether they are listed or not.
    assert (PACKAGE / "LICENSE").is_file()
    assert (PACKAGE / "README.md").is_file()
    assert all((PACKAGE / name).is_file() for name in package["files"])


@pytest.mark.parametrize("resolution", ["nodenext", "bundler"])
def test_a_program_of_a_user_finds_the_types(tmp_path: Path, resolution: str) -> None:
    try:
        compiler = install_compiler()
    except NpmFailed as error:
        pytest.skip(str(error))
    shutil.copytree(PACKAGE, tmp_path / "node_modules" / "faceline-client")
    (tmp_path / "package.json").write_text('{"type": "module", "private": true}')
    (tmp_path / "program.ts").write_text(PROGRAM)
    (documented,) = re.findall(r"^```ts\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    (tmp_path / "documented.ts").write_text(f"{documented}export const presets = ({{ presets }}: Offers) => presets;\n")
    options = {
        "strict": True,
        "noUncheckedIndexedAccess": True,
        "noEmit": True,
        "target": "es2022",
        "lib": ["es2022", "dom", "dom.iterable"],
        "module": "nodenext" if resolution == "nodenext" else "esnext",
        "moduleResolution": resolution,
        "types": [],
    }
    (tmp_path / "tsconfig.json").write_text(
        json.dumps({"compilerOptions": options, "files": ["program.ts", "documented.ts"]})
    )
    done = subprocess.run([compiler, "--project", tmp_path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
