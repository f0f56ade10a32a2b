{{/* Name of what belongs to the console. */}}
{{- define "docmill.console" -}}
{{- include "docmill.fullname" . -}}-console
{{- end -}}

{{/* Labels that select the console's pod, and never change. */}}
{{- define "docmill.consoleSelector" -}}
app.kubernetes.io/name: {{ include "docmill.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/component: console
{{- end -}}

{{/* Stops where the values of the console do not fit together. */}}
{{- define "docmill.checkConsole" -}}
{{- with .Values.console -}}
{{- if not .url -}}
{{- fail "console.enabled needs console.url, the address at which browsers reach the proxy: for example https://docmill.example.com" -}}
{{- end -}}
{{- if not .namespaces -}}
{{- fail "console.enabled needs console.namespaces, the namespaces that have pages" -}}
{{- end -}}
{{- if not (dig "container" "image" "" .proxy) -}}
{{- fail "console.enabled needs console.proxy.container with an image: the console does not authenticate users itself, and serves nobody without a proxy that does" -}}
{{- end -}}
{{- if eq .rights "ServiceAccount" -}}
{{- if and .content (ne (include "docmill.recordsAPI" $) "true") -}}
{{- fail "console.content needs the Records API: set recordsAPI.enabled=true, without watchNamespaces, or console.content=false" -}}
{{- end -}}
{{- range $namespace := .namespaces -}}
{{- if and $.Values.watchNamespaces (not (has $namespace $.Values.watchNamespaces)) -}}
{{- fail (printf "console.namespaces has %s, and watchNamespaces has not: there is no role to view it" $namespace) -}}
{{- end -}}
{{- end -}}
{{- else if .content -}}
{{- fail (printf "console.content counts with console.rights=ServiceAccount alone: with User, bind %s-content-view to the users who may read content" (include "docmill.fullname" $)) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Binds a role to the console's service account; takes a dict with `root`, `namespace`, and `kind` and `role`. */}}
{{- define "docmill.consoleBinding" -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: {{ include "docmill.console" .root }}-{{ .role }}
  namespace: {{ .namespace | quote }}
  {{- include "docmill.metadata" (dict "root" .root "component" "console") | nindent 2 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ .kind }}
  name: {{ include "docmill.fullname" .root }}-{{ .role }}
subjects:
- kind: ServiceAccount
  name: {{ include "docmill.console" .root }}
  namespace: {{ .root.Release.Namespace }}
{{- end -}}
