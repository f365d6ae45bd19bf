#!/usr/bin/env bash
# A real SLURM on this one machine: controller.sh start|stop|status
#   Needs root and Debian's slurm-wlm and munge: apt-get install -y slurm-wlm munge
#   Its state and logs lie under TALKFACE_SLURM_HOME (default /tmp/talkface-slurm) and stay there when it does not start.
#   Its GPU exists for the scheduler alone: a character device that nobody opens. Starting twice and stopping twice is harmless;
#   a configuration that this script did not write is never touched.
set -euo pipefail

home=${TALKFACE_SLURM_HOME:-/tmp/talkface-slurm}
conf=/etc/slurm # jobs lose SLURM_CONF: only the default place serves them too
mark="# written by tests/slurm/controller.sh"

fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

needs() {
    [ "$(id -u)" = 0 ] || fail "a controller for tests is started by root alone"
    local program
    for program in slurmctld slurmd munged sinfo; do
        command -v "$program" >/dev/null || fail "$program is missing: apt-get install -y slurm-wlm munge"
    done
    local file
    for file in slurm.conf gres.conf; do
        if [ -e "$conf/$file" ] && ! grep -qF "$mark" "$conf/$file"; then
            fail "$conf/$file belongs to another SLURM: not touched"
        fi
    done
}

configure() {
    local host
    host=$(hostname -s)
    mkdir -p "$home/state" "$home/spool" "$conf"
    [ -c "$home/gpu0" ] || mknod "$home/gpu0" c 1 3
    cat >"$conf/slurm.conf" <<END
$mark
ClusterName=talkface
SlurmctldHost=$host(127.0.0.1)
AuthType=auth/munge
SlurmUser=root
SlurmctldPort=16817
SlurmdPort=16818
StateSaveLocation=$home/state
SlurmdSpoolDir=$home/spool
SlurmctldPidFile=$home/slurmctld.pid
SlurmdPidFile=$home/slurmd.pid
SlurmctldLogFile=$home/slurmctld.log
SlurmdLogFile=$home/slurmd.log
ReturnToService=2
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
AccountingStorageType=accounting_storage/none
# What has ended is asked for by tests, and there is no accounting: squeue must remember.
MinJobAge=3600
GresTypes=gpu
# Memory is declared, not had: a workflow's requests are for real sizes, and its tests need little.
SlurmdParameters=config_overrides
NodeName=$host NodeAddr=127.0.0.1 CPUs=2 RealMemory=1000000 Gres=gpu:1 State=UNKNOWN
PartitionName=test Nodes=$host Default=YES MaxTime=INFINITE State=UP
END
    printf '%s\nName=gpu File=%s\n' "$mark" "$home/gpu0" >"$conf/gres.conf"
}

running() { [ -s "$1" ] && kill -0 "$(cat "$1")" 2>/dev/null; }

start_munge() {
    munge -n >/dev/null 2>&1 && return
    mkdir -p /run/munge && chown munge: /run/munge
    runuser -u munge -- munged --pid-file="/run/munge/munged.pid" || fail "munged does not start: see /var/log/munge/munged.log"
    touch "$home/our_munged"
}

await_idle() {
    local waited
    for waited in $(seq 60); do
        # A client waits for minutes for a controller that is not there.
        [ "$(timeout 3 sinfo --noheader --format=%t 2>/dev/null)" = idle ] && return
        [ "$waited" -lt 5 ] || running "$home/slurmctld.pid" || break
        sleep 1
    done
    tail --lines=20 "$home/slurmctld.log" "$home/slurmd.log" >&2 || true
    fail "the node is not idle: logs are kept in $home"
}

start() {
    needs
    configure
    start_munge
    running "$home/slurmctld.pid" || slurmctld
    running "$home/slurmd.pid" || slurmd
    await_idle
    sinfo --Format=NodeHost,CPUs,Memory,Gres,StateLong
}

end() {
    local pid
    running "$1" || return 0
    pid=$(cat "$1")
    kill "$pid"
    for _ in $(seq 100); do
        kill -0 "$pid" 2>/dev/null || return 0
        sleep 0.1
    done
    kill -9 "$pid"
}

stop() {
    if running "$home/slurmctld.pid"; then
        timeout 20 scancel --user=root --quiet || true
        for _ in $(seq 40); do
            [ -z "$(timeout 5 squeue --noheader 2>/dev/null)" ] && break
            sleep 1
        done
    fi
    end "$home/slurmd.pid"
    end "$home/slurmctld.pid"
    if [ -e "$home/our_munged" ]; then end /run/munge/munged.pid; fi
    local file
    for file in slurm.conf gres.conf; do
        if [ -e "$conf/$file" ] && grep -qF "$mark" "$conf/$file"; then rm "$conf/$file"; fi
    done
    rm -rf "$home"
}

case ${1:-} in
start) start ;;
stop) stop ;;
status) timeout 5 sinfo && timeout 5 squeue ;;
*) fail "usage: $0 start|stop|status" ;;
esac
