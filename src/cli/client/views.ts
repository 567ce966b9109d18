/** A topic of the view `/api/v1/misses`. */
export interface Miss {
  readonly topic: string
  readonly count: number
  readonly overestimate: number
  readonly lastSeen: string
  readonly routeSince: string | null
  readonly clients: readonly {
    readonly address: string
    readonly language: string
    readonly versionName: string
  }[]
  readonly similar: readonly { readonly name: string }[]
  readonly loss: string | null
}

/** A finding of the view `/api/v1/findings`. */
export interface Finding {
  readonly rule: string
  readonly severity: 'critical' | 'warning' | 'info'
  readonly subject: string
  readonly since: string
  readonly text: string
  readonly evidence: Readonly<Record<string, string | number | readonly string[]>>
  readonly command: string | null
}
