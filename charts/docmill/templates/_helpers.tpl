{{/* What the names of all objects begin with. */}}
{{- define "docmill.fullname" -}}
{{- default .Release.Name .Values.fullnameOverride | trunc 48 | trimSuffix "-" -}}
{{- end -}}

{{/* Name of the operator's Deployment and of what belongs to it. */}}
{{- define "docmill.operator" -}}
{{- include "docmill.fullname" . -}}-operator
{{- end -}}

{{/* Labels that never change, for selectors. */}}
{{- define "docmill.selectorLabels" -}}
app.kubernetes.io/name: docmill
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: operator
{{- end -}}

{{/* Labels of every object. */}}
{{- define "docmill.labels" -}}
{{ include "docmill.selectorLabels" . }}
app.kubernetes.io/part-of: docmill
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* Port of the operator's metrics. */}}
{{- define "docmill.metricsPort" -}}
{{- ternary 8443 8080 .Values.metrics.secure -}}
{{- end -}}

{{/* The operator's image. */}}
{{- define "docmill.image" -}}
{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end -}}
