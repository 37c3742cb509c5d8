#!/bin/sh
# Say of a PBS job whether it is running (or waiting), a success or failed:  status.sh JOB
job=$1
history=
case $(qstat --version 2>&1) in *pbs_version*) history=-x ;; esac   # PBS Pro and OpenPBS forget ended jobs without -x
if answer=$(qstat $history -f "$job" 2>&1); then
    state=$(printf '%s\n' "$answer" | sed -n 's/^[[:space:]]*job_state *= *//p')
    code=$(printf '%s\n' "$answer" | sed -n 's/^[[:space:]]*[Ee]xit_status *= *//p')
    case $state in
        # Where the queue gives no exit status, Snakemake itself sees whether the outputs are there.
        C | F) if [ "${code:-0}" = 0 ]; then echo success; else echo failed; fi ;;
        *) echo running ;;
    esac
else
    case $answer in
        *[Uu]nknown*[Jj]ob* | *"has finished"*) echo failed ;;   # gone without a word
        *) echo running ;;                                     # the server is silent; ask again later
    esac
fi
