{{/*
The groups of alerts; takes metrics.rules, `operators`, which selects the release's metrics, and `release`, its namespace,
by which Alertmanager can route. rules.yaml leaves out disabled alerts and adds labels and runbooks. Each alert has a
section in docs/operations/runbooks.md.
*/}}
{{- define "docmill.alerts" -}}
- name: docmill.sources
  rules:
  - alert: DocmillSourceLags
    expr: |
      max by (namespace, source) (docmill_source_lag_seconds) > {{ .lagSeconds | int }}
    for: 10m
    labels: {severity: warning}
    annotations:
      summary: "{{`{{ $labels.namespace }}/{{ $labels.source }}`}} is {{`{{ $value | humanizeDuration }}`}} behind"
      description: "Objects land faster than they are processed. `kubectl describe isrc` says why there are not more workers."
  - alert: DocmillSourceFails
    expr: |
      100
        * sum by (namespace, source) (delta(docmill_source_units{state="Failed"}[30m]))
        / clamp_min(sum by (namespace, source) (delta(docmill_source_units{state=~"Failed|Indexed|Converted"}[30m])), 20)
      > {{ .failedPercent | int }}
    for: 5m
    labels: {severity: warning}
    annotations:
      summary: "{{`{{ $value | humanize }}`}} percent of the units of {{`{{ $labels.namespace }}/{{ $labels.source }}`}} fail"
      description: "status.topFailures names the reasons, and the errors bucket has each object beside a JSON that says what is wrong."
  - alert: DocmillSourceNotReady
    expr: |
      min by (namespace, source) (docmill_source_condition{type="Ready"}) == 0
    for: 5m
    labels: {severity: critical}
    annotations:
      summary: "{{`{{ $labels.namespace }}/{{ $labels.source }}`}} is not ready"
      description: "Something that its spec names is missing or cannot be reached; the condition Ready says what, and what to do."
  - alert: DocmillSourceDegraded
    expr: |
      max by (namespace, source) (docmill_source_condition{type="Degraded"}) == 1
    for: 5m
    labels: {severity: critical}
    annotations:
      summary: "workers of {{`{{ $labels.namespace }}/{{ $labels.source }}`}} fail or do not start"
      description: "The condition Degraded says why, and what to do."
  - alert: DocmillSourceThrottled
    expr: |
      max by (namespace, source) (docmill_source_condition{type="Throttled"}) == 1
    for: {{ .throttledFor }}
    labels: {severity: warning}
    annotations:
      summary: "a store hinders the workers of {{`{{ $labels.namespace }}/{{ $labels.source }}`}}"
      description: "The condition Throttled says which one and since when. Nothing is lost, and work goes on by itself when the store does."
  - alert: DocmillNoWorkerStarts
    expr: |
      max by (namespace, source) (docmill_source_backlog) > 0
      and max by (namespace, source) (docmill_source_workers_active) == 0
      and max by (namespace, source) (docmill_source_suspended) == 0
      unless max by (namespace, source) (docmill_source_condition{type="Progressing",reason="Polling"}) == 1
    for: 5m
    labels: {severity: critical}
    annotations:
      summary: "{{`{{ $labels.namespace }}/{{ $labels.source }}`}} has a backlog and no worker"
      description: "status.workers.message shows the arithmetic; a quota, a missing image or the limit for all sources (worker.max of the chart) may be why."
  - alert: DocmillSourceNotReconciled
    expr: |
      max by (namespace, source) (docmill_source_generations_behind) > 0
    for: 5m
    labels: {severity: warning}
    annotations:
      summary: "an edit of {{`{{ $labels.namespace }}/{{ $labels.source }}`}} has not been seen"
      description: "No reconcile of the source has succeeded since it was edited; see the log of the operator that leads."
- name: docmill.runs
  rules:
  - alert: DocmillRunFailed
    expr: |
      max by (namespace, run) (docmill_ingest_run_condition{type="Failed"} or docmill_enrichment_run_condition{type="Failed"}) == 1
    for: 1m
    labels: {severity: warning}
    annotations:
      summary: "the run {{`{{ $labels.namespace }}/{{ $labels.run }}`}} has failed"
      description: "Its condition Failed says why; what it had done is kept, and another run takes up the rest. Delete the run to end the alert."
  - alert: DocmillRunNotReady
    expr: |
      min by (namespace, run) (docmill_ingest_run_condition{type="Ready",reason!~"OtherRunAtWork|ForgetInProgress"} or docmill_enrichment_run_condition{type="Ready",reason!~"OtherRunAtWork|ForgetInProgress"}) == 0
      unless max by (namespace, run) (docmill_ingest_run_condition{type=~"Complete|Failed"} or docmill_enrichment_run_condition{type=~"Complete|Failed"}) == 1
    for: 10m
    labels: {severity: warning}
    annotations:
      summary: "the run {{`{{ $labels.namespace }}/{{ $labels.run }}`}} cannot work"
      description: "Something that its spec names is missing or cannot be reached; the condition Ready says what, and what to do."
  - alert: DocmillRunHeldUp
    expr: |
      max by (namespace, run) (docmill_ingest_run_condition{type=~"Throttled|Degraded"} or docmill_enrichment_run_condition{type=~"Throttled|Degraded"}) == 1
    for: {{ .throttledFor }}
    labels: {severity: warning}
    annotations:
      summary: "pods of the run {{`{{ $labels.namespace }}/{{ $labels.run }}`}} do not start, are kept waiting, or fail"
      description: "The conditions Throttled and Degraded say why. Nothing is lost, and the run goes on when that is over."
  - alert: DocmillScheduleLate
    expr: |
      time() - max by (namespace, schedule) (docmill_ingest_schedule_next_timestamp_seconds) > 0
      or
      time() - max by (namespace, schedule) (docmill_enrichment_schedule_next_timestamp_seconds) > 0
      or
      min by (namespace, schedule) (docmill_ingest_schedule_condition{type="Ready"} or docmill_enrichment_schedule_condition{type="Ready"}) == 0
      or
      max by (namespace, schedule) (docmill_ingest_schedule_condition{type="Ready",reason="AlreadyActive"} or docmill_enrichment_schedule_condition{type="Ready",reason="AlreadyActive"}) == 1
    for: 10m
    labels: {severity: warning}
    annotations:
      summary: "the schedule {{`{{ $labels.namespace }}/{{ $labels.schedule }}`}} makes no run"
      description: "`kubectl describe isched,esched` says why; see the log of the operator that leads if it does not."
- name: docmill.operator
  rules:
  - alert: DocmillNoOperatorLeads
    expr: |
      (sum(docmill_operator_leader{{ .operators }}) or vector(0)) < 1
    for: 5m
    labels: {severity: critical, namespace: {{ .release | quote }}}
    annotations:
      summary: "no operator of Docmill leads in {{ .release }}"
      description: "No workers are started. Running ones go on to their end. See the operator's pods, and its Lease."
  - alert: DocmillReconcilesFail
    expr: |
      sum by (namespace) (rate(docmill_operator_reconciles_total{outcome="Failed"}[10m])) > 0.1
    for: 10m
    labels: {severity: warning}
    annotations:
      summary: "reconciles of Docmill's operator in {{`{{ $labels.namespace }}`}} fail"
      description: "The API server refuses requests or is out of reach; see the log of the operator that leads."
{{- end -}}
