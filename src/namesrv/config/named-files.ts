import { NO_CERTIFICATES, STRICT_NEEDS_FILE } from '../access/access-policy.ts'
import { readHttpToken } from '../http-token.ts'
import { provesClients, readTlsSettings } from '../tls/tls-settings.ts'
import type { Configuration } from './configuration.ts'

/** What is wrong with the files that a configuration names, one line each. */
export interface NamedFileProblems {
  /** A start with them fails. */
  readonly problems: readonly string[]
  /** A start with them works, without what the files are for. */
  readonly warnings: readonly string[]
}

/**
 * Reads the files that a start reads, as this user: access file and secrets, key and certificates of TLS, HTTP token. Never rejects.
 * @param env - Where the variables of `secretEnv` are.
 */
export async function checkNamedFiles(
  configuration: Configuration,
  env: Readonly<Record<string, string | undefined>>,
): Promise<NamedFileProblems> {
  const problems: string[] = []
  const warnings: string[] = []
  const attempt = async (read: () => unknown, found = problems): Promise<void> => {
    try {
      await read()
    } catch (error) {
      found.push((error as Error).message)
    }
  }
  const { accessFile, accessProfile, notifyAccessKey, httpListenPort, httpTokenFile } = configuration.values
  if (accessFile !== '') {
    const { loadAccessFile } = await import('../access/load-access-file.ts')
    const loaded = loadAccessFile(accessFile, accessProfile, env, notifyAccessKey)
    problems.push(...loaded.problems.map((problem) => `accessFile: ${problem}`))
    warnings.push(...loaded.warnings.map((warning) => `accessFile: ${warning}`))
    // What is wrong with the settings of TLS is found below.
    await attempt(() => {
      if (loaded.policy?.namesCertificates && !provesClients(configuration)) warnings.push(NO_CERTIFICATES)
    }, [])
  } else if (accessProfile === 'strict') problems.push(STRICT_NEEDS_FILE)
  const { 'tls.server.mode': mode, tlsAllowWeakCertificates, httpTls } = configuration.values
  if (mode !== 'disabled' || httpTls)
    await attempt(
      async () => {
        const settings = readTlsSettings(configuration)
        if (settings.values['tls.test.mode.enable']) return
        const { createTlsAcceptor } = await import('../tls/tls-contexts.ts')
        createTlsAcceptor(settings, tlsAllowWeakCertificates)
      },
      mode === 'enforcing' ? problems : warnings,
    )
  if (configuration.values.useTLS)
    await attempt(async () => (await import('../tls/tls-contexts.ts')).clientTlsOptions(configuration))
  if (httpTokenFile !== '' && httpListenPort !== 0) await attempt(() => readHttpToken(httpTokenFile))
  return { problems, warnings }
}
