#!/bin/sh
# Print the status of a PBS job: running (also if it is queued), success or failed:  status.sh JOB
job=$1
history=
case $(qstat --version 2>&1) in *pbs_version*) history=-x ;; esac   # PBS Pro and OpenPBS hide ended jobs without -x
if answer=$(qstat $history -f "$job" 2>&1); then
    state=$(printf '%s\n' "$answer" | sed -n 's/^[[:space:]]*job_state *= *//p')
    code=$(printf '%s\n' "$answer" | sed -n 's/^[[:space:]]*[Ee]xit_status *= *//p')
    case $state in
        # Without an exit status, Snakemake itself checks whether the outputs exist.
        C | F) if [ "${code:-0}" = 0 ]; then echo success; else echo failed; fi ;;
        *) echo running ;;
    esac
else
    case $answer in
        *[Uu]nknown*[Jj]ob* | *"has finished"*) echo failed ;;   # the job is gone
        *) echo running ;;                                     # no answer from the server: ask again later
    esac
fi
