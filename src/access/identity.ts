/** Who asks, as far as it is proven: by the signature of an account, or by a client certificate. */
export interface Identity {
  readonly kind: 'account' | 'certificate'
  /** The access key of the account, or the subject of the certificate. */
  readonly name: string
  /** Free names, which rules refer to. `admin: true` of an account is the role `admin`. */
  readonly roles: ReadonlySet<string>
}
