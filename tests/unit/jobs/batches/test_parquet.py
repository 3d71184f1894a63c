from collections.abc import Iterator, Sequence
from io import BytesIO
from time import time

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.batches.batch import Batch, BatchJob, BatchSpec
from jobs.batches.parquet import write_error_rows, write_results
from jobs.batches.rows import RequestResult, request_results
from jobs.job import Ending, JobStatus, RequestReference
from models.networks.template import decode
from models.output import Pose
from pipelines.chunk import Chunk
from pipelines.sample import SampleObject
from pipelines.tables.sample_table import SampleTable
from tests.fakes.batch_store import MemoryBatchStore
from tests.fakes.job_store import MemoryJobStore
from tests.fakes.jobs import new_job
