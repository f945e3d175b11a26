"""A Flink cluster on this machine.

python -m tests.flink                                                # until Ctrl-C, for `--profile flink`
python -m tests.flink --task-managers 3 babelmill run corpus.yaml    # for a command, which gets its options
"""

import argparse
import signal
import subprocess
import sys

from tests.flink.cluster import FlinkCluster, Ports
from tests.flink.jars import missing_tools


def main():
    parser = argparse.ArgumentParser(
        prog="python -m tests.flink", description="A Flink cluster on this machine, until Ctrl-C or for one command."
    )
    parser.add_argument("--task-managers", type=int, default=2, metavar="N", help="each has a slot; default: 2")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="what to run on it; Beam's options are added")
    arguments = parser.parse_args()
    if missing := missing_tools():
        sys.exit(f"a Flink cluster needs {' and '.join(missing)}")
    print("starting Flink (the first time, Maven fetches 152 MB of jars)", file=sys.stderr, flush=True)
    # With a command of its own, nobody else has to find the cluster.
    ports = None if arguments.command else Ports()
    with FlinkCluster(task_managers=arguments.task_managers, ports=ports) as cluster:
        if arguments.command:
            separator = [] if "--" in arguments.command else ["--"]
            sys.exit(subprocess.run([*arguments.command, *separator, *cluster.beam_options]).returncode)
        print(f"Flink is up, its REST interface at http://localhost:{cluster.ports.rest}. Ctrl-C ends it.")
        print("In another terminal: babelmill run CONFIG --profile flink", flush=True)
        try:
            signal.pause()
        except KeyboardInterrupt:
            print()


if __name__ == "__main__":
    main()
