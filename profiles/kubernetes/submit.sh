#!/bin/sh
# Create a Kubernetes Job from a job script and print its name:  submit.sh RULE CPUS MEGABYTES MINUTES GPUS SCRIPT
# The Secret `seedwise`, if it exists, becomes the pod's environment:
#   kubectl create secret generic seedwise --from-literal=WANDB_API_KEY=...
set -eu
rule=$1 cpus=$2 memory=$3 minutes=$4 gpus=$5 script=$6
gpu=
if [ "$gpus" -gt 0 ]; then gpu=", nvidia.com/gpu: $gpus"; fi
kubectl create --output=name --filename=- <<JOB
apiVersion: batch/v1
kind: Job
metadata:
  generateName: seedwise-$(printf %s "$rule" | tr _ -)-
  labels: {app: seedwise}
spec:
  backoffLimit: 0                      # Snakemake retries, with more memory and time
  activeDeadlineSeconds: $((minutes * 60))
  ttlSecondsAfterFinished: 86400
  template:
    metadata:
      labels: {app: seedwise}
    spec:
      restartPolicy: Never
      containers:
        - name: job
          image: $IMAGE
          command: [sh, "$script"]
          workingDir: "$PWD"
          resources:
            requests: {cpu: $cpus, memory: ${memory}M$gpu}
            limits: {cpu: $cpus, memory: ${memory}M$gpu}
          envFrom:
            - secretRef: {name: seedwise, optional: true}
          volumeMounts:
            - {name: study, mountPath: "$VOLUME"}
      volumes:
        - name: study
          persistentVolumeClaim: {claimName: $CLAIM}
JOB
