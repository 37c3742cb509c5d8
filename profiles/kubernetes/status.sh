#!/bin/sh
# Print the status of a Kubernetes Job: running (also if it is queued), success or failed:  status.sh job.batch/NAME
if answer=$(kubectl get "$1" --output='jsonpath={.status.succeeded}/{.status.failed}' 2>&1); then
    case $answer in
        1/*) echo success ;;
        /[1-9]*) echo failed ;;
        *) echo running ;;
    esac
else
    case $answer in
        *NotFound*) echo failed ;;     # it was deleted
        *) echo running ;;             # no answer from the server: ask again later
    esac
fi
