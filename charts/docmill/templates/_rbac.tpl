{{/* What the operator may do with resources, in the whole cluster or in each of watchNamespaces. */}}
{{- define "docmill.operatorRules" -}}
- apiGroups: [docmill.io]
  resources: [ingestsources, ingestruns, ingestschedules, conversionmodels, enrichmentruns, enrichmentschedules, connections]
  verbs: [get, list, watch]
# The poll trigger, and schedules.
- apiGroups: [docmill.io]
  resources: [ingestruns, enrichmentruns]
  verbs: [create]
# ttlSecondsAfterFinished, the limits of the history, and concurrencyPolicy Replace.
- apiGroups: [docmill.io]
  resources: [ingestruns, enrichmentruns]
  verbs: [delete]
- apiGroups: [docmill.io]
  resources:
  - ingestsources/status
  - ingestruns/status
  - ingestschedules/status
  - conversionmodels/status
  - enrichmentruns/status
  - enrichmentschedules/status
  - connections/status
  verbs: [patch]
# Owner references with blockOwnerDeletion, where the cluster checks the right to set them.
- apiGroups: [docmill.io]
  resources:
  - ingestsources/finalizers
  - ingestruns/finalizers
  - ingestschedules/finalizers
  - enrichmentruns/finalizers
  - enrichmentschedules/finalizers
  verbs: [update]
- apiGroups: [batch]
  resources: [jobs]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [""]
  resources: [pods]
  verbs: [list, watch]
# Only those that resources name; none is listed or watched.
- apiGroups: [""]
  resources: [secrets]
  verbs: [get]
# Certificates of private authorities; only those that resources name.
- apiGroups: [""]
  resources: [configmaps]
  verbs: [get]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end -}}

{{/*
What users may do with Docmill's resources; takes a dict with `root` and `role`: view or edit. Where connections are
required, those who may edit resources do not write connections.
*/}}
{{- define "docmill.userRules" -}}
{{- $views := eq .role "view" -}}
- apiGroups: [docmill.io]
  resources:
  - ingestsources
  - ingestruns
  - ingestschedules
  - conversionmodels
  - enrichmentruns
  - enrichmentschedules
{{- if or $views (not .root.Values.connections.required) }}
  - connections
{{- end }}
{{- if and $views (not .root.Values.watchNamespaces) }}
  - clusterconnections
{{- end }}
  verbs: {{ ternary "[get, list, watch]" "[create, update, patch, delete, deletecollection]" $views }}
{{- if and $views (eq (include "docmill.recordsAPI" .root) "true") }}
# What became of objects and documents, without their content.
- apiGroups: [records.docmill.io]
  resources: [units, documents, documents/history, manifests, manifests/lines]
  verbs: [get, list]
{{- end }}
{{- end -}}

{{/* Binds a role to the operator's service account; takes a dict with `root`, and `kind` and `name` of the role. */}}
{{- define "docmill.operatorBinding" -}}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ .kind }}
  name: {{ .name }}
subjects:
- kind: ServiceAccount
  name: {{ include "docmill.serviceAccount" .root }}
  namespace: {{ .root.Release.Namespace }}
{{- end -}}

{{/* Stops where the values of namespaces do not fit together. */}}
{{- define "docmill.checkNamespaces" -}}
{{- if .Values.watchNamespaces -}}
{{- if .Values.ignoreNamespaces -}}
{{- fail "watchNamespaces and ignoreNamespaces exclude each other: with watchNamespaces, all other namespaces are ignored" -}}
{{- end -}}
{{- if and .Values.rbac.create .Values.metrics.secure -}}
{{- fail "with watchNamespaces, set metrics.secure=false: the API server lets only a ClusterRole check tokens. To keep others from the metrics, set networkPolicy.enabled" -}}
{{- end -}}
{{- end -}}
{{- end -}}
