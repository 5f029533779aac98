"""Submits a job file of HyperQueue by its Python package, which has no `hq` program, and waits for it.

    python3 submit.py JOB.toml [--server-dir DIR] [--retries N]

Without a server, a cluster of this machine's cores is started for as long as the tasks take. Tasks that fail are
submitted again, N times. Exit codes: 0 all tasks ended well, 1 some failed, 2 usage, 3 a package is missing,
130 interrupted.
"""

import argparse
import logging
import os
import signal
import sys
import threading
from pathlib import Path

if not sys.stderr.isatty():
    # The package draws a progress bar.
    os.environ.setdefault("TQDM_DISABLE", "1")

try:
    try:
        import tomllib
    except ImportError:
        import tomli as tomllib
    from hyperqueue.client import Client
    from hyperqueue.cluster import LocalCluster, WorkerConfig
    from hyperqueue.ffi.protocol import ResourceRequest
    from hyperqueue.job import Job
    from hyperqueue.output import StdioDef
except ImportError as error:
    print(f"error: {error}", file=sys.stderr)
    sys.exit(3)


def stream(definition):
    """Where a stream goes, by the job file's words."""
    if definition["mode"] == "rm-if-finished":
        return StdioDef.remove_if_finished(definition["path"])
    return StdioDef.from_path(definition["path"])


def request(definition):
    """What a task needs, by the job file's words."""
    amounts = dict(definition["resources"])
    return ResourceRequest(cpus=amounts.pop("cpus"), resources=amounts)


def job_of(name, tasks):
    """A job of these tasks, none of which ends the others by failing."""
    job = Job(max_fails=None, name=name)
    for task in tasks:
        job.program(
            task["command"],
            cwd=task["cwd"],
            stdout=stream(task["stdout"]),
            stderr=stream(task["stderr"]),
            name=task["command"][-1],
            resources=[request(it) for it in task["request"]],
            crash_limit=task["crash_limit"],
        )
    return job


def work(client, name, tasks, retries):
    """Submits the tasks until all have ended well or were tried often enough; returns those that failed."""
    for attempt in range(retries + 1):
        job = client.submit(job_of(name, tasks))
        if client.wait_for_jobs([job], raise_on_error=False):
            return []
        failed = client.get_failed_tasks(job)
        for number, context in sorted(failed.items())[:5]:
            print(f"{tasks[number]['command'][-1]}: {context.error}", file=sys.stderr)
        tasks = [tasks[number] for number in sorted(failed)]
        if attempt < retries:
            print(f"{len(tasks)} tasks failed and are tried again", file=sys.stderr)
    return tasks


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("job_file", type=Path)
    parser.add_argument("--server-dir", type=Path)
    parser.add_argument("--retries", type=int, default=0)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    job = tomllib.loads(arguments.job_file.read_text(encoding="utf-8"))
    tasks = job["task"]
    (arguments.job_file.parent / "output").mkdir(exist_ok=True)

    cluster = None
    if arguments.server_dir is None:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        needed = max(int(it["resources"]["cpus"]) for task in tasks for it in task["request"])
        if needed > cores:
            parser.error(f"a task needs {needed} cores, this machine has {cores}")
        server_dir = arguments.job_file.parent / "server"
        cluster = LocalCluster(str(server_dir), WorkerConfig(cores=cores))
        client = cluster.client()
    else:
        client = Client(arguments.server_dir)

    # The package waits without looking at signals, so that a thread waits for it.
    outcome = {}

    def wait():
        try:
            outcome["failed"] = work(client, job["name"], tasks, arguments.retries)
        except BaseException as error:
            outcome["error"] = error
        finally:
            ended.set()

    ended = threading.Event()
    interrupted = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: (interrupted.set(), ended.set()))
    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    while not ended.wait(0.2):
        pass

    # Not `sys.exit`, which would wait for the thread.
    sys.stderr.flush()
    if interrupted.is_set():
        if cluster is None:
            print("interrupted; the server goes on with the tasks", file=sys.stderr, flush=True)
        else:
            cluster.stop()
        os._exit(130)
    if cluster is not None:
        cluster.stop()
    if "error" in outcome:
        print(f"error: {outcome['error']}", file=sys.stderr, flush=True)
        os._exit(4)
    os._exit(1 if outcome["failed"] else 0)


if __name__ == "__main__":
    main()
