{{/* Value of the label app.kubernetes.io/name. */}}
{{- define "docmill.name" -}}
{{- default "docmill" .Values.nameOverride -}}
{{- end -}}

{{/* What the names of all objects begin with. */}}
{{- define "docmill.fullname" -}}
{{- $name := .Release.Name -}}
{{- with .Values.nameOverride -}}
{{- if not (contains . $name) -}}
{{- $name = printf "%s-%s" $name . -}}
{{- end -}}
{{- end -}}
{{- default $name .Values.fullnameOverride | trunc 48 | trimSuffix "-" -}}
{{- end -}}

{{/* Name of the operator's Deployment and of what belongs to it. */}}
{{- define "docmill.operator" -}}
{{- include "docmill.fullname" . -}}-operator
{{- end -}}

{{/* Name of the operator's service account. */}}
{{- define "docmill.serviceAccount" -}}
{{- default (include "docmill.operator" .) .Values.serviceAccount.name -}}
{{- end -}}

{{/* Labels that never change, for selectors. */}}
{{- define "docmill.selectorLabels" -}}
app.kubernetes.io/name: {{ include "docmill.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/component: operator
{{- end -}}

{{/* The other labels of every object. */}}
{{- define "docmill.chartLabels" -}}
app.kubernetes.io/part-of: docmill
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{/*
Labels and annotations of an object, for its metadata. Takes a dict with `root` and with the object's own `labels` and
`annotations`. These win over commonLabels and commonAnnotations, which win over the chart's labels. Nothing replaces the
labels of selectors, but for `component`: a pod that is not the operator's must not be selected as one.
*/}}
{{- define "docmill.metadata" -}}
{{- $root := .root -}}
{{- $chart := include "docmill.chartLabels" $root | fromYaml -}}
{{- $selector := include "docmill.selectorLabels" $root | fromYaml -}}
{{- $labels := dict -}}
{{- range list $chart $root.Values.commonLabels .labels $selector -}}
{{- range $key, $value := . -}}
{{- $_ := set $labels $key $value -}}
{{- end -}}
{{- end -}}
{{- with .component -}}
{{- $_ := set $labels "app.kubernetes.io/component" . -}}
{{- end -}}
{{- $annotations := dict -}}
{{- range list $root.Values.commonAnnotations .annotations -}}
{{- range $key, $value := . -}}
{{- $_ := set $annotations $key $value -}}
{{- end -}}
{{- end -}}
labels:
  {{- toYaml $labels | nindent 2 }}
{{- with $annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Whether the Records API is served: an APIService belongs to the whole cluster, as does the right to ask for the rights of users. */}}
{{- define "docmill.recordsAPI" -}}
{{- /* Values of an earlier version of the chart, by --reuse-values, have no recordsAPI. */ -}}
{{- and (dig "enabled" false (default (dict) .Values.recordsAPI)) (not .Values.watchNamespaces) -}}
{{- end -}}

{{/* Name of what belongs to the Records API. */}}
{{- define "docmill.records" -}}
{{- include "docmill.fullname" . -}}-records
{{- end -}}

{{/* Port of the operator's metrics. */}}
{{- define "docmill.metricsPort" -}}
{{- ternary 8443 8080 .Values.metrics.secure -}}
{{- end -}}

{{/* The operator's image. */}}
{{- define "docmill.image" -}}
{{- $image := .Values.image -}}
{{- if $image.digest -}}
{{ $image.repository }}@{{ $image.digest }}
{{- else -}}
{{ $image.repository }}:{{ default .Chart.AppVersion $image.tag }}
{{- end -}}
{{- end -}}

{{/* The image of worker pods. */}}
{{- define "docmill.workerImage" -}}
{{- default (include "docmill.image" .) .Values.worker.image -}}
{{- end -}}

{{/* What all pods of the chart have in common: pull secrets, node and user. */}}
{{- define "docmill.anyPod" -}}
enableServiceLinks: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.runtimeClassName }}
runtimeClassName: {{ . }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.dnsConfig }}
dnsConfig:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.hostAliases }}
hostAliases:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.podSecurityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* What the pods of the operator and of `helm test` have in common: account and network as well. */}}
{{- define "docmill.pod" -}}
serviceAccountName: {{ include "docmill.serviceAccount" . }}
{{ include "docmill.anyPod" . }}
{{- if .Values.hostNetwork }}
hostNetwork: true
{{- end }}
{{- with .Values.dnsPolicy | default (ternary "ClusterFirstWithHostNet" "" .Values.hostNetwork) }}
dnsPolicy: {{ . }}
{{- end }}
{{- end -}}
