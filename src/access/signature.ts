import { createHmac } from 'node:crypto'

/**
 * The signature of a request: HMAC-SHA1, in Base64, of the values of all ext fields in ascending order of their names (UTF-16
 * units), without the field `Signature`, followed by the body.
 *
 * @param extFields - With `AccessKey`, which is signed too.
 * @see org.apache.rocketmq.acl.common.AclClientRPCHook#doBeforeRequest, AclUtils#combineRequestContent, AclSigner#calSignature
 */
export function signatureOf(
  extFields: ReadonlyMap<string, string>,
  body: Buffer | null,
  secretKey: string,
): string {
  const hmac = createHmac('sha1', secretKey)
  for (const [name, value] of [...extFields].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (name !== 'Signature') hmac.update(value)
  }
  if (body !== null) hmac.update(body)
  return hmac.digest('base64')
}
