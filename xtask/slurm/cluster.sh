#!/usr/bin/env bash
# Starts a Slurm of one node on this machine, for tests: cluster.sh start DIR, cluster.sh stop DIR.
#
# Needs root, and Debian's packages slurm-wlm and munge. Everything of it lies in DIR; SLURM_CONF=DIR/slurm.conf makes
# sbatch and the others use it.
set -euo pipefail

action=$1
mkdir -p "$2"
dir=$(cd "$2" && pwd)
export SLURM_CONF="$dir/slurm.conf"

case $action in
start)
    mkdir -p "$dir/state" "$dir/spool"
    # The daemon of keys refuses folders that others may write to.
    keys=/run/munge
    mkdir -p "$keys" /etc/munge
    [[ -f /etc/munge/munge.key ]] || dd if=/dev/urandom of=/etc/munge/munge.key bs=1 count=1024 status=none
    chown -R munge: "$keys" /etc/munge
    chmod 711 "$keys" && chmod 400 /etc/munge/munge.key
    pgrep -x munged >/dev/null || runuser -u munge -- munged
    host=$(hostname -s)
    cat >"$SLURM_CONF" <<CONF
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmctldPort=16817
SlurmdPort=16818
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd.pid
SlurmctldLogFile=$dir/slurmctld.log
SlurmdLogFile=$dir/slurmd.log
AuthType=auth/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
ReturnToService=2
# A job that was put back is started again at once, not after a minute.
SchedulerParameters=bf_interval=1,sched_interval=1
KillWait=5
MinJobAge=300
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
    slurmctld
    slurmd
    for _ in $(seq 100); do
        sinfo -h -o %T 2>/dev/null | grep -q idle && exit 0
        sleep 0.2
    done
    echo "the node does not become idle; see $dir/slurmctld.log and $dir/slurmd.log" >&2
    exit 1
    ;;
stop)
    for daemon in slurmd slurmctld; do
        [[ -f $dir/$daemon.pid ]] && kill "$(cat "$dir/$daemon.pid")" || true
    done
    ;;
*)
    echo "usage: cluster.sh start|stop DIR" >&2
    exit 2
    ;;
esac
