{{- define "mqnamesrv.name" -}}
{{- if contains "mqnamesrv" .Release.Name -}}{{ .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else -}}{{ printf "%s-mqnamesrv" .Release.Name | trunc 50 | trimSuffix "-" }}{{- end -}}
{{- end }}

{{- define "mqnamesrv.selector" -}}
app.kubernetes.io/name: mqnamesrv
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "mqnamesrv.labels" -}}
{{ include "mqnamesrv.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- /* The stable address of each pod, which brokers, clients and peers use. */ -}}
{{- define "mqnamesrv.addresses" -}}
{{- $name := include "mqnamesrv.name" . -}}
{{- range $pod := until (int .Values.replicas) }}{{ if $pod }};{{ end }}{{ printf "%s-%d.%s.%s.svc:9876" $name $pod $name $.Release.Namespace }}{{ end -}}
{{- end }}

{{- define "mqnamesrv.accessSecret" -}}
{{- if .Values.access.existingSecret -}}{{ .Values.access.existingSecret }}
{{- else if .Values.access.policy -}}{{ include "mqnamesrv.name" . }}-access{{- end -}}
{{- end }}

{{- define "mqnamesrv.probe" -}}
{{- $values := (index . 0).Values -}}
httpGet:
  path: {{ index . 1 }}
  port: http
  scheme: {{ if eq (toString $values.config.httpTls) "true" }}HTTPS{{ else }}HTTP{{ end }}
{{- end }}
