from docs.site.glossary import link_terms, terms, with_anchors
from docs.site.staging import DOCS

GLOSSARY = """# Glossary

| word | meaning | where |
|---|---|---|
| job | one submission in the [queue](a.md) | `jobs/job.py` |
| batch job | a job of a batch | `b.py` |
| pose: yaw, pitch | angles | `c.py` |
| output | of a service | `d.py` |
"""


def linked(page: str) -> str:
    return link_terms(page, terms(GLOSSARY), "../glossary.md")


def test_a_word_is_linked_where_it_first_occurs() -> None:
    page = linked("# A job\n\nA job. Two jobs, and a job.\n")
    link = '[job](../glossary.md#word-job){ .term title="one submission in the queue" }'
    assert page == f"# A job\n\nA {link}. Two jobs, and a job.\n"


def test_the_longest_word_is_linked() -> None:
    assert "[batch job](../glossary.md#word-batch-job)" in linked("A batch job.")


def test_plurals_and_capitals_are_the_same_word() -> None:
    assert linked("Jobs.").startswith("[Jobs](../glossary.md#word-job)")


def test_links_code_and_parts_of_words_stay_as_they_are() -> None:
    for text in (
        "`job`",
        "[a job](x.md)",
        "job-like",
        "jobless",
        "    job",
        "https://job.example",
        "<job>",
        "jobs/job",
    ):
        assert linked(text) == text


def test_a_word_that_the_page_links_elsewhere_is_linked() -> None:
    assert linked("A [job](jobs.md). A job.") == "A [job](jobs.md). A job."


def test_everyday_words_are_not_linked() -> None:
    assert linked("The output of a command.") == "The output of a command."


def test_each_linked_word_has_its_anchor_once() -> None:
    glossary = (DOCS / "glossary.md").read_text()
    anchored = with_anchors(glossary)
    for term in terms(glossary):
        assert anchored.count(f'id="{term.anchor}"') == 1, term
