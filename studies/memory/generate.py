#!/usr/bin/env python3
"""Writes a page of metrics as the kubelet of a large node gives it, from a recorded one.

    generate.py --series 200000 > page.prom

The memory families are those of testdata/memory/metrics/kubelet.prom, with its labels; the families of CPU,
network and file systems stand between them as on a real page. Containers are named container-0, container-1, …
in pods of two. The same arguments give the same bytes.
"""

import argparse
import pathlib
import random
import re
import sys

RECORDED = pathlib.Path(__file__).parents[2] / "testdata/memory/metrics/kubelet.prom"

# Families that say nothing of memory, with the labels that they add.
OTHERS = {
    "container_cpu_system_seconds_total": [""],
    "container_cpu_usage_seconds_total": ['cpu="total",'],
    "container_cpu_user_seconds_total": [""],
    "container_file_descriptors": [""],
    "container_fs_reads_bytes_total": ['device="/dev/vda",', 'device="/dev/vdb",'],
    "container_fs_reads_total": ['device="/dev/vda",', 'device="/dev/vdb",'],
    "container_fs_usage_bytes": ['device="/dev/vda1",'],
    "container_fs_writes_bytes_total": ['device="/dev/vda",', 'device="/dev/vdb",'],
    "container_fs_writes_total": ['device="/dev/vda",', 'device="/dev/vdb",'],
    "container_last_seen": [""],
    "container_network_receive_bytes_total": ['interface="eth0",'],
    "container_network_receive_packets_total": ['interface="eth0",'],
    "container_network_transmit_bytes_total": ['interface="eth0",'],
    "container_network_transmit_packets_total": ['interface="eth0",'],
    "container_pressure_memory_stalled_seconds_total": [""],
    "container_pressure_memory_waiting_seconds_total": [""],
    "container_processes": [""],
    "container_sockets": [""],
    "container_tasks_state": ['state="iowaiting",', 'state="running",', 'state="sleeping",', 'state="stopped",',
                              'state="uninterruptible",'],
    "container_threads": [""],
    "container_ulimits_soft": ['ulimit="max_open_files",'],
}


def families():
    """The families of the recorded container: name, comment lines, and of each series its further labels."""
    found, comments = {}, []
    for line in RECORDED.read_text().splitlines():
        if line.startswith("# HELP"):
            comments = []
        if line.startswith("#"):
            comments.append(line)
        elif 'container="api"' in line:
            name, labels = re.match(r"([^{]*)\{(.*)\}", line).groups()
            further = [one + "," for one in re.findall(r'(?:failure_type|scope)="[^"]*"', labels)]
            found.setdefault(name, (comments, []))[1].append("".join(further))
    for name, further in OTHERS.items():
        found[name] = (["# HELP %s Of the container." % name, "# TYPE %s gauge" % name], further)
    return sorted(found.items())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--series", type=int, default=200_000)
    arguments = parser.parse_args()
    rng = random.Random(1)
    page = families()
    containers = arguments.series // sum(len(further) for _, (_, further) in page)
    labels = []
    for index in range(containers):
        pod, own = "%032x" % rng.getrandbits(128), "%064x" % rng.getrandbits(256)
        labels.append(
            'container="container-%d",%%sid="/kubepods/burstable/pod%s/%s",image="registry.example/shop/part:1.%d.2",'
            'name="%s",namespace="shop",pod="part-%d-7d9c5b8f6d-x2k4q"' % (index, pod, own, index % 50, own, index // 2))
    out = sys.stdout
    for name, (comments, further) in page:
        out.write("\n".join(comments) + "\n")
        dated = "" if "spec" in name or "start_time" in name else " 1795273076173"
        for one in labels:
            for more in further:
                out.write("%s{%s} %s%s\n" % (name, one % more, float(rng.randrange(1 << 28)), dated))


main()
