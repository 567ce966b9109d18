/** The sender, as far as it is proven: by the signature of an account, or by a client certificate. */
export interface Identity {
  readonly kind: 'account' | 'certificate'
  /** The access key of the account; of a certificate the common name, otherwise the first subject alternative name. */
  readonly name: string
  /** Free names, which rules refer to. `admin: true` of an account is the role `admin`. */
  readonly roles: ReadonlySet<string>
  /** Who owns the brokers that it registers, in place of its name: they belong to several certificates together. */
  readonly owner?: string | undefined
}

/** The names in a verified client certificate. */
export interface CertificateNames {
  /** Null if its subject has none, or several. */
  readonly commonName: string | null
  /** With their types, as Node shows them: `DNS:broker-a.example`, `URI:spiffe://mq/broker-a`. */
  readonly subjectAltNames: readonly string[]
}
