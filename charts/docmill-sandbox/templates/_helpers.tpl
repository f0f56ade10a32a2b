{{/* What the names of all objects begin with. */}}
{{- define "sandbox.fullname" -}}
{{- .Release.Name | trunc 48 | trimSuffix "-" -}}
{{- end -}}

{{/* Labels that never change, for selectors. Takes a dict with `root` and `component`. */}}
{{- define "sandbox.selectorLabels" -}}
app.kubernetes.io/name: docmill-sandbox
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{/* Name, namespace and labels of an object. Takes a dict with `root` and `component`. */}}
{{- define "sandbox.metadata" -}}
name: {{ include "sandbox.fullname" .root }}-{{ .component }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "sandbox.selectorLabels" . | nindent 2 }}
  app.kubernetes.io/part-of: docmill-sandbox
  app.kubernetes.io/managed-by: {{ .root.Release.Service }}
  helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* What all pods have in common, by the Pod Security Standard `restricted`. Takes a dict with `root` and `user`. */}}
{{- define "sandbox.pod" -}}
enableServiceLinks: false
automountServiceAccountToken: false
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: {{ int64 .user }}
  fsGroup: {{ int64 .user }}
  seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{/* Security context of all containers. */}}
{{- define "sandbox.container" -}}
securityContext:
  allowPrivilegeEscalation: false
  capabilities: {drop: [ALL]}
{{- end -}}

{{/* A Service for one port. Takes a dict with `root`, `component` and `port`. */}}
{{- define "sandbox.service" -}}
apiVersion: v1
kind: Service
metadata:
  {{- include "sandbox.metadata" . | nindent 2 }}
spec:
  selector:
    {{- include "sandbox.selectorLabels" . | nindent 4 }}
  ports:
  - {name: http, port: {{ .port }}, targetPort: http}
{{- end -}}

{{/* Host name of a component, from any namespace. Takes a dict with `root` and `component`. */}}
{{- define "sandbox.host" -}}
{{ include "sandbox.fullname" .root }}-{{ .component }}.{{ .root.Release.Namespace }}.svc
{{- end -}}

{{/* URL of the queue. */}}
{{- define "sandbox.queueURL" -}}
http://{{ include "sandbox.host" (dict "root" . "component" "sqs") }}:9324/000000000000/sandbox
{{- end -}}

{{/* The source that reads the sandbox's bucket. */}}
{{- define "sandbox.ingestSource" -}}
apiVersion: docmill.io/v1beta1
kind: IngestSource
metadata: {name: {{ .Values.ingestSource.name }}, namespace: {{ .Release.Namespace }}}
spec:
  storage: {region: {{ .Values.s3.region }}, endpoint: "http://{{ include "sandbox.host" (dict "root" . "component" "s3") }}:7070", forcePathStyle: true,
    bucket: {{ .Values.s3.bucket }}, credentialsSecretRef: {name: {{ include "sandbox.fullname" . }}-s3}}
  {{- if .Values.queue.enabled }}
  trigger: {sqs: {queueURL: {{ include "sandbox.queueURL" . | quote }}}}
  {{- else }}
  trigger: {poll: {intervalSeconds: 10}}
  {{- end }}
  conversion: {preset: {{ .Values.ingestSource.preset }}}
  index:
    elasticsearch: {urls: ["http://{{ include "sandbox.host" (dict "root" . "component" "elasticsearch") }}:9200"]}
    name: "articles-{publishedAt:%Y}"
    id: "{guid}"
{{- end -}}
