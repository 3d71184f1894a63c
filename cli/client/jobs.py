"""`faceline jobs`: the jobs of a deployment."""

import json
from itertools import islice
from typing import Annotated

import typer
from rich.console import Console

from cli.client.connection import AsJson, Url, exit_codes, running_deployment
from cli.client.tables import jobs_table, moment, objects_table, stages_table
from faceline_client import Job, JobFailed, Sample, to_json
from faceline_client.results import JobStatus

app = typer.Typer(
    help="Show, wait for, cancel, retry and erase jobs.\n\nExit codes: 0 done; 1 error; 2 wrong arguments; "
    "3 the job failed; 5 it is not over; 130 interrupted.",
    no_args_is_help=True,
    add_completion=False,
)

JobId = Annotated[str, typer.Argument(metavar="ID", help="The id of a job.")]


@app.command("list")
def list_command(
    status: Annotated[JobStatus | None, typer.Option(help="Only jobs with this status.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many jobs.")] = 20,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Show the latest jobs. Jobs of batches are not among them."""
    with exit_codes(Console(stderr=True)), running_deployment(url) as client:
        jobs = list(islice(client.jobs(status, page_size=min(limit, 100)), limit))
    if as_json:
        typer.echo(json.dumps(to_json(jobs), indent=2))
    elif jobs:
        Console().print(jobs_table(jobs))
    else:
        typer.echo("no jobs")


@app.command()
def show(job: JobId, as_json: AsJson = False, url: Url = None) -> None:
    """Show a job, with its result if it has one."""
    with exit_codes(Console(stderr=True)), running_deployment(url) as client:
        _show(client.job(job), as_json)


@app.command()
def wait(
    job: JobId,
    timeout: Annotated[float, typer.Option(min=0, help="How many seconds.")] = 600,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Wait until a job has ended, and show it."""
    with exit_codes(Console(stderr=True)), running_deployment(url) as client:
        ended = client.wait(job, timeout)
        _show(ended, as_json)
        if ended.status != "succeeded":
            raise JobFailed(ended)


@app.command()
def cancel(job: JobId, url: Url = None) -> None:
    """End a job at its next service."""
    with exit_codes(Console(stderr=True)), running_deployment(url) as client:
        typer.echo(f"{job} is {client.cancel(job).status}")


@app.command()
def retry(job: JobId, url: Url = None) -> None:
    """Submit a job again that failed or was canceled, as a new job. It needs the photo (include_image).

    Standard output has the id of the new job.
    """
    with exit_codes(Console(stderr=True)), running_deployment(url) as client:
        typer.echo(client.retry(job).id)


@app.command()
def erase(
    jobs: Annotated[list[str], typer.Argument(metavar="ID", help="The ids of jobs.")],
    url: Url = None,
) -> None:
    """Cancel jobs and erase their photos and results."""
    with exit_codes(Console(stderr=True)), running_deployment(url) as client:
        for job in jobs:
            client.erase(job)
            typer.echo(f"{job} is erased")


def _show(job: Job, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(to_json(job), indent=2))
        return
    console = Console()
    times = f"created {moment(job.created_at)}, finished {moment(job.finished_at)}, expires {moment(job.expires_at)}"
    console.print(f"{job.id} is {job.status}", highlight=False)
    console.print(times, highlight=False)
    console.print(stages_table(job))
    if job.error is not None:
        console.print(f"error: {job.error.message}", highlight=False, soft_wrap=True, markup=False)
    if isinstance(job.result, Sample) and job.result.objects:
        console.print(objects_table(job.result))
