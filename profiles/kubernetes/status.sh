#!/bin/sh
# Say of a Kubernetes Job whether it is running (or waiting), a success or failed:  status.sh job.batch/NAME
if answer=$(kubectl get "$1" --output='jsonpath={.status.succeeded}/{.status.failed}' 2>&1); then
    case $answer in
        1/*) echo success ;;
        /[1-9]*) echo failed ;;
        *) echo running ;;
    esac
else
    case $answer in
        *NotFound*) echo failed ;;     # somebody deleted it
        *) echo running ;;             # the server is silent; ask again later
    esac
fi
