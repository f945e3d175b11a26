"""Where a run is carried out, as models: the section `runner`, and the Beam options that a profile of it stands for.

Nothing here touches a result: a profile decides which machines do the work, not which bytes come out.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from pipelines.config_types import Section, called, problem
from pipelines.config_yaml import ConfigError

PROFILES = ("local", "flink", "dataflow")


def _beam_options(options: list[str]) -> list[str]:
    for number, option in enumerate(options):
        if not option.startswith("--"):
            raise problem(f"found {option!r}, expected an option of Beam, such as --max_bundle_size=10", number)
    return options


BeamOptions = Annotated[list[str], AfterValidator(_beam_options), called("a list of options of Beam")]

HostAndPort = Annotated[str, Field(pattern=r"^[^\s:/]+:\d{1,5}$"), called("a host and a port")]

Storage = Annotated[str, Field(pattern=r"^gs://."), called("an address of Cloud Storage")]


class Local(Section):
    """This machine: threads of one process, which Beam's FnApiRunner coordinates."""

    workers: int | None = Field(default=None, ge=1, examples=[4])
    """Threads that work at a time; empty: one for each core. Kernels release the interpreter's lock, so threads
    do."""
    options: BeamOptions = Field(default=[])
    """Further options of Beam, as on a command line."""

    def arguments(self) -> list[str]:
        """The profile as arguments of Beam."""
        workers = [] if self.workers is None else [f"--direct_num_workers={self.workers}"]
        return [*workers, *self.options]


class Flink(Section):
    """A Flink cluster, reached through Beam's job server for it."""

    job_endpoint: HostAndPort = Field(default="localhost:8099", examples=["flink-job-server:8099"])
    """Where the job server listens. The default is the server's own."""
    master: HostAndPort | None = Field(default=None, examples=["localhost:8081"])
    """Where Flink's REST interface listens; empty: where the job server was told. With it, a job that is interrupted
    is cancelled, which the job server does not do; without it the next run waits until that job has ended."""
    workers: HostAndPort = Field(default="localhost:50000", examples=["localhost:50000"])
    """Where a TaskManager finds its pool of Python workers. The default is a pool beside each TaskManager, at the port
    that Beam's documentation gives it; Babelmill is installed there."""
    image: str | None = Field(default=None, min_length=1, examples=["registry.example/babelmill:1"])
    """Container image that TaskManagers start in place of a pool. They need Docker for that; Babelmill is sent with
    each job."""
    parallelism: int = Field(default=2, ge=1)
    """Task slots to use. Beam's own default is one, which would leave all but one TaskManager idle."""
    processes: int = Field(default=1, ge=1)
    """Python processes of each TaskManager. Give as many as it has slots, or its slots share an interpreter."""
    options: BeamOptions = Field(default=[], examples=[["--max_bundle_size=10"]])
    """Further options of Beam and of the job server, as on a command line."""

    def arguments(self) -> list[str]:
        """The profile as arguments of Beam."""
        kind, place = ("DOCKER", self.image) if self.image else ("EXTERNAL", self.workers)
        return [
            "--runner=PortableRunner",
            f"--job_endpoint={self.job_endpoint}",
            *([f"--flink_master={self.master}"] if self.master else []),
            f"--environment_type={kind}",
            f"--environment_config={place}",
            f"--parallelism={self.parallelism}",
            f"--sdk_worker_parallelism={self.processes}",
            *self.options,
        ]


class Dataflow(Section):
    """Google's Dataflow; needs Babelmill's extra `gcp` where the command is given."""

    project: str | None = Field(default=None, min_length=1, examples=["my-project"])
    """Project that is billed. Needed with this profile."""
    region: str | None = Field(default=None, min_length=1, examples=["europe-west4"])
    """Region of the workers; choose the bucket's. Needed with this profile."""
    temp_location: Storage | None = Field(default=None, examples=["gs://my-bucket/tmp"])
    """Folder for what Dataflow stages. Needed with this profile."""
    image: str | None = Field(default=None, min_length=1, examples=["europe-docker.pkg.dev/my/images/babelmill:1"])
    """Container image of the workers, with what Babelmill depends on; empty: Beam's. On Beam's each worker installs
    all that first. Babelmill itself is sent with each job."""
    machine_type: str = Field(default="n2-highmem-2", min_length=1)
    """Machine of a worker. Two cores and 16 GB: a Python process a core, each with a gigabyte or two."""
    max_workers: int = Field(default=10, ge=1)
    """Most machines at a time. A part is a task, so more machines than a fraction of the parts would idle."""
    disk_gb: int = Field(default=50, ge=25)
    """Disk of a worker. Room for kernels, models and what a task stages; text stays in the work directory."""
    options: BeamOptions = Field(default=[], examples=[["--subnetwork=regions/europe-west4/subnetworks/default"]])
    """Further options of Beam, as on a command line."""

    def arguments(self) -> list[str]:
        """The profile as arguments of Beam.

        Raises:
            ConfigError: a key that Dataflow cannot do without is empty.
        """
        needed = {name: getattr(self, name) for name in ("project", "region", "temp_location")}
        missing = [f"runner.dataflow.{name}" for name, value in needed.items() if value is None]
        if missing:
            raise ConfigError(f"{', '.join(missing)}: missing; the profile `dataflow` cannot do without")
        image = [f"--sdk_container_image={self.image}", "--sdk_location=container"] if self.image else []
        return [
            "--runner=DataflowRunner",
            *(f"--{name}={value}" for name, value in needed.items()),
            *image,
            f"--machine_type={self.machine_type}",
            f"--max_num_workers={self.max_workers}",
            f"--disk_size_gb={self.disk_gb}",
            *self.options,
        ]


class Runner(Section):
    """Where the work is done. What follows `--` on the command line is added to a profile's options, and wins; with
    `--runner=` in it, no profile is used."""

    profile: Literal["local", "flink", "dataflow"] = "local"
    """Which of the profiles below is used. `--profile` of a command goes before it."""
    local: Local = Local()
    flink: Flink = Flink()
    dataflow: Dataflow = Dataflow()

    def arguments(self, profile: str | None = None) -> list[str]:
        """A profile as arguments of Beam, as on a command line.

        Args:
            profile: its name; None: the section's own choice.

        Raises:
            ConfigError: it lacks a key that it needs.
        """
        chosen: Local | Flink | Dataflow = getattr(self, profile or self.profile)
        return chosen.arguments()
