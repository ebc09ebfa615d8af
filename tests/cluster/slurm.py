"""A Slurm of one's own: munged, slurmctld and two slurmd with a fake GPU each, in one folder, on loopback."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Self

import psutil

COMMANDS = ("sbatch", "srun", "squeue", "scancel", "scontrol", "sinfo")
PROGRAMS = ("munged", "slurmctld", "slurmd", "setpriv", *COMMANDS)
NODES = ("n1", "n2")
CPUS = 2

SLURM_CONF = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/log/slurmctld.log
SlurmdLogFile={folder}/log/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
# The nodes of a test have the memory that a real one would have; nothing here enforces it.
SlurmdParameters=config_overrides
ReturnToService=2
MinJobAge=43200
KillWait=2
SlurmdTimeout=120
GresTypes=gpu
{nodes}
PartitionName=cpu Nodes=ALL Default=YES MaxTime=INFINITE State=UP
PartitionName=gpu Nodes=ALL MaxTime=INFINITE State=UP
"""
NODE = (
    "NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs={cpus} RealMemory=64000 "
    "Gres=gpu:fake:1 State=UNKNOWN"
)


def missing() -> str:
    """Return why no Slurm can be started here; empty where one can."""
    if os.geteuid() != 0:
        return "a Slurm of one's own needs root"
    absent = [program for program in PROGRAMS if shutil.which(program) is None]
    return f"not installed: {', '.join(absent)} (Debian: slurm-wlm, munge)" if absent else ""


class Slurm:
    """The daemons, and the commands that a person would type.

    Parameters
    ----------
    folder
        Holds configuration, keys, state and logs. munged refuses folders that others may write to.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # The executor takes SLURM_CONF out of the environment of a job's steps; commands that know it need none.
        self.environment = {
            **os.environ,
            "SLURM_CONF": str(folder / "slurm.conf"),
            "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
        }
        self._running = ExitStack()

    def __enter__(self) -> Self:
        try:
            self._write()
            self._start_munge()
            self.start_controller()
            for node in NODES:
                self._daemon(["slurmd", "-D", "-N", node], node)
            self._wait_for_nodes()
        except BaseException:
            self._running.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(subprocess.SubprocessError, TimeoutError):
            self.cancel_all()
        self._running.close()

    def _write(self) -> None:
        for name in ("munge", "state", "log"):
            (self.folder / name).mkdir()
        with ExitStack() as stack:
            sockets = [stack.enter_context(closing(socket.socket())) for _ in range(1 + len(NODES))]
            for free in sockets:
                free.bind(("127.0.0.1", 0))
            ports = [free.getsockname()[1] for free in sockets]
        host = socket.gethostname().split(".")[0]
        nodes = [
            NODE.format(name=name, host=host, port=port, cpus=CPUS) for name, port in zip(NODES, ports[1:], strict=True)
        ]
        (self.folder / "slurm.conf").write_text(
            SLURM_CONF.format(folder=self.folder, host=host, ports=ports, nodes="\n".join(nodes))
        )
        (self.folder / "bin").mkdir()
        for program in COMMANDS:
            script = self.folder / "bin" / program
            script.write_text(f'#!/bin/sh\nSLURM_CONF={self.folder}/slurm.conf exec {shutil.which(program)} "$@"\n')
            script.chmod(0o755)
        gpus = []
        for node in NODES:
            device = self.folder / f"gpu-{node}"
            device.touch()
            gpus.append(f"NodeName={node} Name=gpu Type=fake File={device}\n")
        (self.folder / "gres.conf").write_text("".join(gpus))

    def _start_munge(self) -> None:
        folder = self.folder / "munge"
        key = folder / "key"
        key.touch(mode=0o600)
        key.write_bytes(secrets.token_bytes(128))
        options = {"socket": "socket", "key-file": "key", "pid-file": "pid", "seed-file": "seed", "log-file": "log"}
        self._daemon(
            ["munged", "--foreground", "--force", *(f"--{name}={folder / file}" for name, file in options.items())],
            "munged",
        )
        self._wait((folder / "socket").exists, "munged opens no socket")

    def start_controller(self) -> None:
        """Start slurmctld; one that ran before is taken up where it left its state."""
        self._controller = self._daemon(["slurmctld", "-D"], "slurmctld")

    def register_nodes(self) -> None:
        """Let every node tell the controller, which may just have started, what runs on it."""
        self._wait(lambda: "UP" in self.run("scontrol", "ping"), "the controller does not answer")
        self.run("scontrol", "reconfigure")

    def kill_controller(self) -> None:
        """Kill slurmctld as a power loss would."""
        self._controller.kill()
        self._controller.wait()

    def _daemon(self, command: list[str], name: str) -> subprocess.Popen[bytes]:
        log = self._running.enter_context((self.folder / "log" / f"{name}.out").open("ab"))
        # However the tests end, no daemon outlives them.
        mortal = ["setpriv", "--pdeathsig", "TERM", *command]
        process = subprocess.Popen(mortal, env=self.environment, stdout=log, stderr=log, start_new_session=True)
        self._running.callback(_stop, process)
        return process

    def _wait_for_nodes(self) -> None:
        def idle() -> bool:
            return self.run("sinfo", "-h", "-N", "-p", "cpu", "-o", "%T").split() == ["idle"] * len(NODES)

        self._wait(idle, "the nodes do not become idle")

    def _wait(self, done: Callable[[], bool], complaint: str, seconds: float = 90) -> None:
        end = time.monotonic() + seconds
        while not done():
            if time.monotonic() > end:
                logs = "\n".join(
                    f"{path.name}: {path.read_text(errors='replace')[-1500:]}"
                    for path in (self.folder / "log").iterdir()
                )
                raise TimeoutError(f"{complaint} after {seconds} s:\n{logs}")
            time.sleep(0.2)

    def run(self, *command: str) -> str:
        """Return what a Slurm command prints; empty where it fails."""
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False, timeout=60)
        return done.stdout if done.returncode == 0 else ""

    def cancel_all(self) -> None:
        """Cancel every job and return when none is left on a node."""
        self.run("scancel", "--user=root")
        self._wait(lambda: not self.run("squeue", "-h"), "jobs outlive scancel")

    def job(self, number: str) -> dict[str, str]:
        """Return what the controller knows of a job."""
        return next(job for job in self.jobs() if job["JobId"] == number)

    def steps(self, number: str) -> list[str]:
        """Return the titles of the daemons that still watch over steps of job `number` on the nodes."""
        titles = (" ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"]))
        return [title for title in titles if title.startswith(f"slurmstepd: [{number}.")]

    def jobs(self) -> list[dict[str, str]]:
        """Return every job that the controller knows, as ``scontrol show job`` lists it."""
        lines = self.run("scontrol", "--oneliner", "show", "job").splitlines()
        return [dict(part.partition("=")[::2] for part in line.split() if "=" in part) for line in lines]


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
