/** Who asks, as far as it is proven: by the signature of an account, or by a client certificate. */
export interface Identity {
  readonly kind: 'account' | 'certificate'
  /** The access key of the account, or the name of the certificate. */
  readonly name: string
  /** Free names, which rules refer to. `admin: true` of an account is the role `admin`. */
  readonly roles: ReadonlySet<string>
}

/** A verified client certificate, as far as access is decided by it. */
export interface ClientCertificate {
  /** Null if its subject has no common name, or several. */
  readonly commonName: string | null
  /** As OpenSSL names them: `DNS:broker-a.example`, `URI:spiffe://…`, `IP Address:10.0.0.5`. */
  readonly subjectAltNames: readonly string[]
}
